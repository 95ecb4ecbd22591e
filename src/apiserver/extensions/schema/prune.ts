import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { isObject, itemsOf, type Json, metaFields, propertyOf, valuesOf } from './structure.ts';

/**
 * Takes the fields out of an object that its schema does not have, in place, and gives their paths in order. What every
 * object has (`apiVersion`, `kind`, `metadata`) stays, at the root and in embedded resources.
 */
export function prune(object: Json, schema: JSONSchemaProps): string[] {
  return pruneValue(object, { ...schema, 'x-kubernetes-embedded-resource': true });
}

/** The same for a value within an object. */
export function pruneValue(value: unknown, schema: JSONSchemaProps): string[] {
  const pruner = new Pruner();
  pruner.value(value, schema, '');
  return pruner.unknown.sort();
}

class Pruner {
  readonly unknown: string[] = [];

  value(value: unknown, schema: JSONSchemaProps | undefined, path: string): void {
    if (schema?.['x-kubernetes-preserve-unknown-fields']) this.#open(value, schema, path);
    else if (Array.isArray(value)) this.#list(value, schema, path);
    else if (isObject(value)) this.#object(value, schema, path);
  }

  #list(list: unknown[], schema: JSONSchemaProps | undefined, path: string): void {
    const items = schema && itemsOf(schema);
    for (let i = 0; i < list.length; i++) this.value(list[i], items, `${path}[${i}]`);
  }

  #object(object: Json, schema: JSONSchemaProps | undefined, path: string): void {
    for (const key of Object.keys(object)) {
      if (schema?.['x-kubernetes-embedded-resource'] && metaFields.has(key)) continue;
      const property = schema && propertyOf(schema, key);
      if (property) this.value(object[key], property, `${path}.${key}`);
      else if (schema?.additionalProperties !== undefined) {
        this.value(object[key], valuesOf(schema), `${path}.${key}`);
      } else {
        this.unknown.push(`${path}.${key}`.slice(1));
        delete object[key];
      }
    }
  }

  /** Where unknown fields stay, those that the schema does know are pruned nevertheless. */
  #open(value: unknown, schema: JSONSchemaProps | undefined, path: string): void {
    if (!schema) return;
    if (Array.isArray(value)) {
      const items = itemsOf(schema);
      for (let i = 0; i < value.length; i++) this.#open(value[i], items, `${path}[${i}]`);
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) this.#openField(value, key, schema, path);
    }
  }

  #openField(object: Json, key: string, schema: JSONSchemaProps, path: string): void {
    if (schema['x-kubernetes-embedded-resource'] && metaFields.has(key)) return;
    const property = propertyOf(schema, key);
    if (property) this.value(object[key], property, `${path}.${key}`);
    else if (schema.additionalProperties !== undefined) {
      this.value(object[key], valuesOf(schema), `${path}.${key}`);
    }
  }
}
