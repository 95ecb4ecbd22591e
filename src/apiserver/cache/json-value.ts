import { setOwn } from '../../machinery/clone.ts';

/**
 * A JSON value without the keys whose value is undefined: JSON does not have them, so neither do shared objects. It is used up:
 * what has no such keys stays the same, what has any is copied, since `delete` makes an object slow for all who read it later.
 */
export function withoutUndefined<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const kept = withoutUndefined(value[i]);
      if (kept !== value[i]) value[i] = kept;
    }
    return value;
  }
  const object = value as Record<string, unknown>;
  let isComplete = true;
  for (const key in object) {
    const child = object[key];
    if (child === undefined) isComplete = false;
    else if (typeof child === 'object') {
      const kept = withoutUndefined(child);
      if (kept !== child) setOwn(object, key, kept);
    }
  }
  return isComplete ? value : (definedOf(object) as T);
}

function definedOf(object: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key in object) if (object[key] !== undefined) setOwn(kept, key, object[key]);
  return kept;
}
