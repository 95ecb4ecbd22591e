import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { difference, type FieldSet, isMember, leaf } from './field-set.ts';
import { managerKey, storedManagers, withFields, writeEntries } from './managers.ts';

/*
 * The scale of an object is written as an object of its own. Who owns its replicas owns the field of the object that
 * stands for them, and the other way round.
 */

const apiVersionOfScale = 'autoscaling/v1';
const replicasOfScale = ['spec', 'replicas'];

const setOfPath = (path: readonly string[]): FieldSet =>
  path.reduceRight<FieldSet>((node, name) => ({ [`f:${name}`]: node }), leaf);

function owns(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const name of path) node = node?.[`f:${name}`];
  return isMember(node);
}

/** Where replicas stand, in each version of the object that is served; undefined where a version has no scale. */
export type ReplicasPaths = ReadonlyMap<string, readonly string[] | undefined>;

/** Who owns the replicas of an object, as managed fields of its scale. */
export function scaleEntries(
  entries: readonly ManagedFieldsEntry[] | undefined,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const found: ManagedFieldsEntry[] = [];
  for (const { entry, fields } of storedManagers(entries).values()) {
    const path = paths.get(entry.apiVersion ?? '');
    if (!path || !owns(fields, path)) continue;
    const fieldsV1 = setOfPath(replicasOfScale) as ManagedFieldsEntry['fieldsV1'];
    found.push({ ...entry, apiVersion: apiVersionOfScale, fieldsV1 });
  }
  return found.length > 0 ? writeEntries(found) : undefined;
}

/** An object in whose version and to whose managers those of its scale go back. */
export interface ScaledObject {
  apiVersion: string;
  entries: readonly ManagedFieldsEntry[] | undefined;
  paths: ReplicasPaths;
}

/**
 * The managed fields of an object whose scale has been written: those who lost the replicas there lose them here. Who
 * gained them has an entry without a time, as upstream leaves it; managers of versions that are gone go.
 */
export function entriesOfScaled(
  { apiVersion, entries, paths }: ScaledObject,
  written: readonly ManagedFieldsEntry[] | undefined,
): ManagedFieldsEntry[] | undefined {
  const scale = storedManagers(written);
  const before = storedManagers(entries);
  const result: ManagedFieldsEntry[] = [];
  for (const [key, manager] of before) {
    const version = manager.entry.apiVersion ?? '';
    if (!paths.has(version)) continue;
    const path = paths.get(version);
    if (!path || !owns(manager.fields, path) || scale.delete(key)) {
      result.push(manager.entry);
      continue;
    }
    const rest = difference(manager.fields, setOfPath(path));
    if (rest) result.push(withFields(manager, rest).entry);
  }
  const path = paths.get(apiVersion);
  for (const { entry, fields } of scale.values()) {
    if (!path || !owns(fields, replicasOfScale)) continue;
    const { time: _, ...rest } = entry;
    const time = before.get(managerKey(entry))?.entry.time;
    const fieldsV1 = setOfPath(path) as ManagedFieldsEntry['fieldsV1'];
    result.push({ ...rest, apiVersion, ...(time && { time }), fieldsV1 });
  }
  return result.length > 0 ? writeEntries(result) : undefined;
}
