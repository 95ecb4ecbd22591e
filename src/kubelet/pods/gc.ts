import type { Container, Sandbox } from '../runtimes/types.ts';
import { containerNameLabel, podUidLabel } from './labels.ts';

/** What the runtime has, and which pods the node still knows. */
export interface GarbageInput {
  containers: Container[];
  sandboxes: Sandbox[];
  knownUids: ReadonlySet<string>;
}

export interface Garbage {
  containers: string[];
  sandboxes: string[];
}

/** Dead containers kept for each name of a pod, for their logs. */
const keptPerName = 1;

/**
 * What may go: of each container's dead instances all but the newest; sandboxes that a newer one has replaced and that
 * hold nothing; all that is dead of pods that the node no longer knows.
 */
export function findGarbage({ containers, sandboxes, knownUids }: GarbageInput): Garbage {
  const isKnown = (o: { labels: Record<string, string> }) => knownUids.has(o.labels[podUidLabel] ?? '');
  const ours = containers.filter((c) => c.labels[podUidLabel] !== undefined);
  const dead = ours.filter((c) => c.state === 'exited' || c.state === 'created');
  const old = grouped(
    dead.filter(isKnown),
    (c) => `${c.labels[podUidLabel]}/${c.labels[containerNameLabel]}`,
  );
  const removed = new Set([
    ...dead.filter((c) => !isKnown(c)).map((c) => c.id),
    ...old.flatMap((group) =>
      newestFirst(group)
        .slice(keptPerName)
        .map((c) => c.id),
    ),
  ]);
  const inUse = new Set(ours.filter((c) => !removed.has(c.id)).map((c) => c.sandboxId));
  const idle = sandboxes.filter(
    (s) => s.labels[podUidLabel] !== undefined && s.state === 'notReady' && !inUse.has(s.id),
  );
  const newest = new Set(
    grouped(sandboxes, (s) => s.labels[podUidLabel] ?? '').map((group) => newestFirst(group)[0]?.id),
  );
  return {
    containers: [...removed],
    sandboxes: idle.filter((s) => !isKnown(s) || !newest.has(s.id)).map((s) => s.id),
  };
}

function grouped<T>(items: T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** How many runs a container, or sandboxes a pod, had before this one. */
const attemptOf = (item: Container | Sandbox) => ('pod' in item ? item.pod : item.container)?.attempt ?? 0;

const newestFirst = <T extends Container | Sandbox>(items: T[]) =>
  [...items].sort((a, b) => attemptOf(b) - attemptOf(a) || b.createdAtMs - a.createdAtMs);
