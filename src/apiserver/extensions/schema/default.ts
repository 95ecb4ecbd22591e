import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { clone, setOwn } from '../../../machinery/clone.ts';
import { childOf, isObject, itemsOf, propertyOf, valuesOf } from './structure.ts';

const isRefusedNull = (value: unknown, schema: JSONSchemaProps | undefined) =>
  value === null && schema !== undefined && !schema.nullable;

/** Takes nulls out that the schema neither allows nor has a default for, in place. */
export function dropNulls(value: unknown, schema: JSONSchemaProps | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, schema && itemsOf(schema));
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const child = childOf(schema, key);
      if (isRefusedNull(value[key], child) && child?.default === undefined) delete value[key];
      else dropNulls(value[key], child);
    }
  }
}

/** Fills in the defaults of a schema, in place; says whether there was anything to fill in. */
export function applyDefaults(value: unknown, schema: JSONSchemaProps | undefined): boolean {
  if (!schema) return false;
  if (Array.isArray(value)) return defaultItems(value, itemsOf(schema));
  return isObject(value) ? defaultFields(value, schema) : false;
}

function defaultItems(list: unknown[], items: JSONSchemaProps | undefined): boolean {
  let changed = false;
  for (let i = 0; i < list.length; i++) {
    if (isRefusedNull(list[i], items) && items?.default !== undefined) {
      list[i] = clone(items.default);
      changed = true;
    }
    changed = applyDefaults(list[i], items) || changed;
  }
  return changed;
}

function defaultFields(object: Record<string, unknown>, schema: JSONSchemaProps): boolean {
  let changed = false;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined) continue;
    if (Object.hasOwn(object, key) && !isRefusedNull(object[key], property)) continue;
    setOwn(object, key, clone(property.default));
    changed = true;
  }
  for (const key of Object.keys(object)) {
    const values = propertyOf(schema, key) ? undefined : valuesOf(schema);
    if (isRefusedNull(object[key], values) && values?.default !== undefined) {
      setOwn(object, key, clone(values.default));
      changed = true;
    }
    changed = applyDefaults(object[key], childOf(schema, key)) || changed;
  }
  return changed;
}
