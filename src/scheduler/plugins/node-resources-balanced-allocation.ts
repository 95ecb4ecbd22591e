import { amountOf, isNothing } from '../cache/resources.ts';
import { maxScore, type Plugin } from '../framework/framework.ts';
import { signedUse, useAfter, type WeighedResource } from './resource-use.ts';

const common: readonly WeighedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** Prefers nodes on which the shares of cpu and memory in use come closer together with the pod than they are without it. */
export function nodeResourcesBalancedAllocation({
  resources = common,
}: {
  resources?: readonly WeighedResource[];
} = {}): Plugin {
  return {
    name: 'NodeResourcesBalancedAllocation',
    // Pods that ask for nothing change no share: they would all go to the same node.
    sign: signedUse,
    preScore: ({ pod }) => (isNothing(pod.requests) ? 'skip' : undefined),
    score(decision, node) {
      const after: number[] = [];
      const before: number[] = [];
      for (const { name } of resources) {
        const { used, capacity } = useAfter(decision, node, { name, assume: false });
        if (capacity === 0) continue;
        after.push(Math.min(1, used / capacity));
        before.push(Math.min(1, amountOf(node.requested, name) / capacity));
      }
      // Between 50 and 100, as what one deviation alone comes to; no change is in the middle.
      return maxScore / 2 + Math.floor((maxScore / 2 + balance(after) - balance(before)) / 2);
    },
  };
}

const balance = (shares: readonly number[]) => Math.floor((1 - deviation(shares)) * maxScore);

/** Standard deviation; of two shares simply half their distance. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((shares[0] as number) - (shares[1] as number)) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}
