import type { Taint } from '../../api/core/v1.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { maxScore, type Plugin } from '../framework/framework.ts';
import { tolerates } from './tolerations.ts';

const forbids = (taint: Taint) => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute';
const taintsOf = ({ node }: NodeInfo) => node.spec?.taints ?? [];

function describe(taint: Taint): string {
  return `{${taint.key}: ${taint.value ?? ''}}`;
}

/** Tainted nodes take pods that tolerate it; of the rest, those with fewer soft taints are better. */
export function taintToleration(): Plugin {
  const name = 'TaintToleration';
  return {
    name,
    events: ['Node/Add', 'Node/UpdateTaint'],
    filter({ pod }, node) {
      const bad = taintsOf(node).find(
        (taint) => forbids(taint) && !tolerates(pod.pod.spec.tolerations, taint),
      );
      if (!bad) return undefined;
      return {
        plugin: name,
        reasons: [`node(s) had untolerated taint ${describe(bad)}`],
        unresolvable: true,
      };
    },
    score({ pod }, node) {
      const soft = taintsOf(node).filter((taint) => taint.effect === 'PreferNoSchedule');
      const relevant = (pod.pod.spec.tolerations ?? []).filter(
        (t) => !t.effect || t.effect === 'PreferNoSchedule',
      );
      return soft.filter((taint) => !tolerates(relevant, taint)).length;
    },
    normalize(_, scores) {
      const most = Math.max(0, ...scores);
      scores.forEach((score, i) => {
        scores[i] = most === 0 ? maxScore : maxScore - Math.floor((score * maxScore) / most);
      });
    },
  };
}
