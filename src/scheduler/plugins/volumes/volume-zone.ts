import type { Pod } from '../../../api/core/v1.ts';
import {
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  storageclasses,
} from '../../../api/generated/resources.ts';
import { interestIn, interestInChange } from '../../framework/events.ts';
import type { Plugin } from '../../framework/framework.ts';
import { refusalsOf } from '../../framework/refusals.ts';
import { mountedClaims, mounts, noSuchClaim, type StorageListers, waitsForPod } from './claims.ts';

const name = 'VolumeZone';
const refusalFor = refusalsOf(name);
const elsewhere = refusalFor(['node(s) had no available volume zone'], true);

const newest: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};
const topologyKeys = [
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
];

interface Place {
  key: string;
  values: ReadonlySet<string>;
}

/** A volume may be in several zones, which its label separates by `__`. */
function placesOf(pod: Pod, { claims, volumes, classes }: StorageListers): Place[] | string {
  const places: Place[] = [];
  for (const { name: claimName } of mountedClaims(pod)) {
    const claim = claims.get(`${pod.metadata.namespace}/${claimName}`);
    if (!claim) return noSuchClaim(claimName);
    const { volumeName } = claim.spec ?? {};
    if (!volumeName && waitsForPod(claim, classes)) continue;
    if (!volumeName) return 'PersistentVolumeClaim had no pv name and storageClass name';
    const volume = volumes.get(volumeName);
    if (!volume) return `persistentvolume "${volumeName}" not found`;
    for (const key of topologyKeys) {
      const label = volume.metadata.labels?.[key];
      if (label !== undefined) places.push({ key, values: new Set(label.split('__')) });
    }
  }
  return places;
}

/** Nodes that say where they are must be where the pod's volumes are. */
export function volumeZone(storage: StorageListers): Plugin {
  return {
    name,
    changeHelps: () => false,
    events: [
      interestIn(persistentvolumeclaims, ['Add', 'Update'], mounts),
      interestInChange(persistentvolumes, ['Add', 'Update'], ({ metadata }, old) => {
        const isOther = (key: string) => metadata.labels?.[key] !== old?.metadata.labels?.[key];
        return !old || topologyKeys.some(isOther);
      }),
      interestInChange(
        storageclasses,
        ['Add'],
        (added) => added.volumeBindingMode === 'WaitForFirstConsumer',
      ),
      interestIn(nodes, ['Add', 'UpdateLabel']),
    ],
    preFilter({ pod, state }) {
      if (pod.claims.length === 0) return { skip: true };
      const places = placesOf(pod.pod, storage);
      if (typeof places === 'string') return { refusal: refusalFor([places], true) };
      state.set(name, places);
      return places.length === 0 ? { skip: true } : undefined;
    },
    filter({ state }, { node }) {
      const labels = node.metadata.labels ?? {};
      if (!topologyKeys.some((key) => labels[key] !== undefined)) return undefined;
      for (const { key, values } of state.get<Place[]>(name) ?? []) {
        const where = labels[key] ?? labels[newest[key] ?? ''];
        if (where === undefined || !values.has(where)) return elsewhere;
      }
      return undefined;
    },
  };
}
