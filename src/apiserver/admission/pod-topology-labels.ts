import type { Pod } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import { isTopologyLabel } from '../kinds/core/pod/binding.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './refuse.ts';

/** A pod that is made for a node learns from its labels in which zone it runs; others learn it when they are bound. */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  admit(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'pods')) return;
    const { spec, metadata } = attributes.object as Pod;
    if (!spec.nodeName) return;
    const node = attributes.context.getLean(nodes, { name: spec.nodeName });
    const labels = Object.entries(node?.metadata.labels ?? {}).filter(([key]) => isTopologyLabel(key));
    if (labels.length > 0) metadata.labels = { ...Object.fromEntries(labels), ...metadata.labels };
  },
};
