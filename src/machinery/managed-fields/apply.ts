import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { withinDepth } from '../depth.ts';
import { formatTime } from '../../platform/clock.ts';
import { deepEqual } from '../equal.ts';
import { goKind, goText } from '../go-text.ts';
import { badRequest } from '../status-error.ts';
import type { Conflict } from './conflict.ts';
import { type FieldSet, isMember, leaf, pathsOf } from './field-set.ts';
import { lastAppliedFields, withLastApplied } from './last-applied.ts';
import {
  type Manager,
  type Managers,
  managerKey,
  newManager,
  storedManagers,
  type Writer,
  writeManagers,
} from './managers.ts';
import { mergeApplied } from './merge.ts';
import {
  Changes,
  disputed,
  managedFieldsOf,
  ownable,
  takeAway,
  type WriteContext,
  withoutIdentity,
  withoutManagedFields,
  written,
} from './ownership.ts';
import { ShapeError } from './path-element.ts';
import { prune } from './prune.ts';
import { reconcile } from './reconcile.ts';
import { setOf } from './set-of.ts';
import { give } from './update.ts';
import { shapeErrors } from './validate.ts';
import type { Json } from './walk.ts';

/** A server-side apply. */
export interface ApplyWrite extends WriteContext {
  /** The object as it is stored; undefined if the write creates it. */
  live: object | undefined;
  /** What is applied: the fields that the manager wants to own, and nothing else. */
  applied: object;
  manager: string;
  /** Take the fields of others, rather than report a conflict. */
  force: boolean;
  subresource?: string;
  timeMs: number;
}

/** What comes of an apply: with conflicts there is no object, and nothing is to be written. */
export type ApplyResult =
  | { conflicts: readonly Conflict[]; object?: undefined; managedFields?: undefined }
  | { conflicts: readonly []; object: Json; managedFields: ManagedFieldsEntry[] | undefined };

/** Fields that are there before the first apply are of a manager of their own. */
function managersBefore(live: Json, write: ApplyWrite): Managers {
  const managers = storedManagers(managedFieldsOf(live));
  if (managers.size > 0) {
    reconcile(managers, write);
    return managers;
  }
  const writer: Writer = { ...write, manager: 'before-first-apply', operation: 'Update' };
  const all = written(new Changes({}, withoutManagedFields(live), write).own);
  give(managers, writer, withoutIdentity(all), formatTime(write.timeMs));
  return managers;
}

function check(write: ApplyWrite): Json {
  const applied = write.applied as Json;
  if (!withinDepth(applied)) throw badRequest('exceeded max depth');
  const metadata = (applied.metadata ?? {}) as Json;
  if (metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  const wrong = shapeErrors(applied, write.shape);
  if (!wrong) return applied;
  const { namespace, name } = metadata;
  const subject = `${goText(namespace ?? '')}/${goText(name ?? '')}; ${goKind(write.apiVersion, applied.kind)}`;
  throw badRequest(`failed to create typed patch object (${subject}): ${wrong}`);
}

function conflictsOf(managers: Managers, changed: Changes, key: string): Conflict[] {
  return [...disputed(managers, changed, key)]
    .map(([id, fields]) => ({ owner: (managers.get(id) as Manager).entry, fields }))
    .sort((a, b) => (managerKey(a.owner) < managerKey(b.owner) ? -1 : 1))
    .flatMap(({ owner, fields }) => pathsOf(fields).map((path) => ({ owner, path })));
}

/** kubectl may take from others what it had applied from the client itself. */
function withoutOwn(conflicts: Conflict[], live: Json, write: ApplyWrite): Conflict[] {
  if (write.manager !== 'kubectl' || conflicts.length === 0) return conflicts;
  const allowed = lastAppliedFields(live, write.apiVersion, write.shape);
  return conflicts.filter(({ path }) => {
    let node = allowed;
    for (const element of path) node = node?.[element];
    return !isMember(node);
  });
}

/** Puts down what the manager owns now. Its time stays as it was, or away, if the apply leaves the object as it is. */
function settle(managers: Managers, writer: Writer, fields: FieldSet | undefined, settled: Settled): void {
  const { before, unchanged, time } = settled;
  const key = managerKey(writer);
  managers.delete(key);
  if (fields) managers.set(key, newManager(writer, fields, unchanged ? before?.entry.time : time));
}

interface Settled {
  before: Manager | undefined;
  /** The object is as it was. */
  unchanged: boolean;
  time: string;
}

function applyTo(live: Json, applied: Json, write: ApplyWrite): ApplyResult {
  const writer: Writer = { ...write, operation: 'Apply' };
  const key = managerKey(writer);
  const time = formatTime(write.timeMs);
  const managers = managersBefore(live, write);
  const before = managers.get(key);
  const bare = withoutManagedFields(live);
  const wanted = ownable(setOf(applied, write.shape), write);
  managers.set(key, newManager(writer, wanted ?? leaf, time));
  const merged = mergeApplied(bare, applied, write.shape);
  const pruned = prune(write, merged, { last: before, managers });
  const changed = new Changes(bare, pruned, write);
  const conflicts = write.force ? [] : withoutOwn(conflictsOf(managers, changed, key), bare, write);
  if (conflicts.length > 0) return { conflicts };
  takeAway(managers, changed, key);
  settle(managers, writer, withoutIdentity(wanted), { before, unchanged: deepEqual(bare, pruned), time });
  const object = write.manager === 'kubectl' ? withLastApplied(pruned, applied) : pruned;
  return { conflicts: [], object, managedFields: writeManagers(managers) };
}

/**
 * Applies an object: merges it into what is stored, removes what its manager applied before and does not any more, and
 * tells who owns what. The object that comes out carries no managed fields; they stand beside it, to be put in when it
 * has been defaulted. Throws a BadRequest for what does not fit the kind.
 */
export function applyManaged(write: ApplyWrite): ApplyResult {
  const live = (write.live ?? {}) as Json;
  const applied = check(write);
  try {
    return applyTo(live, applied, write);
  } catch (error) {
    if (error instanceof ShapeError) throw badRequest(`failed to merge config: ${error.message}`);
    throw error;
  }
}
