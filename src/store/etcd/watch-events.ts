import type { Entry, StoreEvent, WatchBatch } from '../store.ts';
import { decodeCause, type CauseRecord } from './cause-record.ts';
import { type Event, Event_EventType, type KeyValue } from './generated/etcd/kv_pb.js';
import type { WatchResponse } from './generated/etcd/rpc_pb.js';
import { causeKey, type Keyspace } from './keyspace.ts';

/** All events of one revision, as etcd sent them. */
export interface RawRevision {
  revision: number;
  events: readonly Event[];
}

/** Puts the parts of a watch's answers together: each revision comes out once, whole, in order. */
export class RevisionAssembler {
  #parts: Event[] = [];

  push(response: WatchResponse): RawRevision[] {
    this.#parts.push(...response.events);
    if (response.fragment) return [];
    const events = this.#parts;
    this.#parts = [];
    return byRevision(events);
  }
}

function byRevision(events: readonly Event[]): RawRevision[] {
  const found: { revision: number; events: Event[] }[] = [];
  for (const event of events) {
    const revision = Number(event.kv?.modRevision);
    const last = found.at(-1);
    if (last?.revision === revision) last.events.push(event);
    else found.push({ revision, events: [event] });
  }
  return found;
}

/** What a revision means to a store; `batch` is absent where it changed nothing of the store's. */
export interface Revision {
  batch?: WatchBatch;
  record?: CauseRecord;
}

/**
 * Reads a revision in the terms of a store. Undefined where a value that stood before is missing, since it has
 * been compacted meanwhile: then the event cannot be told whole.
 */
export function readRevision(raw: RawRevision, keyspace: Keyspace): Revision | undefined {
  const { revision } = raw;
  const events: StoreEvent[] = [];
  let record: CauseRecord | undefined;
  let expired = false;
  for (const event of raw.events) {
    const kv = event.kv as KeyValue;
    const key = keyspace.key(kv.key);
    if (key === undefined) continue;
    if (key === causeKey) record = decodeCause(kv.value);
    if (keyspace.isOwn(key)) continue;
    const found = eventOf(event, key);
    if (!found) return undefined;
    expired ||= found.type === 'delete' && (event.prevKv?.lease ?? 0n) !== 0n;
    events.push(found);
  }
  if (events.length === 0) return { record };
  const cause = record ? record.cause : expired ? expiry(events) : undefined;
  return { record, batch: { revision, events, ...(cause && { cause }) } };
}

function eventOf(event: Event, key: string): StoreEvent | undefined {
  const kv = event.kv as KeyValue;
  const previous = event.prevKv && entryOf(event.prevKv, key);
  if (event.type === Event_EventType.DELETE) {
    return previous && { type: 'delete', key, revision: Number(kv.modRevision), previous };
  }
  if (!previous && kv.version > 1n) return undefined;
  return { type: 'put', entry: entryOf(kv, key), ...(previous && { previous }) };
}

/** A deletion without a commit is the end of a lease, which etcd sees to itself. */
function expiry(events: readonly StoreEvent[]): WatchBatch['cause'] {
  const [first] = events;
  const previous = events.length === 1 ? first?.previous : undefined;
  return {
    actor: 'store',
    ...(previous && { key: previous.key, revision: previous.revision }),
    reason: 'expired',
  };
}

/** A key's value as a store knows it. */
export function entryOf(kv: KeyValue, key: string): Entry {
  const { value, modRevision, createRevision } = kv;
  return { key, value, revision: Number(modRevision), createRevision: Number(createRevision) };
}
