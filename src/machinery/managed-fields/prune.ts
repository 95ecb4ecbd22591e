import { difference, type FieldSet, intersection, union } from './field-set.ts';
import type { Manager, Managers } from './managers.ts';
import { removeSet } from './merge.ts';
import { inVersion, type Versioned, type WriteContext } from './ownership.ts';
import { setOf, withNamedFields } from './set-of.ts';
import type { Json } from './walk.ts';

/*
 * What becomes of the fields that somebody applied last time and does not apply now: they go, unless somebody else owns
 * them. Each manager speaks of the fields of the version in which it wrote.
 */

const named = (set: FieldSet | undefined, { shape }: Versioned) => withNamedFields(set, shape);
const setIn = (value: Versioned) => named(setOf(value.object, value.shape), value);
const without = (value: Versioned, set: FieldSet | undefined): Versioned => ({
  object: removeSet(value.object, set, value.shape),
  shape: value.shape,
});

/** What all managers own, by the version in which they wrote; `first` before the others. */
function ownedByVersion(managers: Managers, first: string): Map<string, FieldSet | undefined> {
  const owned = new Map<string, FieldSet | undefined>([[first, undefined]]);
  for (const { entry, fields } of managers.values()) {
    const version = entry.apiVersion ?? '';
    owned.set(version, union(owned.get(version), fields));
  }
  return owned;
}

interface Pruned {
  version: string;
  merged: Versioned;
  pruned: Versioned;
}

/** Puts back what others own, in the version in which they do. */
function addBackOwned(context: WriteContext, start: Pruned, managers: Managers): Pruned {
  let state = start;
  for (const [to, owned] of ownedByVersion(managers, start.version)) {
    const way = { from: state.version, to };
    const merged = to === state.version ? state.merged : inVersion(context, state.merged.object, way);
    const pruned = to === state.version ? state.pruned : inVersion(context, state.pruned.object, way);
    if (!merged || !pruned) continue;
    const gone = difference(setIn(merged), union(setIn(pruned), named(owned, merged)));
    state = { version: to, merged, pruned: without(merged, gone) };
  }
  return state;
}

/**
 * Removes what the manager applied last time (`last`), does not apply now, and nobody else owns. `managers` holds what it
 * applies now.
 */
export function prune(
  context: WriteContext,
  object: Json,
  { last, managers }: { last: Manager | undefined; managers: Managers },
): Json {
  if (!last) return object;
  const version = last.entry.apiVersion ?? '';
  const own = context.apiVersion;
  const merged = inVersion(context, object, { from: own, to: version });
  if (!merged) return object;
  const lastSet = named(last.fields, merged);
  const start = { version, merged, pruned: without(merged, lastSet) };
  const kept = addBackOwned(context, start, managers);
  const pruned =
    kept.version === version
      ? kept.pruned
      : inVersion(context, kept.pruned.object, { from: kept.version, to: version });
  if (!pruned) return object;
  const result = without(merged, intersection(difference(setIn(merged), setIn(pruned)), lastSet));
  return version === own
    ? result.object
    : (inVersion(context, result.object, { from: version, to: own })?.object ?? object);
}
