import { jsonTypeName } from './go-text.ts';
import { jsonSyntaxError } from './json-text.ts';

/*
 * JSON that stands as text in an annotation or in a secret, read as Go's `encoding/json` reads it into a type: with its
 * words for what does not fit, and with names of fields in any case.
 */

/** What a text says, or why Go would not read it. */
export type GoJson<T> = { value: T; error?: undefined } | { error: string };

const misfit = (value: unknown, type: string): { error: string } => ({
  error: `json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${type}`,
});

/** Reads an object; `null` says nothing, and is none. */
export function goJsonObject(text: string, type: string): GoJson<Record<string, unknown>> {
  const error = jsonSyntaxError(text);
  if (error) return { error };
  const value = JSON.parse(text) as unknown;
  if (value === null) return { value: {} };
  const isObject = typeof value === 'object' && !Array.isArray(value);
  return isObject ? { value: value as Record<string, unknown> } : misfit(value, type);
}

/** The fields of a Go struct as JSON names them, each with its type. */
export type GoFields = Record<string, 'string' | 'int64' | 'other'>;

/** Reads a list of objects of one Go struct, whose full name is `type`. */
export function goJsonList<T>(text: string, type: string, fields: GoFields): GoJson<T[]> {
  const error = jsonSyntaxError(text);
  if (error) return { error };
  const items = (JSON.parse(text) ?? []) as unknown;
  if (!Array.isArray(items)) return misfit(items, `[]${type}`);
  let fault: string | undefined;
  const value = items.map((item: unknown) => {
    if (item === null) return {} as T;
    if (typeof item === 'object' && !Array.isArray(item)) {
      const read = struct(item as Record<string, unknown>, type, fields);
      fault ??= read.fault;
      return read.value as T;
    }
    fault ??= misfit(item, type).error;
    return {} as T;
  });
  return fault ? { error: fault } : { value };
}

const jsonTypes = { string: 'string', int64: 'number' };

function struct(
  item: Record<string, unknown>,
  type: string,
  fields: GoFields,
): { value: Record<string, unknown>; fault?: string } {
  const value: Record<string, unknown> = {};
  let fault: string | undefined;
  for (const [key, given] of Object.entries(item)) {
    const name = Object.keys(fields).find((field) => field.toLowerCase() === key.toLowerCase());
    if (name === undefined || given === null) continue;
    const wanted = fields[name] as GoFields[string];
    const what = `Go struct field ${type.slice(type.indexOf('.') + 1)}.${name} of type ${wanted}`;
    if (wanted !== 'other' && typeof given !== jsonTypes[wanted])
      fault ??= `json: cannot unmarshal ${jsonTypeName(given)} into ${what}`;
    value[`${name.charAt(0).toLowerCase()}${name.slice(1)}`] = given;
  }
  return fault ? { value, fault } : { value };
}
