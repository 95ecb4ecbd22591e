import { setOwn } from './clone.ts';
import { maxDepth } from './depth.ts';

/** An escape of half a character outside the basic plane; whole ones have two. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;

const replaceHalves = (text: string) => text.replace(/\p{Surrogate}/gu, '\ufffd');

/** What is deeper than an object may be is refused later, and left as it is. */
function repaired(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return replaceHalves(value);
  if (typeof value !== 'object' || value === null || depth === 0) return value;
  if (Array.isArray(value)) return value.map((item) => repaired(item, depth - 1));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value))
    setOwn(copy, replaceHalves(key), repaired(item, depth - 1));
  return copy;
}

/**
 * A value read from `text`, with half characters replaced as Go's decoders do: UTF-8 and protobuf have no form for
 * them. Costs a look at the text where it escapes none.
 */
export function wellFormed(value: unknown, text: string): unknown {
  return surrogateEscape.test(text) ? repaired(value, maxDepth) : value;
}

/** Whether a value has a number beyond all that JSON can say again: `1e400` is read as infinity. */
export function isFiniteJson(value: unknown, depth = maxDepth): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null || depth === 0) return true;
  for (const key in value)
    if (!isFiniteJson((value as Record<string, unknown>)[key], depth - 1)) return false;
  return true;
}
