import { wholeNumber } from '../exact-json.ts';
import { CelError } from './errors.ts';
import { formatMoment, formatSpan } from './moments.ts';
import { CelList, CelMap, type CelValue, Duration, Optional, Timestamp, typeNameOf, Uint } from './values.ts';

/** A value as JSON. Throws a CelError for what JSON cannot say. */
export function toJson(value: CelValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return wholeNumber(value);
  if (value instanceof Uint) return wholeNumber(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Timestamp) return formatMoment(value);
  if (value instanceof Duration) return formatSpan(value);
  if (value instanceof CelList) return [...value].map(toJson);
  if (value instanceof CelMap) return mapToJson(value);
  if (value instanceof Optional && value.value !== undefined) return toJson(value.value);
  throw new CelError(`cannot convert a value of type ${typeNameOf(value)} to JSON`);
}

function mapToJson(map: CelMap): Record<string, unknown> {
  const entries = [...map.keys()].map((key) => {
    if (typeof key !== 'string') throw new CelError(`a key of type ${typeNameOf(key)} is none of JSON`);
    return [key, toJson(map.get(key) as CelValue)];
  });
  return Object.fromEntries(entries);
}
