import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { isInteger, isNumber } from '../../../machinery/exact-json.ts';
import { beyond, Result } from './result.ts';

const int32 = 2 ** 31;
const int64 = 2 ** 63;
const maxFloat32 = (2 - 2 ** -23) * 2 ** 127;

/** The numbers that a schema is about; where it leaves the type open, of any. */
interface NumberType {
  type: string;
  format: string;
}

const formats: Record<string, readonly string[]> = {
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
};

function numberType(schema: JSONSchemaProps): NumberType {
  const { type = '', format = '' } = schema;
  const known = schema['x-kubernetes-int-or-string'] ? undefined : formats[type];
  return { type: known ? type : '', format: known?.includes(format) ? format : '' };
}

function fits(n: number | bigint, { type, format }: NumberType): boolean {
  if (type !== 'integer') return format !== 'float' || Math.abs(Number(n)) <= maxFloat32;
  const limit = format === 'int32' ? int32 : int64;
  return isInteger(n) && n >= -limit && n < limit;
}

/**
 * What is wrong with a number. As upstream, limits have to be of the type that they limit, and whole numbers are compared with
 * the whole part of a limit.
 */
export function checkNumber(value: unknown, schema: JSONSchemaProps, path: string): Result {
  const result = new Result();
  if (!isNumber(value)) return result;
  const type = numberType(schema);
  const check = (what: string, n: number | bigint): boolean => {
    if (fits(n, type)) return true;
    const format = type.format ? `with format ${type.format}` : '(default format)';
    const message = `${what} value must be of type ${type.type} ${format} in ${path}`;
    result.add({ kind: 'whole', message });
    return false;
  };
  const limitOf = (what: string, n: number | bigint): number | bigint =>
    check(what, n) && isInteger(value) && typeof n === 'number' ? Math.trunc(n) : n;
  result.matches++;
  check('Checked', value);
  const { multipleOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (multipleOf !== undefined)
    checkFactor(value, { factor: limitOf('MultipleOf', multipleOf), path }, result);
  if (minimum !== undefined) {
    const limit = limitOf('Minimum boundary', minimum);
    const what = `be greater than ${exclusiveMinimum ? '' : 'or equal to '}${limit}`;
    if (exclusiveMinimum ? value <= limit : value < limit) result.add(beyond(path, value, what));
  }
  if (maximum !== undefined) {
    const limit = limitOf('Maximum boundary', maximum);
    const what = `be less than ${exclusiveMaximum ? '' : 'or equal to '}${limit}`;
    if (exclusiveMaximum ? value >= limit : value > limit) result.add(beyond(path, value, what));
  }
  return result;
}

function checkFactor(
  value: number | bigint,
  { factor, path }: { factor: number | bigint; path: string },
  result: Result,
): void {
  if (factor <= 0) {
    const message = `factor MultipleOf declared for ${path} must be positive: ${factor}`;
    result.add({ kind: 'invalid', path, value: factor, message });
  } else if (!isMultiple(value, factor)) result.add(beyond(path, value, `be a multiple of ${factor}`));
}

function isMultiple(value: number | bigint, factor: number | bigint): boolean {
  if (isInteger(value) && isInteger(factor)) return BigInt(value) % BigInt(factor) === 0n;
  const [n, by] = [Number(value), Number(factor)];
  const times = by < 1 ? (1 / by) * n : n / by;
  const nearest = Math.round(times);
  return Math.abs(times - nearest) <= 1e-9 * Math.max(1, Math.abs(times));
}
