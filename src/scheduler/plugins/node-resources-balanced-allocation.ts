import { maxScore, type Plugin } from '../framework/framework.ts';
import { useAfter } from './node-resources-fit.ts';

/** Prefers nodes on which the shares of cpu and memory in use lie close together. */
export function nodeResourcesBalancedAllocation(resources: readonly string[] = ['cpu', 'memory']): Plugin {
  return {
    name: 'NodeResourcesBalancedAllocation',
    score(decision, node) {
      const shares = resources.flatMap((name) => {
        const capacity = node.allocatable.get(name) ?? 0;
        return capacity === 0 ? [] : [Math.min(1, useAfter(decision, node, name) / capacity)];
      });
      return Math.floor((1 - deviation(shares)) * maxScore);
    },
  };
}

/** Standard deviation; of two shares simply half their distance. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}
