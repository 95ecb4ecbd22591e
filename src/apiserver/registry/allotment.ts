import { conflict } from '../../machinery/status-error.ts';
import type { Write } from '../../store/store.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import type { Allocation } from './kind.ts';
import { type Call, type Registry, subjectOf } from './registry.ts';
import { current, type ObjectWrite, put } from './storage.ts';

/** Another server has given away meanwhile what was allotted: allot anew. */
export class AllotmentLost extends Error {
  override readonly name = 'AllotmentLost';
}

const maxAttempts = 100;
const turns = new WeakMap<Registry, Promise<unknown>>();

/**
 * Stores an object with what has been allotted to it. Where other servers allot too, every such write moves a key on
 * that all of them share, from a revision that this server's caches have reached: so it knows all that was given away
 * before. Undefined where another version of the object stands than expected; throws AllotmentLost.
 */
export function putAllotted(
  call: Call,
  write: ObjectWrite,
  allocation: Allocation | undefined,
): Promise<CachedItem | undefined> {
  if (!allocation) return put(call, write);
  if (!call.environment.freshRevision) return attempts(call, write, undefined);
  return inTurn(call.registry, () => attempts(call, write, allocation));
}

/** Others may move on the key, or make what is attached: then it is tried again, as long as the object stands as expected. */
async function attempts(
  call: Call,
  write: ObjectWrite,
  shared: Allocation | undefined,
): Promise<CachedItem | undefined> {
  for (let i = 0; i < maxAttempts; i++) {
    const beside = shared && (await nextTurn(call));
    if (shared && !shared.isFree()) throw new AllotmentLost();
    const item = await put(call, { ...write, ...(beside && { beside }) });
    if (item) return item;
    const there = await current(call, write.object.metadata.name);
    if ((there?.revision ?? 0) !== write.expected) return undefined;
    call.request.signal.throwIfAborted();
  }
  throw conflict(subjectOf(call), 'too much was allotted at once while the request was served');
}

/** Waits until the caches know of all that was allotted so far; the write keeps out who does not know of this one. */
async function nextTurn({ registry, environment: { store, feed } }: Call): Promise<Write> {
  const key = `/registry/allotments/${registry.kind.resource.plural}`;
  const revision = (await store.newest(key))?.revision ?? 0;
  await feed.reached(revision);
  return { type: 'put', key, value: new Uint8Array([0x7b, 0x7d]), expected: revision };
}

/** One at a time within this server, where they would only get into each other's way. */
function inTurn<T>(registry: Registry, act: () => Promise<T>): Promise<T> {
  const mine = (turns.get(registry) ?? Promise.resolve()).then(act, act);
  turns.set(registry, mine);
  return mine;
}
