import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { printJson } from '../../../machinery/exact-json.ts';
import { duplicate, type FieldError, invalid } from '../../../machinery/field-error.ts';
import { isObject, itemsOf, propertyOf, valuesOf } from './structure.ts';

/** Elements that stand twice in lists whose elements are told apart by their value (`set`) or by keys (`map`). */
export function listTypeErrors(value: unknown, schema: JSONSchemaProps, path = ''): readonly FieldError[] {
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    return [
      ...uniqueErrors(value, schema, path),
      ...(items ? value.flatMap((item, i) => listTypeErrors(item, items, `${path}[${i}]`)) : []),
    ];
  }
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((key) => {
    const property = propertyOf(schema, key);
    if (property) return listTypeErrors(value[key], property, path ? `${path}.${key}` : key);
    const values = valuesOf(schema);
    return values ? listTypeErrors(value[key], values, `${path}[${key}]`) : [];
  });
}

function uniqueErrors(
  list: readonly unknown[],
  schema: JSONSchemaProps,
  path: string,
): readonly FieldError[] {
  if (schema['x-kubernetes-list-type'] === 'set') {
    return repeated(list).map((i) => duplicate(`${path}[${i}]`, list[i]));
  }
  if (schema['x-kubernetes-list-type'] !== 'map') return [];
  const other = list.findIndex((item) => item !== null && !isObject(item));
  if (other >= 0) {
    const why = 'must be an object for an array of list-type map';
    return [invalid(`${path}[${other}]`, list[other], why)];
  }
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const identities = list.map((item) => identityOf(item, keys));
  return repeated(identities).map((i) => duplicate(`${path}[${i}]`, identities[i]));
}

function identityOf(item: unknown, keys: readonly string[]): Record<string, unknown> {
  const present = keys.filter((key) => isObject(item) && Object.hasOwn(item, key));
  return Object.fromEntries(present.map((key) => [key, (item as Record<string, unknown>)[key]]));
}

/** The index at which each value comes for the second time. */
function repeated(values: readonly unknown[]): number[] {
  const seen = new Map<string, number>();
  const found: number[] = [];
  for (const [i, value] of values.entries()) {
    const text = printJson(value);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) found.push(i);
  }
  return found;
}
