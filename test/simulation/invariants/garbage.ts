import { nameOf } from './pods.ts';
import type { Rule } from './rule.ts';

/** The garbage collector takes only what has lost its owners, or whose owners wait for it to go. */
export function garbageRule(): Rule {
  return {
    name: 'nothing is collected whose owner is there',
    check({ actor, before, after }, world) {
      if (actor !== 'generic-garbage-collector' || !before || before.metadata.deletionTimestamp)
        return undefined;
      if (after && !after.metadata.deletionTimestamp) return undefined;
      const owners = before.metadata.ownerReferences ?? [];
      const owner = owners.map(({ uid }) => world.byUid(uid)).find((o) => o && !o.metadata.deletionTimestamp);
      return (
        owner &&
        `${before.kind} ${nameOf(before)} is collected, though ${owner.kind} ${nameOf(owner)} is there`
      );
    },
  };
}
