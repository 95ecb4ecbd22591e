import { tolerates } from './tolerations.ts';
import type { Plugin } from '../framework/framework.ts';

const reasons = ['node(s) were unschedulable'];
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** A cordoned node takes only pods that tolerate it. */
export function nodeUnschedulable(): Plugin {
  const name = 'NodeUnschedulable';
  return {
    name,
    events: ['Node/Add', 'Node/UpdateTaint'],
    filter({ pod }, { node }) {
      if (!node.spec?.unschedulable || tolerates(pod.pod.spec.tolerations, taint)) return undefined;
      return { plugin: name, reasons, unresolvable: true };
    },
  };
}
