import type { Random } from '../platform/random.ts';
import type { NodeInfo } from './cache/node-info.ts';
import { type Decision, maxScore, type Plugin } from './framework/framework.ts';
import { PerNode, signsScore } from './framework/memory.ts';

const within = (score: number) => Math.min(maxScore, Math.max(0, score));

/** Nodes that a pod fits on, and where they stand in the snapshot's list. */
export interface Fitting {
  nodes: NodeInfo[];
  places: number[];
  /** What extenders add to the score of each. */
  extra?: readonly number[];
}

/** The weighted sum of all scores of each node, in `totals`. */
export function totalScores(decision: Decision, fitting: Fitting, totals: number[] = []): number[] {
  const { at } = decision.profile;
  const { nodes } = fitting;
  const skipped = new Set<string>();
  for (const plugin of at.preScore)
    if (plugin.preScore?.(decision, nodes) === 'skip') skipped.add(plugin.name);
  const asked = at.score.filter(({ name }) => !skipped.has(name));
  totals.length = nodes.length;
  sumSigned(decision, { ...fitting, totals }, asked.filter(signsScore));
  for (const plugin of asked) {
    if (signsScore(plugin)) continue;
    const scores = nodes.map(() => 0);
    for (let i = 0; i < nodes.length; i++) scores[i] = plugin.score?.(decision, nodes[i] as NodeInfo) ?? 0;
    plugin.normalize?.(decision, scores, nodes);
    const weight = weightOf(decision, plugin);
    for (let i = 0; i < nodes.length; i++)
      totals[i] = (totals[i] as number) + within(scores[i] as number) * weight;
  }
  return totals;
}

const weightOf = ({ profile }: Decision, { name }: Plugin) => profile.weights[name] ?? 1;

/** Fills `totals` with the sum of what these plugins say, as is known or found out now. */
function sumSigned(
  decision: Decision,
  { nodes, places, totals }: Fitting & { totals: number[] },
  plugins: readonly Plugin[],
): void {
  const sumFor = (node: NodeInfo) => {
    let sum = 0;
    for (const plugin of plugins)
      sum += within(plugin.score?.(decision, node) ?? 0) * weightOf(decision, plugin);
    return sum;
  };
  const names = plugins.map(({ name }) => name);
  const known = decision.known?.part(`scores of ${names}`, () => new PerNode<number>());
  for (let i = 0; i < nodes.length; i++) {
    const [node, place] = [nodes[i] as NodeInfo, places[i] as number];
    let sum = known?.get(place, node);
    if (sum === undefined) {
      sum = sumFor(node);
      known?.set(place, node, sum);
    }
    totals[i] = sum;
  }
}

/** The sums of the last decision: a list that is filled again. */
const lastTotals: number[] = [];

/** The node with the highest sum of weighted scores; among equals one by chance. */
export function best(decision: Decision, fitting: Fitting, random: Random): NodeInfo {
  const totals = totalScores(decision, fitting, lastTotals);
  const { extra } = fitting;
  if (extra) for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] as number) + (extra[i] as number);
  let highest = Number.NEGATIVE_INFINITY;
  let equals = 0;
  for (const total of totals) {
    if (total > highest) {
      highest = total;
      equals = 1;
    } else if (total === highest) equals++;
  }
  let left = equals === 1 ? 0 : random.int(equals);
  let at = totals.indexOf(highest);
  for (; left > 0; left--) at = totals.indexOf(highest, at + 1);
  return fitting.nodes[at] as NodeInfo;
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
