import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { formatTime } from '../../platform/clock.ts';
import { deepEqual } from '../equal.ts';
import { createdFields } from './created-fields.ts';
import { difference, type FieldSet, intersection, union } from './field-set.ts';
import {
  capUpdateManagers,
  type Managers,
  managerKey,
  newEntry,
  newManager,
  sentManagers,
  storedManagers,
  type Writer,
  withFields,
  writeManagers,
} from './managers.ts';
import {
  Changes,
  ConversionError,
  managedFieldsOf,
  takeAway,
  type WriteContext,
  withoutIdentity,
  withoutManagedFields,
  written,
} from './ownership.ts';
import { ShapeError } from './path-element.ts';
import { reconcile } from './reconcile.ts';
import type { Json } from './walk.ts';

/** A write that is no apply: create, update, or any other patch. */
export interface UpdateWrite {
  /** The object as it is stored; undefined if the write creates it. */
  live: object | undefined;
  /** The object as it will be stored. */
  next: object;
  manager: string;
  subresource?: string;
  timeMs: number;
}

/** Written out empty, managed fields are reset. */
const isReset = (entries: readonly object[] | undefined) =>
  entries !== undefined && (entries.length === 0 || (entries.length === 1 && deepEqual(entries[0], {})));

/**
 * The managers to start from: those that the client sent, since it may change them; those that are stored if it sent
 * none, or nonsense, or writes to a subresource.
 */
function startingManagers(live: Json | undefined, next: Json, subresource: string | undefined): Managers {
  const stored = managedFieldsOf(live);
  const sent = managedFieldsOf(next);
  if (!subresource && isReset(sent)) return new Map();
  const managers = subresource || deepEqual(sent, stored) ? undefined : sentManagers(sent);
  return managers && managers.size > 0 ? managers : storedManagers(stored);
}

/** Gives a writer what it wrote, on top of what it owned already. */
export function give(managers: Managers, writer: Writer, fields: FieldSet | undefined, time: string): void {
  if (!fields) return;
  const key = managerKey(writer);
  const known = managers.get(key);
  const owned = union(known?.fields, fields) as FieldSet;
  const before = owned === known?.fields ? known.entry.fieldsV1 : undefined;
  const manager = before
    ? { entry: newEntry(writer, before as FieldSet, time), fields: owned }
    : newManager(writer, owned, time);
  managers.set(key, manager);
}

/** Takes from a manager what it has removed. */
function takeRemoved(managers: Managers, key: string, removed: FieldSet | undefined): void {
  const manager = managers.get(key);
  if (!manager || !intersection(manager.fields, removed)) return;
  const rest = difference(manager.fields, removed);
  if (rest) managers.set(key, withFields(manager, rest));
  else managers.delete(key);
}

function entriesOfCreator(context: WriteContext, write: UpdateWrite): ManagedFieldsEntry[] | undefined {
  const fields = ifTold(() => createdFields(write.next as Json, context));
  return fields && [newEntry(updater(context, write), fields, formatTime(write.timeMs))];
}

const updater = ({ apiVersion }: WriteContext, { manager, subresource }: UpdateWrite): Writer => ({
  manager,
  operation: 'Update',
  apiVersion,
  subresource,
});

/**
 * Where a list's elements cannot be told apart, or the object in another version, upstream, too, forgets the managers rather
 * than keep what is wrong.
 */
function ifTold<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof ShapeError || error instanceof ConversionError) return undefined;
    throw error;
  }
}

/**
 * The managed fields of an object that is written: who wrote a field owns it. Cheap where objects share what did not
 * change. An object that is stored without managed fields stays so.
 */
export function updateManagedFields(
  context: WriteContext,
  write: UpdateWrite,
): ManagedFieldsEntry[] | undefined {
  const live = write.live as Json | undefined;
  const next = write.next as Json;
  const managers = startingManagers(live, next, write.subresource);
  if (managers.size === 0) return live ? undefined : entriesOfCreator(context, write);
  reconcile(managers, context);
  const before = withoutManagedFields(live ?? {});
  const writer = updater(context, write);
  const changed = ifTold(() => {
    const made = new Changes(before, withoutManagedFields(next), context);
    // What it changes it owns before and after: taken away and given back, it would be another set each time.
    takeAway(managers, made, managerKey(writer));
    return made;
  });
  if (!changed) return undefined;
  takeRemoved(managers, managerKey(writer), changed.own.removed);
  const fields = withoutIdentity(written(changed.own));
  give(managers, writer, fields, formatTime(write.timeMs));
  capUpdateManagers(managers);
  return writeManagers(managers);
}
