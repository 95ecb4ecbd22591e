import type { Status } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { printJson } from '../../machinery/exact-json.ts';
import type { CachedObject, ListAnswer } from '../request.ts';
import type { Format } from './negotiate.ts';
import { borrowMemory } from '../../platform/lent-memory.ts';
import { groupsOf, type Pieces, piecesOf } from '../../platform/pieces.ts';

/** Writers for what is not JSON, handed in by the composition. */
export interface Codecs {
  /**
   * Any object of a known kind as protobuf with its envelope, around its message (a character a byte) where that is at hand. Throws 406
   * where the kind has no protobuf form.
   */
  protobuf(object: object, message?: string): Uint8Array;
  /** A list of cached objects as protobuf with its envelope. */
  protobufList(list: ListAnswer): Pieces;
  yaml(value: unknown): string;
}

const listEnd = ']}\n';
/** Larger lists are never indented. */
const mostPrettyBytes = 100 << 20;
const [brace, comma, lineEnd] = [0x7b, 0x2c, 0x0a];

/** An object that may stand in a cache, where its bytes are ready. */
export interface Encodable {
  object: KubernetesObject | Status;
  cached?: CachedObject;
}

const parsed = (cached: CachedObject) => cached.object;

/** An object in the wanted format, and nothing after it. */
export function encodeBare(value: Encodable, format: Format, codecs: Codecs): Uint8Array {
  const { object, cached } = value;
  if (format.encoding === 'protobuf') return codecs.protobuf(object, cached?.protobuf());
  if (format.encoding === 'yaml') return Buffer.from(codecs.yaml(object));
  if (format.pretty) return Buffer.from(printJson(object, 2));
  return cached?.json() ?? Buffer.from(printJson(object));
}

/** An object in the wanted format, as an answer: JSON in one line ends it. */
export function encodeObject(value: Encodable, format: Format, codecs: Codecs): Uint8Array[] {
  const { object, cached } = value;
  if (format.encoding !== 'json' || format.pretty) return [encodeBare(value, format, codecs)];
  if (!cached) return [Buffer.from(`${printJson(object)}\n`)];
  const out = Buffer.allocUnsafe(cached.jsonBytes + 1);
  out[cached.writeJson(out, 0, 0)] = lineEnd;
  return [out];
}

/** A list in the wanted format. `typed`: items do not repeat their kind and version, as for all built-in kinds. */
export function encodeList(
  list: ListAnswer,
  format: Format,
  options: { typed: boolean; codecs: Codecs },
): Pieces {
  const { typed, codecs } = options;
  if (format.encoding === 'protobuf') return codecs.protobufList(list);
  if (format.encoding === 'json' && (!format.pretty || isHuge(list))) return jsonList(list, typed);
  const items = list.items.map(parsed).map((item) => (typed ? withoutType(item) : item));
  const { kind, apiVersion, metadata } = list;
  const whole = { kind, apiVersion, metadata, items };
  if (format.encoding === 'yaml') return piecesOf([Buffer.from(codecs.yaml(whole))]);
  return piecesOf([Buffer.from(printJson(whole, 2))]);
}

/** Too large to be read by people, and to be one text: that has at most half a gigabyte. */
const isHuge = ({ items }: ListAnswer) =>
  items.reduce((sum, { jsonBytes }) => sum + jsonBytes, 0) > mostPrettyBytes;

function withoutType({ kind: _, apiVersion: __, ...rest }: KubernetesObject): object {
  return rest;
}

/** The list as a concatenation of its items' JSON: nothing is decoded or encoded. */
function jsonList({ kind, apiVersion, metadata, items }: ListAnswer, typed: boolean): Pieces {
  const head = `${printJson({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`;
  const skip = typed && items[0] ? typePrefixBytes(items[0].object) : 0;
  // With the comma behind it.
  const sizeOf = (item: CachedObject) => item.jsonBytes - Math.max(0, skip - 1) + 1;
  let length = Buffer.byteLength(head) + listEnd.length - Math.min(1, items.length);
  for (const item of items) length += sizeOf(item);
  return { length, make: () => jsonPieces({ head, items, skip, sizeOf }) };
}

function* jsonPieces(list: {
  head: string;
  items: readonly CachedObject[];
  skip: number;
  sizeOf(item: CachedObject): number;
}): Iterable<Uint8Array> {
  const { head, items, skip, sizeOf } = list;
  if (items.length === 0) return yield Buffer.from(`${head}${listEnd}`);
  let begin = head;
  let left = items.length;
  for (const { group, bytes } of groupsOf(items, sizeOf)) {
    left -= group.length;
    const out = borrowMemory(Buffer.byteLength(begin) + bytes + listEnd.length);
    let at = out.write(begin, 0, 'utf8');
    for (const item of group) {
      if (skip > 0) out[at++] = brace;
      at = item.writeJson(out, at, skip);
      out[at++] = comma;
    }
    if (left === 0) at += out.write(listEnd, at - 1, 'latin1') - 1;
    yield out.subarray(0, at);
    begin = '';
  }
}

/** How much of the JSON of a resource's objects is their kind and version, which come first. Both are ASCII. */
const typePrefixBytes = ({ kind, apiVersion }: KubernetesObject) =>
  `{"kind":"${kind}","apiVersion":"${apiVersion}",`.length;
