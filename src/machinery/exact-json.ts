import { setOwn } from './clone.ts';

/*
 * JSON with all its whole numbers. A number of JavaScript holds those up to 2^53; upstream holds a whole number in an int64, and one
 * beyond that in a float64. So what lies between the two is a `bigint` here, wherever a value of no fixed type stands: in custom
 * resources, in raw extensions, in what webhooks are told. Fields of a fixed type are numbers, whatever they hold (see `conform`).
 */

/** What may be a whole number too large for a number, but no digest. Most texts hold none, and looking costs a tenth of reading. */
const perhapsLarge = /(?:[:[,\s]|^)-?[0-9]{16,19}(?:[,\]}\s]|$)/;

/** A string with what makes it a key, or a number. */
const token = /"[^"\\]*(?:\\[^][^"\\]*)*"(\s*:)?|-?[0-9][-+.0-9eE]*/g;
const largeDigits = /^-?[1-9][0-9]{15,18}$/;
const limit = 2n ** 63n;

/** A whole number as what holds it: beyond an int64 it is a float64, as upstream has it. */
export function wholeNumber(value: bigint): number | bigint {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) || value < -limit || value >= limit ? rounded : value;
}

/** How a string begins that stands for a number, and in JSON. One that begins so itself begins so twice. */
const mark = '\0';
const markText = '\\u0000';

const isLarge = (text: string) => largeDigits.test(text) && typeof wholeNumber(BigInt(text)) === 'bigint';

const marked = (text: string) =>
  text.replace(token, (part, isKey: string | undefined) => {
    if (part[0] !== '"') return isLarge(part) ? `"${markText}${part}"` : part;
    return isKey || !part.startsWith(markText, 1) ? part : `"${markText}${part.slice(1)}`;
  });

const unmarkedText = (text: string) => (text[1] === mark ? text.slice(1) : BigInt(text.slice(1)));

const isMarked = (value: unknown): value is string => typeof value === 'string' && value[0] === mark;

/** Puts numbers where strings stand for them. The value may be deeper than any stack. */
function unmarked(whole: unknown): unknown {
  if (isMarked(whole)) return unmarkedText(whole);
  const waiting: unknown[] = [whole];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const container = next as Record<string, unknown>;
    for (const key of Object.keys(container)) {
      const value = container[key];
      if (isMarked(value)) setOwn(container, key, unmarkedText(value));
      else if (typeof value === 'object' && value !== null) waiting.push(value);
    }
  }
  return whole;
}

/** Whether a JSON value is a number, in either form. */
export const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/** Whether a JSON value is a whole number, in either form. */
export const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || Number.isInteger(value);

/** Reads JSON as `JSON.parse` does; whole numbers that a number does not hold, and an int64 does, are bigints. Throws a SyntaxError. */
export function parseJson(text: string): unknown {
  return perhapsLarge.test(text) ? unmarked(JSON.parse(marked(text))) : JSON.parse(text);
}

/** Writes JSON as `JSON.stringify` does, bigints as the numbers that they are. Undefined for what JSON has nothing for. */
export function printJson(value: unknown, indent = 0): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // Only what holds a bigint is gone through by hand.
    if (error instanceof TypeError && holdsLarge(value)) return printed(value, ' '.repeat(indent), '\n');
    throw error;
  }
}

function holdsLarge(value: unknown): boolean {
  if (typeof value === 'bigint') return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsLarge);
}

/** `line` is the end of a line and how far the next is indented. */
function printed(value: unknown, indent: string, line: string): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const [open, close] = isList ? '[]' : '{}';
  const within = line + indent;
  const colon = indent ? ': ' : ':';
  const parts = isList
    ? value.map((item) => printed(item ?? null, indent, within))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${JSON.stringify(key)}${colon}${printed(item, indent, within)}`);
  if (parts.length === 0) return `${open}${close}`;
  return indent
    ? `${open}${within}${parts.join(`,${within}`)}${line}${close}`
    : `${open}${parts.join(',')}${close}`;
}
