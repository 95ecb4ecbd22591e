import { byNode, type DomainCounts } from '../../cache/domain-counts.ts';
import type { NodeInfo } from '../../cache/node-info.ts';
import { type Decision, maxScore } from '../../framework/framework.ts';
import { type Constraint, countOf, hasAll } from './constraints.ts';
import { own } from '../../../machinery/own.ts';

export const hostname = 'kubernetes.io/hostname';

interface SoftConstraint {
  constraint: Constraint;
  counts: DomainCounts;
  /** Keeps constraints with few domains from being drowned by those with many. */
  weight: number;
}

/** What a score is made of. */
export interface SoftState {
  constraints: readonly SoftConstraint[];
  requireAll: readonly string[];
}

export function softConstraint(
  decision: Decision,
  constraint: Constraint,
  { candidates, keys }: { candidates: readonly NodeInfo[]; keys: readonly string[] },
): SoftConstraint {
  const isByNode = constraint.topologyKey === hostname;
  const counted = isByNode
    ? // Each node is its own domain, and those that do not count are no candidates.
      {
        constraint: { ...constraint, topologyKey: byNode, honourAffinity: false, honourTaints: false },
        keys: [],
      }
    : { constraint, keys };
  const counts = countOf(decision, { ...counted, sparse: true });
  const domains = new Set<string | undefined>();
  if (!isByNode)
    for (const { node } of candidates) domains.add(own(node.metadata.labels, constraint.topologyKey));
  const size = isByNode ? candidates.length : domains.size;
  return { constraint, counts, weight: Math.log(size + 2) };
}

/** Pods of the set where the node is; the fewer the better. */
export function rawScore({ constraints, requireAll }: SoftState, { node, name }: NodeInfo): number {
  if (!hasAll(node, requireAll)) return 0;
  let sum = 0;
  for (const { constraint, counts, weight } of constraints) {
    const domain = own(node.metadata.labels, constraint.topologyKey);
    if (domain === undefined) continue;
    const count = counts.of(constraint.topologyKey === hostname ? name : domain);
    sum += count * weight + (constraint.maxSkew - 1);
  }
  return Math.round(sum);
}

/** Few pods in a domain are good. Nodes without the labels come last. */
export function favourFew(scores: number[], counts: (i: number) => boolean): void {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  scores.forEach((score, i) => {
    if (!counts(i)) return;
    least = Math.min(least, score);
    most = Math.max(most, score);
  });
  scores.forEach((score, i) => {
    if (!counts(i)) scores[i] = 0;
    else scores[i] = most === 0 ? maxScore : Math.floor((maxScore * (most + least - score)) / most);
  });
}
