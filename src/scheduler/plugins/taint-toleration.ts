import type { Taint, Toleration } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import type { Decision, Plugin, Refusal } from '../framework/framework.ts';
import { interestIn } from '../framework/events.ts';
import { normalizeByLargest } from '../score.ts';
import { isRepelled, tolerates } from '../../machinery/tolerations.ts';

const name = 'TaintToleration';
const refusal: Refusal = { plugin: name, reasons: ['node(s) had untolerated taint(s)'], unresolvable: true };
const isSoft = (taint: Taint) => taint.effect === 'PreferNoSchedule';
const concernsSoft = ({ effect }: Toleration) => !effect || effect === 'PreferNoSchedule';

/** Tainted nodes take pods that tolerate it; of the rest, those with fewer soft taints are better. */
export function taintToleration(): Plugin {
  return {
    name,
    events: [
      interestIn(nodes, ['Add', 'UpdateTaint'], (pod, node, old) => {
        const { tolerations } = pod.spec;
        const wasOpen = old !== undefined && !isRepelled(old.spec?.taints, tolerations);
        return !wasOpen && !isRepelled(node.spec?.taints, tolerations);
      }),
    ],
    // Tolerations are only ever added.
    changeHelps: (pod, old) => (pod.spec.tolerations ?? []).length !== (old.spec.tolerations ?? []).length,
    sign: ({ pod }) => pod.spec.tolerations,
    filter: ({ pod }, { node }) =>
      node.spec?.taints && isRepelled(node.spec.taints, pod.pod.spec.tolerations) ? refusal : undefined,
    preScore(decision) {
      // What all nodes are told alike decides nothing.
      if (!decision.snapshot.pods.hasSoftTaints) return 'skip';
      decision.state.set(name, (decision.pod.pod.spec.tolerations ?? []).filter(concernsSoft));
      return undefined;
    },
    score(decision: Decision, { node }) {
      const tolerations = decision.state.get<Toleration[]>(name);
      let bad = 0;
      for (const taint of node.spec?.taints ?? []) if (isSoft(taint) && !tolerates(tolerations, taint)) bad++;
      return bad;
    },
    normalize: (_, scores) => normalizeByLargest(scores, true),
  };
}
