import { goQuote } from '../../machinery/go-text.ts';
import { badRequest } from '../../machinery/status-error.ts';

/** Fields of option objects as they stand in queries, read as `runtime.Convert_Slice_string_To_*` do. */

/** A parameter that is there is true, whatever it says, unless it says no. */
export function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

/** A whole number; undefined where there is none. Throws BadRequest. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null ? undefined : parseWhole(text);
}

/** All the numbers of a parameter that may come more than once. Throws BadRequest. */
export function wholeNumbers(query: URLSearchParams, name: string): number[] {
  return query.getAll(name).map(parseWhole);
}

function parseWhole(text: string): number {
  const why = /^[-+]?\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  const value = Number(text);
  if (why === 'invalid syntax' || !Number.isSafeInteger(value))
    throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: ${why}`);
  return value;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A time as RFC 3339 writes it; undefined where there is none. Throws BadRequest. */
export function time(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  if (rfc3339.test(text) && !Number.isNaN(Date.parse(text))) return text;
  const [quoted, layout] = [goQuote(text), '"2006-01-02T15:04:05Z07:00"'];
  throw badRequest(`parsing time ${quoted} as ${layout}: cannot parse ${quoted} as "2006"`);
}
