import type { IntOrString } from '../api/meta/v1.ts';

/** A value that is neither a whole number nor a percentage; the message is upstream's. */
export class IntOrStringError extends Error {
  override readonly name = 'IntOrStringError';
}

/** The percentage of `25%`; undefined for anything else. */
export function percentOf(value: IntOrString): number | undefined {
  if (typeof value !== 'string' || !/^[-+]?[0-9]+%$/.test(value)) return undefined;
  return Number(value.slice(0, -1));
}

/**
 * `value` itself if it is a number; if it is a percentage, that share of `total`, rounded as told.
 * Throws IntOrStringError for another string.
 */
export function scaledIntOrPercent(value: IntOrString, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  if (percent === undefined) {
    const why = value.endsWith('%')
      ? `invalid value ${JSON.stringify(value)}`
      : 'invalid type: string is not a percentage';
    throw new IntOrStringError(`invalid value for IntOrString: ${why}`);
  }
  const share = (percent * total) / 100;
  return rounding === 'up' ? Math.ceil(share) : Math.floor(share);
}
