import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { withPrinted } from '../../machinery/always-printed.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { goQuote } from '../../machinery/go-text.ts';
import {
  conflict,
  internalError,
  notFound,
  serviceUnavailable,
  StatusError,
  timeout,
  tooLarge,
} from '../../machinery/status-error.ts';
import { checkValueCount } from '../../machinery/value-count.ts';
import { stepTogether } from '../../platform/turn.ts';
import { type Entry, StoreError, type Write } from '../../store/store.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import { decodeStored, encodeStored, storedJsonOf } from '../cache/encoding.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { OpenedEntry } from '../encryption/opened-entry.ts';
import { TransformError } from '../encryption/transform-error.ts';
import { attachedWrites } from './attached.ts';
import { storeCause } from './cause.ts';
import { type Call, keyOf, subjectOf } from './registry.ts';
import { applyPatchType } from './request-options.ts';
import { untilSeen } from './seen.ts';

/** What a key holds at the head of the store, in the form of the stored kind. Shared and read-only. */
export interface Current {
  key: string;
  revision: number;
  object: Stored<KubernetesObject>;
  /** Of a kind with a codec: what is stored of the object. */
  stored?: KubernetesObject;
  /** Of what is encrypted: how. */
  opened?: OpenedEntry;
}

/** Tries of a write whose object changes under it; then the client is told of the conflict. */
const maxAttempts = 100;

/** What an object may be as JSON: a client that reads a larger one could not send it back. */
const mostBytes = 3 * 1024 * 1024;

function cacheOf(call: Call): ResourceCache {
  return call.registry.cache as ResourceCache;
}

/** The newest version of the object, also one that is not durable yet. */
export async function current(call: Call, name?: string): Promise<Current | undefined> {
  const key = keyOf(call, name);
  const { codec } = call.registry.kind;
  // The cache nearly always has the object. Where it has not, the value is read before anything else can happen to it.
  const entry = await translated(call.environment.store.newest(key, { onDemand: !codec }));
  if (!entry) return undefined;
  try {
    const found = codec ? await presented(call, entry) : plainly(call, entry);
    if (entry instanceof OpenedEntry) found.opened = entry;
    return found;
  } catch (error) {
    throw translate(error);
  }
}

function plainly(call: Call, entry: Entry): Current {
  const { key, revision } = entry;
  const { type } = call.registry.kind.resource;
  // What was stored before a field was always printed is as it would be now, so that nothing takes that for a change.
  return { key, revision, object: withPrinted(decoded(call, entry) as Stored<KubernetesObject>, type) };
}

/** Of a kind with a codec. */
async function presented(call: Call, entry: Entry): Promise<Current> {
  const { key, revision } = entry;
  const item = cacheOf(call).itemOf(entry);
  await call.registry.prepare([item]);
  const object = call.registry.present(item).object as Stored<KubernetesObject>;
  return { key, revision, object, stored: item.object };
}

function decoded(call: Call, entry: Entry): KubernetesObject {
  const item = cacheOf(call).get(entry.key);
  if (item?.revision === entry.revision) return item.object;
  return decodeStored(storedJsonOf(entry.value, call.registry.kind.upgrade), entry.revision);
}

/** Like `current`, once that is durable; rejects where there is nothing. */
export async function existing(call: Call, name?: string): Promise<Current> {
  const found = await current(call, name);
  await untilDurable(call, found, name);
  if (!found) throw notFound(subjectOf(call, name));
  return found;
}

/** An object to be put where `expected` (0: nothing) stands. */
export interface ObjectWrite {
  key: string;
  object: KubernetesObject;
  expected: number;
  /** What stood there, in the form of the stored kind; nothing where the object is new. */
  old?: KubernetesObject | undefined;
  /** Another write that is made with this one or not at all. */
  beside?: Write;
}

/** Puts an object; undefined where something else stands than was expected. */
export async function put(call: Call, write: ObjectWrite): Promise<CachedItem | undefined> {
  try {
    return await putWhole(call, write);
  } catch (error) {
    const { managedFields, ...metadata } = write.object.metadata;
    if (!managedFields || !isTooLarge(error) || !mayForgetManagers(call)) throw error;
    return putWhole(call, { ...write, object: { ...write.object, metadata } });
  }
}

/** Refusals by size: those of this server, and etcd's own (or its client's) by what they say. */
const refusedBySize = /etcdserver: request is too large|trying to send message larger than max/;

function isTooLarge(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return error.reason === 'RequestEntityTooLarge' || refusedBySize.test(error.message);
}

/** As upstream, who owns what is given up for an object that is too large with it, but not where that is what is written. */
const mayForgetManagers = ({ request: { info, body } }: Call) =>
  info.verb !== 'delete' && info.verb !== 'deletecollection' && body?.mediaType !== applyPatchType;

async function putWhole(call: Call, write: ObjectWrite): Promise<CachedItem | undefined> {
  const { key, object, old, expected, beside } = write;
  const { codec } = call.registry.kind;
  const stored = codec ? await codec.encode(object) : object;
  const value = encodeStored(stored);
  checkSize(stored, value);
  await stepTogether;
  const leaseSeconds = call.registry.kind.ttlSeconds?.(object);
  const own: Write = { type: 'put', key, value, expected, ...(leaseSeconds && { leaseSeconds }) };
  const writes = beside ? [own, beside] : [own];
  // Of most kinds, nothing more.
  if (call.registry.kind.attached)
    writes.push(...(await translated(attachedWrites(call, { before: old, after: object }))));
  const revision = await commit(call, writes);
  if (revision === undefined) return undefined;
  const entry = { key, value, revision, createRevision: 0 };
  const item = cacheOf(call).written(key, revision) ?? cacheOf(call).itemOf(entry);
  if (codec) await call.registry.prepare([item]);
  return item;
}

/** Throws 413 where an object has grown larger than any request may be, as by patches that each add to it. */
function checkSize(object: KubernetesObject, { length }: Uint8Array): void {
  if (length > mostBytes) throw tooLarge(`limit is ${mostBytes}`);
  checkValueCount(object, length);
}

/** Whether an object that is as it was is also stored as it would be now: later versions, defaults and keys are not. */
export async function isStoredSo(
  call: Call,
  object: KubernetesObject,
  { stored, opened }: Current,
): Promise<boolean> {
  try {
    if (opened?.isStale) return false;
  } catch (error) {
    throw translate(error);
  }
  const { codec } = call.registry.kind;
  return !stored || !codec || deepEqual(await codec.encode(object), stored);
}

/** Takes an object away; undefined where another version than this stands there, the revision otherwise. */
export async function remove(
  call: Call,
  { key, revision, object }: Pick<Current, 'key' | 'revision' | 'object'>,
): Promise<number | undefined> {
  const attached = await translated(attachedWrites(call, { before: object, after: undefined }));
  return commit(call, [{ type: 'delete', key, expected: revision }, ...attached]);
}

/** Commits writes and waits until the caches have them; undefined where an expectation fails. */
async function commit(call: Call, writes: readonly Write[]): Promise<number | undefined> {
  try {
    const revision = await call.environment.store.commit({ writes, cause: storeCause(call) });
    const seen = untilSeen(call, revision);
    if (seen) await seen;
    return revision;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'Conflict') return undefined;
    throw translate(error);
  }
}

/**
 * Runs `attempt` on the newest version of an object until its write goes through. `attempt` gives undefined where
 * the object changed under it. What it says without a write of its own, be it an error, is said once it rests on
 * what is durable.
 */
export async function guaranteed<R>(
  call: Call,
  attempt: (current: Current | undefined) => Promise<R | undefined>,
): Promise<R> {
  for (let i = 0; i < maxAttempts; i++) {
    const found = await current(call);
    let result: R | undefined;
    try {
      result = await attempt(found);
    } catch (error) {
      await untilDurable(call, found);
      throw error;
    }
    if (result !== undefined) {
      await untilDurable(call, found);
      return result;
    }
    call.request.signal.throwIfAborted();
  }
  throw conflict(subjectOf(call), 'the object changed too often while the request was served');
}

/**
 * Waits where `current` has found what is not durable yet, or nothing since a deletion is not. Until then nobody may
 * hear of it: it may never have been. Rejects if it comes to that.
 */
export async function untilDurable(call: Call, found: Current | undefined, name?: string): Promise<void> {
  const { store, feed } = call.environment;
  const isSeen = found ? found.revision <= feed.revision : !cacheOf(call).get(keyOf(call, name));
  // A commit of nothing is acknowledged when all that was committed before it is.
  if (!isSeen) await translated(store.commit({ writes: [] }));
}

export async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translate(error);
  }
}

/** Rejects where an object below a prefix cannot be decrypted: a list without it would be wrong. */
export function checkDecrypted(cache: ResourceCache, prefix: string): void {
  const sealed = cache.firstSealed(prefix);
  if (sealed) throw untransformable(sealed.key, sealed.error);
}

/** What is said of a list in which one object cannot be decrypted. */
export const untransformable = (key: string, { message }: Error) =>
  internalError(`unable to transform key ${goQuote(key)}: ${message}`);

/** The answer to a client for an error of the store. */
export function translate(error: unknown): unknown {
  if (error instanceof TransformError) return internalError(error.message);
  if (!(error instanceof StoreError)) return error;
  if (error.code === 'Closed') return serviceUnavailable('the server is shutting down');
  if (error.code === 'Unavailable') return serviceUnavailable(error.message);
  if (error.code === 'Unknown') return timeout(error.message, 0);
  // As upstream, what etcd says is told as it is.
  if (error.code === 'Refused') return new StatusError(500, '', error.message);
  return error.code === 'FlushFailed' ? internalError(error.message) : error;
}
