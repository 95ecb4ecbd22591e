import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { printJson } from '../../../machinery/exact-json.ts';
import { childOf, isObject, itemsOf } from './structure.ts';

/**
 * A value beside the one that stood in its place before an update: what has not changed may break rules that are newer than
 * it. Elements of lists have a past only where keys tell them apart, and then their order is no change; fields have one where
 * the schema knows them, as upstream has it.
 */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly #schema: JSONSchemaProps | undefined;
  #unchanged: boolean | undefined;
  #oldItems: Map<string, unknown> | undefined;

  constructor(value: unknown, old: unknown, schema: JSONSchemaProps | undefined) {
    this.value = value;
    this.old = old;
    this.#schema = schema;
  }

  get unchanged(): boolean {
    this.#unchanged ??= this.#isUnchanged();
    return this.#unchanged;
  }

  #isUnchanged(): boolean {
    const { value, old } = this;
    if (Array.isArray(value) && Array.isArray(old) && this.#schema && mergeKeys(this.#schema))
      return value.length === old.length && value.every((_, i) => this.index(i)?.unchanged);
    if (!isObject(value) || !isObject(old)) return deepEqual(value, old);
    const keys = Object.keys(value);
    return keys.length === Object.keys(old).length && keys.every((key) => this.key(key)?.unchanged);
  }

  key(name: string): Correlation | undefined {
    if (!isObject(this.value) || !isObject(this.old) || !Object.hasOwn(this.old, name)) return undefined;
    const schema = childOf(this.#schema, name);
    return schema && new Correlation(this.value[name], this.old[name], schema);
  }

  index(index: number): Correlation | undefined {
    if (!Array.isArray(this.value) || !Array.isArray(this.old) || !this.#schema) return undefined;
    const keys = mergeKeys(this.#schema);
    if (!keys) return undefined;
    const item = this.value[index];
    this.#oldItems ??= indexed(this.old, keys);
    const identity = identityOf(item, keys);
    if (!this.#oldItems.has(identity)) return undefined;
    return new Correlation(item, this.#oldItems.get(identity), itemsOf(this.#schema));
  }
}

function mergeKeys(schema: JSONSchemaProps): readonly string[] | undefined {
  return schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined;
}

const identityOf = (item: unknown, keys: readonly string[]) =>
  printJson(keys.map((key) => (isObject(item) ? item[key] : undefined)));

function indexed(items: readonly unknown[], keys: readonly string[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of items) {
    const identity = identityOf(item, keys);
    if (!found.has(identity)) found.set(identity, item);
  }
  return found;
}
