import type { Pod } from '../../api/core/v1.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

const hostname = 'kubernetes.io/hostname';

/** Pods may keep others off their node, but not off more than that. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  validate(attributes) {
    const { operation, object } = attributes;
    if (!isAbout(attributes, 'pods') || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const { podAntiAffinity } = (object as Pod).spec.affinity ?? {};
    const terms = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const other = terms.find(({ topologyKey }) => topologyKey !== hostname);
    if (!other) return;
    const what = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey}`;
    throw refuse(attributes, `${what} but only key ${hostname} is allowed`);
  },
};
