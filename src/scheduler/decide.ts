import type { Random } from '../platform/random.ts';
import type { NodeInfo, PodInfo } from './cache/node-info.ts';
import type { Snapshot } from './cache/cache.ts';
import { CycleState, type Decision, maxScore, type Profile, type Refusal } from './framework/framework.ts';

/** Where a pod goes, or why it goes nowhere. */
export type Verdict = { decision: Decision } & (
  | { type: 'placed'; node: string; feasible: number; examined: number }
  | { type: 'refused'; refusals: ReadonlyMap<string, Refusal>; message: string }
);

/** With fewer nodes than this, all are looked at. */
const leastNodesToFind = 100;
const leastPercentage = 5;

/** How many fitting nodes are enough: all of a small cluster, a shrinking part of a large one. (upstream's rule) */
export function enoughNodes(total: number, percentage: number | undefined): number {
  if (total < leastNodesToFind) return total;
  const adaptive = Math.max(leastPercentage, 50 - Math.floor(total / 125));
  const part = percentage && percentage > 0 ? percentage : adaptive;
  if (part >= 100) return total;
  return Math.max(leastNodesToFind, Math.floor((total * part) / 100));
}

export interface DecideOptions {
  profile: Profile;
  random: Random;
  /** Where in the list of nodes to begin, so that in turn all are looked at. */
  startAt: number;
  percentageOfNodesToScore?: number;
}

/** Chooses a node for a pod: a function of the snapshot, the profile and chance. */
export function decide(pod: PodInfo, snapshot: Snapshot, options: DecideOptions): Verdict {
  const decision: Decision = { pod, state: new CycleState(), snapshot };
  const refusals = new Map<string, Refusal>();
  const candidates = preFilter(decision, options.profile, refusals);
  if (!Array.isArray(candidates)) return refused(decision, new Map([['', candidates]]));
  const fitting = findFitting(decision, candidates, { ...options, refusals });
  if (fitting.nodes.length === 0) return refused(decision, refusals);
  const node = fitting.nodes.length === 1 ? fitting.nodes[0] : best(decision, fitting.nodes, options);
  const name = (node as NodeInfo).node.metadata.name;
  return { type: 'placed', decision, node: name, feasible: fitting.nodes.length, examined: fitting.examined };
}

/** The nodes that come into question, or the refusal of the pod as such. */
function preFilter(
  decision: Decision,
  profile: Profile,
  refusals: Map<string, Refusal>,
): NodeInfo[] | Refusal {
  let nodes = [...decision.snapshot.nodes];
  for (const plugin of profile.plugins) {
    const result = plugin.preFilter?.(decision);
    if (result?.refusal) return result.refusal;
    if (!result?.onlyNodes) continue;
    const only = result.onlyNodes;
    const reasons = [`node(s) didn't satisfy plugin(s) [${plugin.name}]`];
    for (const { node } of nodes) {
      if (!only.has(node.metadata.name))
        refusals.set(node.metadata.name, { plugin: plugin.name, reasons, unresolvable: true });
    }
    nodes = nodes.filter(({ node }) => only.has(node.metadata.name));
  }
  return nodes;
}

interface Search extends DecideOptions {
  refusals: Map<string, Refusal>;
}

function findFitting(decision: Decision, candidates: readonly NodeInfo[], search: Search) {
  const filters = search.profile.plugins.filter((plugin) => plugin.filter);
  const enough = enoughNodes(candidates.length, search.percentageOfNodesToScore);
  const nodes: NodeInfo[] = [];
  let examined = 0;
  while (examined < candidates.length && nodes.length < enough) {
    const node = candidates[(search.startAt + examined) % candidates.length] as NodeInfo;
    examined++;
    const refusal = firstRefusal(decision, node, filters);
    if (refusal) search.refusals.set(node.node.metadata.name, refusal);
    else nodes.push(node);
  }
  return { nodes, examined };
}

function firstRefusal(decision: Decision, node: NodeInfo, filters: Profile['plugins']): Refusal | undefined {
  for (const plugin of filters) {
    const refusal = plugin.filter?.(decision, node);
    if (refusal) return refusal;
  }
  return undefined;
}

/** The node with the highest sum of weighted scores; among equals one by chance. */
function best(decision: Decision, nodes: readonly NodeInfo[], { profile, random }: DecideOptions): NodeInfo {
  const totals = nodes.map(() => 0);
  for (const plugin of profile.plugins) {
    if (!plugin.score) continue;
    plugin.preScore?.(decision, nodes);
    const scores = nodes.map((node) => plugin.score?.(decision, node) ?? 0);
    plugin.normalize?.(decision, scores);
    const weight = profile.weights[plugin.name] ?? 1;
    scores.forEach((score, i) => {
      totals[i] = (totals[i] as number) + Math.min(maxScore, Math.max(0, score)) * weight;
    });
  }
  const highest = Math.max(...totals);
  const top = nodes.filter((_, i) => totals[i] === highest);
  return top[random.int(top.length)] as NodeInfo;
}

function refused(decision: Decision, refusals: ReadonlyMap<string, Refusal>): Verdict {
  return { type: 'refused', decision, refusals, message: summary(decision.snapshot.nodes.length, refusals) };
}

/** Upstream's one line: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).` */
export function summary(total: number, refusals: ReadonlyMap<string, Refusal>): string {
  if (total === 0) return 'no nodes available to schedule pods';
  const head = `0/${total} nodes are available:`;
  const whole = refusals.get('');
  if (whole) return `${head} ${whole.reasons.join(', ')}.`;
  const counts = new Map<string, number>();
  for (const { reasons } of refusals.values()) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `${head} ${parts.join(', ')}.`;
}
