import type { Random } from '../platform/random.ts';
import type { NodeInfo } from './cache/node-info.ts';
import { type Decision, maxScore } from './framework/framework.ts';

/** The weighted sum of all scores of each node. */
export function totalScores(decision: Decision, nodes: readonly NodeInfo[]): number[] {
  const { at, weights } = decision.profile;
  const skipped = new Set<string>();
  for (const plugin of at.preScore)
    if (plugin.preScore?.(decision, nodes) === 'skip') skipped.add(plugin.name);
  const totals = nodes.map(() => 0);
  const scores = nodes.map(() => 0);
  for (const plugin of at.score) {
    if (skipped.has(plugin.name)) continue;
    for (let i = 0; i < nodes.length; i++) scores[i] = plugin.score?.(decision, nodes[i] as NodeInfo) ?? 0;
    plugin.normalize?.(decision, scores, nodes);
    const weight = weights[plugin.name] ?? 1;
    for (let i = 0; i < nodes.length; i++) {
      const score = Math.min(maxScore, Math.max(0, scores[i] as number));
      totals[i] = (totals[i] as number) + score * weight;
    }
  }
  return totals;
}

/** The node with the highest sum of weighted scores; among equals one by chance. */
export function best(decision: Decision, nodes: readonly NodeInfo[], random: Random): NodeInfo {
  const totals = totalScores(decision, nodes);
  let highest = Number.NEGATIVE_INFINITY;
  let equals: number[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const total = totals[i] as number;
    if (total > highest) {
      highest = total;
      equals = [i];
    } else if (total === highest) equals.push(i);
  }
  const chosen = equals.length === 1 ? 0 : random.int(equals.length);
  return nodes[equals[chosen] as number] as NodeInfo;
}

/** Brings scores to 0..100, the largest to 100; `reverse` where less is better. (`DefaultNormalizeScore`) */
export function normalizeByLargest(scores: number[], reverse = false): void {
  let largest = 0;
  for (const score of scores) if (score > largest) largest = score;
  for (let i = 0; i < scores.length; i++) {
    const share = largest === 0 ? 0 : Math.floor(((scores[i] as number) * maxScore) / largest);
    scores[i] = reverse ? maxScore - share : share;
  }
}
