import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { goQuote } from '../go-text.ts';
import { type FieldSet, leaf, readFieldSet, sorted, union } from './field-set.ts';

/** One manager and the fields it owns. */
export interface Manager {
  entry: ManagedFieldsEntry;
  fields: FieldSet;
}

/** Managers by what identifies them: see {@link managerKey}. */
export type Managers = Map<string, Manager>;

/** Who writes without saying who. */
const unknownManager = 'unknown';

/** What tells managers apart. Who applies is the same in each version. */
export function managerKey(entry: ManagedFieldsEntry): string {
  const version = entry.operation === 'Apply' ? '' : (entry.apiVersion ?? '');
  return [entry.manager || unknownManager, entry.operation ?? '', version, entry.subresource ?? ''].join(
    '\n',
  );
}

function entryFault({ operation, apiVersion, fieldsType, fieldsV1 }: ManagedFieldsEntry, i: number) {
  if (operation !== 'Apply' && operation !== 'Update') return 'operation must be `Apply` or `Update`';
  if (!apiVersion) return 'apiVersion must not be empty';
  if (!fieldsType) return `missing fieldsType in managed fields entry ${i}`;
  if (fieldsType !== 'FieldsV1') {
    return `invalid fieldsType ${goQuote(fieldsType)} in managed fields entry ${i}`;
  }
  return readFieldSet(fieldsV1 ?? leaf) ? undefined : `error decoding set in managed fields entry ${i}`;
}

/** What is wrong with managed fields, in upstream's words; undefined if nothing is. */
export function managedFieldsFault(entries: readonly ManagedFieldsEntry[] | undefined): string | undefined {
  for (const [i, entry] of (entries ?? []).entries()) {
    const fault = entryFault(entry, i);
    if (fault) return fault;
  }
  return undefined;
}

/** The managers of an object as it is stored. */
export function storedManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    managers.set(managerKey(entry), { entry, fields: (entry.fieldsV1 ?? leaf) as FieldSet });
  }
  return managers;
}

/** The managers that a client sent; undefined if what it sent is malformed. */
export function sentManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers | undefined {
  if (managedFieldsFault(entries)) return undefined;
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    const fields = readFieldSet(entry.fieldsV1 ?? leaf) as FieldSet;
    managers.set(managerKey(entry), withFields({ entry, fields }, fields));
  }
  return managers;
}

const seconds = (entry: ManagedFieldsEntry) => entry.time ?? '';
const order = (a: string | undefined, b: string | undefined) => {
  const [x, y] = [a ?? '', b ?? ''];
  return x < y ? -1 : x > y ? 1 : 0;
};

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    order(a.operation, b.operation) ||
    order(seconds(a), seconds(b)) ||
    order(a.manager, b.manager) ||
    order(a.apiVersion, b.apiVersion) ||
    order(a.subresource, b.subresource)
  );
}

/** The entries for an object's metadata, in upstream's order; none: undefined. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  return managers.size === 0 ? undefined : writeEntries([...managers.values()].map(({ entry }) => entry));
}

/** Entries in upstream's order, in place. */
export function writeEntries(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  return entries.sort(compareEntries);
}

/** The manager with other fields; what is unchanged keeps its entry as it is. */
export function withFields(manager: Manager, fields: FieldSet): Manager {
  return { entry: { ...manager.entry, fieldsV1: sorted(fields) as ManagedFieldsEntry['fieldsV1'] }, fields };
}

/** Who writes, and how. */
export interface Writer {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
}

/** A manager as it is written. */
export function newManager(writer: Writer, fields: FieldSet, time: string | undefined): Manager {
  return { entry: newEntry(writer, sorted(fields), time), fields };
}

/** The entry of a manager that owns `fields`, which are in order: the order of its own fields is upstream's. */
export function newEntry(writer: Writer, fields: FieldSet, time: string | undefined): ManagedFieldsEntry {
  const { manager, operation, apiVersion, subresource } = writer;
  const entry: ManagedFieldsEntry = { manager: manager || unknownManager, operation, apiVersion };
  if (time) entry.time = time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = fields as ManagedFieldsEntry['fieldsV1'];
  if (subresource) entry.subresource = subresource;
  return entry;
}

/** More managers that update than these, and the oldest are thrown together. */
const maxUpdateManagers = 10;

/** Managers of one version that are thrown together. */
interface Joined {
  writer: Writer;
  fields: FieldSet[];
  time: string | undefined;
}

/** Joins the oldest managers that update, version by version, until there are few enough. */
export function capUpdateManagers(managers: Managers): void {
  if (managers.size <= maxUpdateManagers) return;
  const updaters = [...managers].filter(([, { entry }]) => entry.operation === 'Update');
  let count = updaters.length;
  if (count <= maxUpdateManagers) return;
  updaters.sort(([keyA, a], [keyB, b]) => order(seconds(a.entry), seconds(b.entry)) || order(keyA, keyB));
  const firstOf = new Map<string, string>();
  const joined = new Map<string, Joined>();
  for (const [key, { entry, fields }] of updaters) {
    if (count <= maxUpdateManagers) break;
    const apiVersion = entry.apiVersion ?? '';
    const first = firstOf.get(apiVersion);
    if (first === undefined) {
      firstOf.set(apiVersion, key);
      continue;
    }
    const into = joinedOf({ managers, joined, apiVersion, first });
    managers.delete(key);
    into.fields.push(fields);
    into.time = entry.time;
    count--;
  }
  for (const [bucket, { writer, fields, time }] of joined) {
    managers.set(bucket, newManager(writer, unionOfAll(fields), time));
  }
}

/** Where the managers of a version are thrown together; begins with the one there is, or with the oldest. */
function joinedOf(at: {
  managers: Managers;
  joined: Map<string, Joined>;
  apiVersion: string;
  first: string;
}): Joined {
  const { managers, joined, apiVersion, first } = at;
  const writer: Writer = { manager: 'ancient-changes', operation: 'Update', apiVersion };
  const bucket = managerKey(writer);
  const known = joined.get(bucket);
  if (known) return known;
  const standing = (managers.get(bucket) ?? managers.get(first)) as Manager;
  if (!managers.has(bucket)) managers.delete(first);
  const made: Joined = { writer, fields: [standing.fields], time: undefined };
  joined.set(bucket, made);
  return made;
}

/** Pairs, then pairs of pairs: each field is copied a few times, not once for every manager. */
function unionOfAll(sets: readonly FieldSet[]): FieldSet {
  if (sets.length === 1) return sets[0] as FieldSet;
  const half = sets.length >> 1;
  return union(unionOfAll(sets.slice(0, half)), unionOfAll(sets.slice(half))) as FieldSet;
}
