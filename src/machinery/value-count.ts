import { withinDepth } from './depth.ts';
import { badRequest, tooLarge } from './status-error.ts';

/** Elements of lists and entries of maps, at any depth, that one object may have: several times what large objects have. */
export const mostValues = 100_000;
/** No value takes less in JSON, in YAML or in protobuf. */
const leastBytes = 2;

/**
 * Refuses a value that was read from so many bytes and holds more than an object may. Each value is looked at many times before an object
 * is stored, and defaults make much of little: three megabytes of empty containers would keep the server busy for ten seconds, and
 * everybody waiting. Costs nothing for what is not large. Throws 413, or 400 where it nests too deep as well.
 */
export function checkValueCount(value: unknown, bytes: number): void {
  if (bytes <= mostValues * leastBytes || !holdsMore(value, mostValues)) return;
  throw withinDepth(value) ? tooLarge(`limit is ${mostValues} values`) : badRequest('exceeded max depth');
}

/** The value may be deeper than any stack. */
function holdsMore(value: unknown, most: number): boolean {
  const waiting: unknown[] = [[value]];
  let count = -1;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const items: unknown[] = Array.isArray(next) ? next : Object.values(next);
    count += items.length;
    if (count > most) return true;
    for (const item of items) if (typeof item === 'object' && item !== null) waiting.push(item);
  }
  return false;
}
