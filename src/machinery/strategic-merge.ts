import { setOwn } from './clone.ts';
import { withinDepth } from './depth.ts';
import { deepEqual } from './equal.ts';
import { goText, jsonTypeName } from './go-text.ts';
import { patchDoesNotApply } from './json-patch.ts';
import { type FieldSchema, typeSchema } from './schema.ts';
import { badRequest, type StatusError } from './status-error.ts';
import { own } from './own.ts';

/*
 * Strategic merge patch: lists merge by the key that the type names, and directives say what merging cannot. Nothing
 * given is changed; the result shares what the patch does not touch.
 */

type Json = Record<string, unknown>;

const directive = '$patch';
const retainKeys = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList';
const orderPrefix = '$setElementOrder';

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const isDirective = (key: string) =>
  key === retainKeys || key.startsWith(deletePrefix) || key.startsWith(orderPrefix);

const goTypeOf = (value: unknown): string => {
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  const names: Record<string, string> = { string: 'string', boolean: 'bool', number: 'float64' };
  return names[typeof value] ?? '%!s(<nil>)';
};

const noMergeKey = (item: Json, key: string) =>
  badRequest(`map: ${goText(item)} does not contain declared merge key: ${key}`);
const badType = (expected: string, actual: unknown) =>
  badRequest(`expected a ${expected}, but received a ${goTypeOf(actual)}`);
const badOrderList = () => badRequest('invalid patch format of setElementOrder list');
const badRetainKeys = () => badRequest('invalid patch format of retainKeys');

/** How a field merges. */
interface Meta {
  /** Type of the field, or of a list's elements. */
  place: FieldSchema;
  strategy: string;
  mergeKey: string;
}

function lookUp(place: FieldSchema, key: string): FieldSchema {
  const type = place.type === 'ref' ? typeSchema(place.ref as string) : undefined;
  if (!type || type.scalar === 'Quantity') {
    const kind = place.type === 'map' ? 'map' : place.type;
    throw badRequest(`merging an object in json but data type is not struct, instead is: ${kind}`);
  }
  const field = type.fields.get(key);
  if (field) return field;
  const name = type.name.slice(type.name.lastIndexOf('.') + 1);
  throw badRequest(`unable to find api field in struct ${name} for the json field "${key}"`);
}

function metaOf(place: FieldSchema, key: string, list: boolean): Meta {
  const field = lookUp(place, key);
  if (list && field.type !== 'array') throw badRequest('expected slice or array type, but got: struct');
  const strategies = (field.patchStrategy ?? '').split(',');
  const strategy = strategies.find((s) => s !== 'retainKeys') ?? '';
  return {
    place: list ? (field.items as FieldSchema) : field,
    strategy,
    mergeKey: field.patchMergeKey ?? '',
  };
}

/** A value that has nothing to merge with: without directives, and without null, which only deletes. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const result: Json = {};
  for (const key in value) {
    if (value[key] === null || isDirective(key)) continue;
    const item = plain(value[key]);
    if (item !== undefined) setOwn(result, key, item);
  }
  return result;
}

function fieldOfDirective(key: string, prefix: string, malformed: () => StatusError): string {
  if (!key.startsWith(`${prefix}/`)) throw malformed();
  return key.slice(prefix.length + 1);
}

/** Drops what `$retainKeys` does not name; all that the patch sets must be among it. */
function applyRetainKeys(original: Json, patch: Json): Json {
  const list = own(patch, retainKeys);
  if (list === undefined) return original;
  if (!Array.isArray(list)) throw badRetainKeys();
  const kept = new Set(list);
  for (const key in patch) {
    if (patch[key] !== null && !isDirective(key) && !kept.has(key)) throw badRetainKeys();
  }
  const result: Json = {};
  for (const key in original) if (kept.has(key)) setOwn(result, key, original[key]);
  return result;
}

function mergeMap(original: Json, patch: Json, place: FieldSchema): Json {
  const marker = own(patch, directive);
  if (marker !== undefined) return replaceOrDelete(marker, patch);
  const result: Json = { ...applyRetainKeys(original, patch) };
  const ordered = mergeOrderedLists(result, patch, place);
  for (const key in patch) {
    if (key === retainKeys || key.startsWith(orderPrefix) || ordered.has(key)) continue;
    if (key.startsWith(deletePrefix)) deleteFromList(result, key, patch[key], place);
    else mergeField(result, key, patch[key], place);
  }
  return result;
}

function replaceOrDelete(marker: unknown, patch: Json): Json {
  if (marker === 'delete') return {};
  const { [directive]: _, ...rest } = patch;
  if (marker === 'replace') return rest;
  throw badRequest(`unknown patch type: ${goText(marker)} in map: ${goText(patch)}`);
}

function assign(target: Json, key: string, value: unknown): void {
  if (value === undefined || value === null) delete target[key];
  else setOwn(target, key, value);
}

function mergeField(target: Json, key: string, value: unknown, place: FieldSchema): void {
  const before = own(target, key);
  if (isObject(before) && isObject(value)) {
    const meta = metaOf(place, key, false);
    setOwn(target, key, meta.strategy === 'replace' ? value : mergeMap(before, value, meta.place));
  } else if (Array.isArray(before) && Array.isArray(value)) {
    setOwn(target, key, mergeList(before, value, metaOf(place, key, true)));
  } else {
    assign(target, key, plain(value));
  }
}

function deleteFromList(target: Json, directiveKey: string, value: unknown, place: FieldSchema): void {
  const malformed = () => badRequest('invalid patch format of primitive list');
  const key = fieldOfDirective(directiveKey, deletePrefix, malformed);
  const before = own(target, key);
  if (value === null) delete target[key];
  if (!Array.isArray(before) || !Array.isArray(value)) return;
  metaOf(place, key, true);
  if (elementType(before, value) === 'object') throw malformed();
  const gone = new Set(value);
  const rest = before.filter((item) => !gone.has(item));
  setOwn(target, key, rest);
}

/** What all elements are; lists of lists do not merge, nor do elements of different sorts. */
function elementType(...lists: unknown[][]): string | undefined {
  const types = new Set(
    lists.flat().map((item) => (item === null ? 'null' : Array.isArray(item) ? 'list' : typeof item)),
  );
  if (types.has('list')) throw patchDoesNotApply();
  if (types.size > 1) throw badRequest(`list element types are not identical: ${goText(lists)}`);
  return [...types][0];
}

function mergeList(original: unknown[], patch: unknown[], meta: Meta): unknown[] {
  if (meta.strategy !== 'merge') return patch;
  const type = elementType(original, patch);
  if (type === undefined) return original;
  if (type !== 'object') return order([...new Set([...original, ...patch])], patch, original, '');
  if (meta.mergeKey === '') throw badRequest('cannot merge lists without merge key for struct');
  return mergeObjects(original as Json[], patch as Json[], meta);
}

function keyOf(item: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return item;
  if (!isObject(item)) throw badType('map[string]interface {}', item);
  if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
  return item[mergeKey];
}

function mergeObjects(original: Json[], patch: Json[], meta: Meta): unknown[] {
  const { base, additions } = applyItemDirectives(original, patch, meta.mergeKey);
  const merged: Json[] = [...base];
  const places = new Map(base.map((item, i) => [own(item, meta.mergeKey), i] as const).reverse());
  for (const item of additions) {
    const key = keyOf(item, meta.mergeKey);
    const at = places.get(key);
    if (at !== undefined) merged[at] = mergeMap(merged[at] as Json, item, meta.place);
    else {
      places.set(key, merged.length);
      merged.push((plain(item) ?? {}) as Json);
    }
  }
  return order(merged, additions, base, meta.mergeKey);
}

/** Carries out `$patch` in elements: deletes by key, or replaces the whole list. */
function applyItemDirectives(original: Json[], patch: Json[], mergeKey: string) {
  const additions = patch.filter((item) => !Object.hasOwn(item, directive));
  const deleted = new Set<unknown>();
  let replaced = false;
  for (const item of patch) {
    if (!Object.hasOwn(item, directive)) continue;
    const marker = item[directive];
    if (marker === 'delete') deleted.add(keyOf(item, mergeKey));
    else if (marker === 'replace') replaced = true;
    else if (marker === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
    else throw badRequest(`unknown patch type: ${goText(marker)} in map: ${goText(item)}`);
  }
  if (replaced) return { base: additions.map((item) => plain(item) as Json), additions: [] };
  const base = original.filter((item) => !deleted.has(own(item, mergeKey)));
  return { base, additions };
}

const indexBy = (list: readonly unknown[], mergeKey: string) =>
  new Map(list.map((item, i) => [keyOf(item, mergeKey), i] as const).reverse());

function sortBy(items: unknown[], places: ReadonlyMap<unknown, number>, mergeKey: string): unknown[] {
  const at = (item: unknown) => places.get(keyOf(item, mergeKey)) ?? -1;
  return items.sort((a, b) => at(a) - at(b));
}

/**
 * Puts merged elements in order: those that `wanted` names in its order, the others in that of the live list, and the
 * two woven together as the live list has them, as far as that goes.
 */
function order(merged: unknown[], wanted: unknown[], live: unknown[], mergeKey: string): unknown[] {
  const wantedAt = indexBy(wanted, mergeKey);
  const liveAt = indexBy(live, mergeKey);
  const isWanted = (item: unknown) => wantedAt.has(keyOf(item, mergeKey));
  const right = sortBy(merged.filter(isWanted), wantedAt, mergeKey);
  const left = sortBy(
    merged.filter((item) => !isWanted(item)),
    liveAt,
    mergeKey,
  );
  return weave(left, right, (item) => liveAt.get(keyOf(item, mergeKey)));
}

function weave(left: unknown[], right: unknown[], liveAt: (item: unknown) => number | undefined): unknown[] {
  const result: unknown[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const l = i < left.length ? liveAt(left[i]) : undefined;
    const r = j < right.length ? liveAt(right[j]) : undefined;
    const takeLeft = j >= right.length || (i < left.length && l !== undefined && r !== undefined && l < r);
    result.push(takeLeft ? left[i++] : right[j++]);
  }
  return result;
}

/** Merges the lists that `$setElementOrder` speaks of; answers which fields that were. */
function mergeOrderedLists(target: Json, patch: Json, place: FieldSchema): Set<string> {
  const done = new Set<string>();
  for (const key in patch) {
    if (!key.startsWith(orderPrefix)) continue;
    const field = fieldOfDirective(key, orderPrefix, badOrderList);
    if (mergeOrderedList(target, field, { wanted: patch[key], patch: own(patch, field), place }))
      done.add(field);
  }
  return done;
}

const asList = (value: unknown): unknown[] => {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw badType('[]interface {}', value);
  return value;
};

function mergeOrderedList(
  target: Json,
  field: string,
  { wanted, patch, place }: { wanted: unknown; patch: unknown; place: FieldSchema },
): boolean {
  if (!Array.isArray(wanted)) throw badType('[]interface {}', wanted);
  const live = own(target, field);
  const [liveList, patchList] = [asList(live), asList(patch)];
  const meta = metaOf(place, field, true);
  checkOrder(patchList, wanted, meta.mergeKey);
  if (live === undefined && patch === undefined) return true;
  let merged = liveList;
  if (patch !== undefined)
    merged = live === undefined ? (plain(patchList) as unknown[]) : mergeList(liveList, patchList, meta);
  const orderOfLive = meta.mergeKey ? liveOrder(liveList, patchList, merged, meta.mergeKey) : liveList;
  setOwn(target, field, order([...merged], wanted, orderOfLive, meta.mergeKey));
  return true;
}

/**
 * The order of the live list, by which the others are woven in. Upstream deletes and appends in place, so that new
 * elements take the places of deleted ones; clients see the difference.
 */
function liveOrder(live: unknown[], patch: unknown[], merged: unknown[], mergeKey: string): unknown[] {
  const kept = indexBy(merged, mergeKey);
  const before = indexBy(live, mergeKey);
  const rest = live.filter((item) => kept.has(keyOf(item, mergeKey)));
  const added = patch.filter((item) => {
    const key = keyOf(item, mergeKey);
    return kept.has(key) && !before.has(key);
  });
  return [...rest, ...added].slice(0, live.length);
}

/** The elements of the patch must stand in `$setElementOrder`, in the same order. */
function checkOrder(patch: unknown[], wanted: unknown[], mergeKey: string): void {
  if (patch.length === 0 || wanted.length === 0) return;
  const items = patch.filter((item) => !(isObject(item) && Object.hasOwn(item, directive)));
  let at = 0;
  for (const item of items) {
    const key = keyOf(item, mergeKey);
    while (at < wanted.length && !deepEqual(keyOf(wanted[at], mergeKey), key)) at++;
    if (at++ < wanted.length) continue;
    const text = `The order in patch list:\n${goText(patch)}\n doesn't match ${orderPrefix} list:\n${goText(wanted)}\n`;
    throw badRequest(text);
  }
}

/**
 * The object with a strategic merge patch applied. Throws a StatusError in upstream's words; where upstream fails with
 * a 500 for a malformed patch, this says 400.
 */
export function applyStrategicMergePatch(object: Json, patch: unknown, typeName: string): Json {
  if (patch === null) return object;
  if (!isObject(patch)) {
    throw badRequest(
      `json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type map[string]interface {}`,
    );
  }
  if (!withinDepth(patch)) throw badRequest('exceeded max depth');
  return mergeMap(object, patch, { type: 'ref', ref: typeName });
}
