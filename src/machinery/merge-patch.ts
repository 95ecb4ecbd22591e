import { setOwn } from './clone.ts';
import { withinDepth } from './depth.ts';
import { deepEqual } from './equal.ts';
import { badRequest } from './status-error.ts';

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const own = (object: Json, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);

/** A value without the nulls of its objects, those in lists as well. */
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  return isObject(value) ? merge({}, value) : value;
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(target)) return pruned(patch);
  if (!isObject(patch)) return patch;
  const result: Json = {};
  for (const key in target) if (own(patch, key) !== null) setOwn(result, key, target[key]);
  for (const key in patch) {
    if (patch[key] !== null) setOwn(result, key, merge(own(target, key), patch[key]));
  }
  return result;
}

/**
 * The object with a merge patch applied; neither is changed, the result shares what is the same. Departs from RFC 7386
 * where `evanphx/json-patch` does: nulls in a list are lost unless the list takes the place of an object, and a list is
 * a patch that takes the place of all. Throws a BadRequest for what is no patch.
 */
export function applyMergePatch(object: Json, patch: unknown): unknown {
  const isList = Array.isArray(patch);
  if (!isList && !isObject(patch)) throw badRequest('Invalid JSON Patch');
  if (!withinDepth(patch)) throw badRequest('exceeded max depth');
  return isList ? pruned(patch) : merge(object, patch);
}

/** The merge patch that makes `to` of `from`; empty if they are equal. */
export function createMergePatch(from: Json, to: Json): Json {
  const patch: Json = {};
  for (const key in from) if (own(to, key) === undefined) setOwn(patch, key, null);
  for (const key in to) {
    const [before, after] = [own(from, key), to[key]];
    if (after === undefined || deepEqual(before, after)) continue;
    setOwn(patch, key, isObject(before) && isObject(after) ? createMergePatch(before, after) : after);
  }
  return patch;
}
