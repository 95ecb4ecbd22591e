import type { Node, Pod } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import { interestIn } from '../framework/events.ts';
import type { Plugin, Refusal } from '../framework/framework.ts';
import { tolerates } from '../../machinery/tolerations.ts';

const name = 'NodeUnschedulable';
const refusal: Refusal = { plugin: name, reasons: ['node(s) were unschedulable'], unresolvable: true };
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

const isClosed = (node: Node, pod: Pod) =>
  node.spec?.unschedulable === true && !tolerates(pod.spec.tolerations, taint);

/** A cordoned node takes only pods that tolerate it. */
export function nodeUnschedulable(): Plugin {
  return {
    name,
    events: [
      interestIn(
        nodes,
        ['Add', 'UpdateTaint'],
        (pod, node, old) => !isClosed(node, pod) && (!old || isClosed(old, pod)),
      ),
    ],
    changeHelps: ({ spec }, old) =>
      tolerates(spec.tolerations, taint) && !tolerates(old.spec.tolerations, taint),
    sign: ({ pod }) => pod.spec.tolerations,
    filter: ({ pod }, { node }) => (isClosed(node, pod.pod) ? refusal : undefined),
  };
}
