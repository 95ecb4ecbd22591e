import type { StatefulSet } from '../../../src/api/apps/v1.ts';
import type { Pod } from '../../../src/api/core/v1.ts';
import type { Stored } from '../../../src/api/resource.ts';
import { isReady } from './pods.ts';
import type { Rule } from './rule.ts';
import { controllerOf, type World } from './world.ts';

/** Where order matters, a pod of a StatefulSet is only made once the one before it has been ready. */
export function orderRule(): Rule {
  const readyMs = new Map<string, number>();
  return {
    name: 'pods of a StatefulSet come in their order',
    check({ resource, before, after, timeMs, key }, world) {
      if (resource !== 'pods') return undefined;
      for (const pod of [before, after] as (Stored<Pod> | undefined)[])
        if (pod && isReady(pod)) readyMs.set(key, timeMs);
      if (before || !after) return undefined;
      return tooEarly(after as Stored<Pod>, world, { timeMs, readyMs });
    },
  };
}

function tooEarly(
  pod: Stored<Pod>,
  world: World,
  { timeMs, readyMs }: { timeMs: number; readyMs: Map<string, number> },
): string | undefined {
  const owner = controllerOf(pod);
  const set = owner?.kind === 'StatefulSet' ? world.byUid<StatefulSet>(owner.uid) : undefined;
  if (!set || set.spec?.podManagementPolicy === 'Parallel') return undefined;
  const { name, namespace } = pod.metadata;
  const ordinal = Number(name.slice(name.lastIndexOf('-') + 1));
  if (ordinal <= (set.spec?.ordinals?.start ?? 0)) return undefined;
  const earlier = `${set.metadata.name}-${ordinal - 1}`;
  const there = world.get<Pod>('pods', `${namespace}/${earlier}`);
  const wasReadyMs = readyMs.get(`/registry/pods/${namespace}/${earlier}`);
  const wasReady = wasReadyMs !== undefined && timeMs - wasReadyMs < world.staleMs;
  if ((there && isReady(there)) || wasReady) return undefined;
  return `pod ${name} is made before ${earlier} is ready`;
}
