import type { Status } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import type { CachedObject, ListAnswer } from '../request.ts';
import type { Format } from './negotiate.ts';

/** Writers for what is not JSON, handed in by the composition. */
export interface Codecs {
  /** Any object of a known kind as protobuf with its envelope. Throws 406 where the kind has no protobuf form. */
  protobuf(object: object): Uint8Array;
  /** A list of cached objects as protobuf with its envelope. */
  protobufList(list: ListAnswer): Uint8Array;
  yaml(value: unknown): string;
}

const newline = Buffer.from('\n');
const comma = Buffer.from(',');
const brace = Buffer.from('{');
const listEnd = Buffer.from(']}\n');

/** An object that may stand in a cache, where its bytes are ready. */
export interface Encodable {
  object: KubernetesObject | Status;
  cached?: CachedObject;
}

const parsed = (cached: CachedObject) => cached.object;

/** An object in the wanted format. */
export function encodeObject(value: Encodable, format: Format, codecs: Codecs): Uint8Array[] {
  if (format.encoding === 'protobuf') return [value.cached?.protobuf() ?? codecs.protobuf(value.object)];
  if (format.encoding === 'yaml') return [Buffer.from(codecs.yaml(value.object))];
  if (format.pretty) return [Buffer.from(JSON.stringify(value.object, null, 2))];
  return [value.cached?.json() ?? Buffer.from(JSON.stringify(value.object)), newline];
}

/** A list in the wanted format. `typed`: items do not repeat their kind and version, as for all built-in kinds. */
export function encodeList(
  list: ListAnswer,
  format: Format,
  options: { typed: boolean; codecs: Codecs },
): Uint8Array[] {
  const { typed, codecs } = options;
  if (format.encoding === 'protobuf') return [codecs.protobufList(list)];
  if (format.encoding === 'json' && !format.pretty) return listBytes(list, typed);
  const items = list.items.map(parsed).map((item) => (typed ? withoutType(item) : item));
  const { kind, apiVersion, metadata } = list;
  const whole = { kind, apiVersion, metadata, items };
  if (format.encoding === 'yaml') return [Buffer.from(codecs.yaml(whole))];
  return [Buffer.from(JSON.stringify(whole, null, 2))];
}

function withoutType({ kind: _, apiVersion: __, ...rest }: KubernetesObject): object {
  return rest;
}

/** The list as a concatenation of its items' bytes: nothing is decoded or encoded. */
function listBytes({ kind, apiVersion, metadata, items }: ListAnswer, typed: boolean): Uint8Array[] {
  const head = JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1);
  const chunks: Uint8Array[] = [Buffer.from(`${head},"items":[`)];
  let first = true;
  const prefix = typed ? typePrefix(items[0]?.object) : undefined;
  for (const item of items) {
    if (!first) chunks.push(comma);
    first = false;
    const json = item.json();
    if (prefix && startsWith(json, prefix)) chunks.push(brace, json.subarray(prefix.length));
    else chunks.push(json);
  }
  chunks.push(listEnd);
  return chunks;
}

/** How the JSON of objects of this kind and version begins. */
function typePrefix(object: KubernetesObject | undefined): Buffer | undefined {
  return object && Buffer.from(`{"kind":"${object.kind}","apiVersion":"${object.apiVersion}",`);
}

const startsWith = (json: Uint8Array, prefix: Buffer) =>
  json.length > prefix.length && prefix.compare(json, 0, prefix.length) === 0;
