import { setOwn } from './clone.ts';
import { withinDepth } from './depth.ts';
import { deepEqual } from './equal.ts';
import { badRequest } from './status-error.ts';

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const own = (object: Json, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Json = {};
  const base = isObject(target) ? target : {};
  for (const key in base) if (own(patch, key) !== null) setOwn(result, key, base[key]);
  for (const key in patch) {
    if (patch[key] !== null) setOwn(result, key, merge(own(base, key), patch[key]));
  }
  return result;
}

/**
 * The object with a merge patch (RFC 7386) applied; neither is changed, the result shares what is the same. Throws a
 * BadRequest for a patch that is no object.
 */
export function applyMergePatch(object: Json, patch: unknown): Json {
  if (!isObject(patch)) throw badRequest('Invalid JSON Patch');
  if (!withinDepth(patch)) throw badRequest('exceeded max depth');
  return merge(object, patch) as Json;
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
