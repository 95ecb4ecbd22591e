import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { isInteger, isNumber } from '../../../machinery/exact-json.ts';
import type { FieldError } from '../../../machinery/field-error.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { checkNumber } from './check-number.ts';
import { Correlation } from './correlation.ts';
import { hasFormat, knownFormat } from './formats.ts';
import { goPattern, hasPattern } from '../../../machinery/go-pattern.ts';
import { beyond, Result, toFieldErrors, wrongType } from './result.ts';
import { isObject, itemsOf, type Json, propertyOf, valuesOf } from './structure.ts';

/** Where a value stands that is checked. */
interface Place {
  path: string;
  schema: JSONSchemaProps;
  /** The value beside what stood there before, on an update. */
  past: Correlation | undefined;
}

export interface ValidateOptions {
  /** The field that the value stands in; empty for a whole object. */
  base?: string;
  /** What stood in its place before an update: what has not changed is let pass. Undefined on creation. */
  old?: { value: unknown };
}

/** What is wrong with a value by its schema, in upstream's words. Rules in CEL are checked elsewhere. */
export function schemaErrors(
  value: unknown,
  schema: JSONSchemaProps,
  { base = '', old }: ValidateOptions = {},
): readonly FieldError[] {
  const past = old && new Correlation(value, old.value, schema);
  return toFieldErrors(ratcheted(value, { path: '', schema, past }).violations, base);
}

/** The check of one value, with nothing to say where the value is what it was. */
function ratcheted(value: unknown, place: Place): Result {
  const result = check(value, place);
  if (result.isValid || !place.past?.unchanged) return result;
  return new Result();
}

function check(value: unknown, place: Place): Result {
  const result = checkType(value, place);
  if (value === null) return result.merge(checkEnum(value, place));
  for (const part of [checkCombinations, checkText, numbers, checkList, checkEnum, checkObject]) {
    result.merge(part(value, place));
    result.matches++;
  }
  return result;
}

const typesOf = (schema: JSONSchemaProps) => {
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string'];
  return schema.type ? [schema.type] : [];
};

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (isNumber(value)) return isInteger(value) ? 'integer' : 'number';
  return value === null ? 'null' : typeof value;
}

function checkType(value: unknown, { schema, path }: Place): Result {
  const result = new Result();
  const types = typesOf(schema);
  const found = typeOf(value);
  const format = knownFormat(schema);
  if (found === 'null') {
    return types.length > 0 && !schema.nullable
      ? result.add(wrongType(path, types.join(','), found))
      : result;
  }
  const fits = types.includes(found) || (found === 'integer' && types.includes('number'));
  if (types.length === 0 || fits) {
    result.matches++;
    return result;
  }
  if (format && found !== 'string' && found !== 'array') {
    return result.add(wrongType(path, format, goFormat(found)));
  }
  const isNumeric = types.includes('number') || types.includes('integer');
  return format && !isNumeric ? result : result.add(wrongType(path, types.join(','), found));
}

const goFormat = (found: string) => (found === 'integer' ? 'int64' : found === 'number' ? 'float64' : '');

function checkText(value: unknown, { schema, path }: Place): Result {
  const result = new Result();
  if (typeof value !== 'string') return result;
  const { maxLength, minLength, pattern } = schema;
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) result.add({ kind: 'tooLong', path, limit: maxLength });
  else if (minLength !== undefined && length < minLength) {
    result.add(beyond(path, value, `be at least ${minLength} chars long`));
  } else if (pattern && !hasPattern(goPattern(pattern), value)) {
    result.add(beyond(path, value, `match '${pattern}'`));
  }
  const format = knownFormat(schema);
  if (format && !hasFormat(value, format)) {
    const message = `${path} in body must be of type ${format}: ${goQuote(value)}`;
    result.add({ kind: 'type', path, value, message });
  }
  return result;
}

const numbers = (value: unknown, { schema, path }: Place): Result => checkNumber(value, schema, path);

function checkList(value: unknown, { schema, path, past }: Place): Result {
  const result = new Result();
  if (!Array.isArray(value)) return result;
  const items = itemsOf(schema);
  if (items) {
    for (let i = 0; i < value.length; i++) {
      result.merge(ratcheted(value[i], { path: `${path}[${i}]`, schema: items, past: past?.index(i) }));
    }
  }
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && value.length < minItems) {
    result.add(beyond(path, value.length, `have at least ${minItems} items`));
  }
  if (maxItems !== undefined && value.length > maxItems) {
    result.add({ kind: 'tooMany', path, count: value.length, limit: maxItems });
  }
  result.matches++;
  return result;
}

function checkEnum(value: unknown, { schema, path }: Place): Result {
  const result = new Result();
  const { enum: allowed } = schema;
  if (!allowed?.length || isAllowed(allowed, value)) return result;
  return result.add({ kind: 'enum', path, value, allowed });
}

/** The texts among values: lists of thousands are gone through for each of thousands of elements otherwise. */
const allowedTexts = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();

function isAllowed(allowed: readonly unknown[], value: unknown): boolean {
  if (typeof value !== 'string') return allowed.some((item) => isOneOf(item, value));
  let texts = allowedTexts.get(allowed);
  if (!texts) {
    texts = new Set(allowed);
    allowedTexts.set(allowed, texts);
  }
  return texts.has(value);
}

/** As upstream, null is none of any, and a fraction is taken for its whole part where that is one of them. */
function isOneOf(item: unknown, value: unknown): boolean {
  if (value === null) return false;
  if (typeof value !== 'number' || typeof item !== 'number') return deepEqual(item, value);
  return item === (Number.isInteger(item) ? Math.trunc(value) : value);
}

function checkObject(value: unknown, { schema, path, past }: Place): Result {
  const result = new Result();
  if (!isObject(value)) return result;
  checkSize(value, { schema, path, past }, result);
  for (const key of Object.keys(value)) {
    const known = propertyOf(schema, key);
    const child = known ?? valuesOf(schema);
    if (!child) {
      if (schema.additionalProperties === false) {
        const message = `${path}.${key} in body is a forbidden property`;
        result.add({ kind: 'invalid', path, value: key, message });
      }
      continue;
    }
    const isOfType = path === '' && (key === 'apiVersion' || key === 'kind');
    const at = path === '' && known ? key : `${path}.${key}`;
    result.merge(
      ratcheted(value[key], { path: at, schema: child, past: isOfType ? undefined : past?.key(key) }),
    );
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) result.add({ kind: 'required', path: `${path}.${key}` });
  }
  return result;
}

function checkSize(object: Json, { schema, path }: Place, result: Result): void {
  const count = Object.keys(object).length;
  const { minProperties, maxProperties } = schema;
  if (minProperties !== undefined && count < minProperties) {
    result.add(beyond(path, count, `have at least ${minProperties} properties`));
  }
  if (maxProperties !== undefined && count > maxProperties) {
    result.add({ kind: 'tooMany', path, count, limit: maxProperties });
  }
}

function checkCombinations(value: unknown, place: Place): Result {
  const result = new Result();
  const outcome = (schema: JSONSchemaProps) => check(value, { ...place, schema });
  const { anyOf = [], oneOf = [], allOf = [], not } = place.schema;
  const name = goQuote(place.path);
  if (anyOf.length > 0) checkAny(anyOf.map(outcome), name, result);
  if (oneOf.length > 0) checkOne(oneOf.map(outcome), name, result);
  if (allOf.length > 0) checkAll(allOf.map(outcome), name, result);
  if (not && outcome(not).isValid) {
    result.add({ kind: 'whole', message: `${name} must not validate the schema (not)` });
  }
  result.matches++;
  return result;
}

/** The failure that came nearest to a success. */
const nearest = (results: readonly Result[]) =>
  results.reduce((best, next) => (next.matches > best.matches ? next : best));

function checkAny(results: readonly Result[], name: string, into: Result): void {
  const success = results.find((result) => result.isValid);
  if (success) {
    into.merge(success);
    return;
  }
  into.add({ kind: 'whole', message: `${name} must validate at least one schema (anyOf)` });
  into.merge(nearest(results));
}

function checkOne(results: readonly Result[], name: string, into: Result): void {
  const valid = results.filter((result) => result.isValid);
  if (valid.length === 1) {
    into.merge(valid[0] as Result);
    return;
  }
  const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
  into.add({ kind: 'whole', message: `${name} must validate one and only one schema (oneOf). ${found}` });
  if (valid.length === 0) into.merge(nearest(results));
}

function checkAll(results: readonly Result[], name: string, into: Result): void {
  const valid = results.filter((result) => result.isValid).length;
  for (const result of results) into.merge(result);
  if (valid === results.length) return;
  const none = valid === 0 ? '. None validated' : '';
  into.add({ kind: 'whole', message: `${name} must validate all the schemas (allOf)${none}` });
}
