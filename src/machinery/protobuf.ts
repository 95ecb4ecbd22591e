import type { KubernetesObject } from '../api/resource.ts';
import { ConformError, conform } from './conform.ts';
import { parseJson } from './exact-json.ts';
import { decodeMessage } from './protobuf/decode.ts';
import { encodeMessage } from './protobuf/encode.ts';
import { transcode } from './protobuf/transcode.ts';
import { BackwardWriter, ProtobufError } from './protobuf/wire.ts';
import {
  findType,
  formatApiVersion,
  type GroupVersionKind,
  kindSchema,
  parseApiVersion,
  type TypeSchema,
  typeSchema,
} from './schema.ts';
import { borrowMemory } from '../platform/lent-memory.ts';
import { groupsOf, type Pieces } from '../platform/pieces.ts';
import { badRequest } from './status-error.ts';
import { checkValueCount } from './value-count.ts';

/*
 * `application/vnd.kubernetes.protobuf`: four magic bytes, and a `runtime.Unknown` that says what kind its `raw` bytes
 * are of.
 */

type Json = Record<string, unknown>;

const magic = Buffer.from('k8s\0');
const unknownType = () => typeSchema('io.k8s.apimachinery.pkg.runtime.Unknown');

/** The type of a kind; also of the options that only query strings and protobuf know as kinds. */
function typeOf(gvk: GroupVersionKind): TypeSchema | undefined {
  const known = kindSchema(gvk) ?? findType(`io.k8s.apimachinery.pkg.apis.meta.v1.${gvk.kind}`);
  return known ?? findType(`io.k8s.api.${gvk.group.split('.')[0] || 'core'}.${gvk.version}.${gvk.kind}`);
}

function gvkOf(object: { apiVersion?: unknown; kind?: unknown }): GroupVersionKind | undefined {
  const version = parseApiVersion(String(object.apiVersion ?? ''));
  return version && { ...version, kind: String(object.kind ?? '') };
}

/** The message of an object alone, as it stands in a list; its kind is not part of it. */
export function encodeProtobufMessage(object: object, gvk: GroupVersionKind): Uint8Array {
  const type = typeOf(gvk);
  if (!type) throw new Error(`${gvk.kind} has no protobuf form`);
  return encodeMessage(object as Json, type);
}

/**
 * The same of an object's JSON, which are the first `length` bytes of `json`, as `JSON.stringify` writes it. The message is text with a
 * character a byte: to keep, that is less than an array of bytes.
 */
export function transcodeProtobuf(json: Buffer, length: number, gvk: GroupVersionKind): string {
  const type = typeOf(gvk);
  if (!type) throw new Error(`${gvk.kind} has no protobuf form`);
  const message = transcode(json, length, type);
  if (message !== undefined) return message;
  return Buffer.from(encodeMessage(parseJson(json.toString('utf8', 0, length)) as Json, type)).toString(
    'latin1',
  );
}

/** Puts a message into the envelope that says its kind. */
export function wrapProtobuf(kind: { apiVersion: string; kind: string }, message: Uint8Array): Uint8Array {
  const out = new BackwardWriter(message.length + envelopeBytes);
  out.raw(envelopeEnd);
  out.bytes(2, message);
  writeKind(out, kind);
  return out.release();
}

/** What an envelope takes, with something to spare. */
const envelopeBytes = 256;

/** The empty encoding and type of the content, fields 3 and 4. */
const envelopeEnd = Buffer.from([0x1a, 0, 0x22, 0]);

function writeKind(out: BackwardWriter, kind: object): void {
  out.bytes(1, encodeMessage(kind as Json, typeSchema('io.k8s.apimachinery.pkg.runtime.TypeMeta')));
  out.raw(magic);
}

/** An object of a built-in kind, list kinds among them, as protobuf with its envelope. */
export function encodeProtobuf(object: object): Uint8Array {
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string };
  const gvk = gvkOf({ apiVersion, kind });
  if (!gvk) throw new Error(`malformed apiVersion ${apiVersion}`);
  return wrapProtobuf({ apiVersion, kind }, encodeProtobufMessage(object, gvk));
}

/**
 * A list with its envelope, from the messages of its items as `transcodeProtobuf` gives them: nothing is encoded twice. Pieces are in
 * borrowed memory.
 */
export function joinProtobufList(
  kind: { apiVersion: string; kind: string },
  listMeta: object,
  items: readonly string[],
): Pieces {
  const itemsBytes = items.reduce((sum, item) => sum + itemBytes(item), 0);
  const head = new BackwardWriter(envelopeBytes);
  head.bytes(1, encodeMessage(listMeta as Json, typeSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta')));
  head.head(2, head.length + itemsBytes);
  writeKind(head, kind);
  const length = head.length + itemsBytes + envelopeEnd.length;
  return { length, make: () => listPieces(head.release(), items) };
}

/** What stands before the items goes with the first of them, what stands behind with the last. */
function* listPieces(head: Uint8Array, items: readonly string[]): Iterable<Uint8Array> {
  if (items.length === 0) yield Buffer.concat([head, envelopeEnd]);
  let left = items.length;
  for (const { group, bytes } of groupsOf(items, itemBytes)) {
    const isFirst = left === items.length;
    left -= group.length;
    const out = new BackwardWriter(borrowMemory(bytes + head.length + envelopeEnd.length));
    if (left === 0) out.raw(envelopeEnd);
    for (let i = group.length - 1; i >= 0; i--) out.byteText(2, group[i] as string);
    if (isFirst) out.raw(head);
    yield out.release();
  }
}

/** What an item takes in a list: a tag, its length and itself. */
function itemBytes({ length }: string): number {
  let bytes = 2 + length;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/**
 * One frame of a watch as protobuf: four bytes of length, and a WatchEvent whose object is `object`, protobuf with its
 * envelope.
 */
export function frameProtobufEvent(type: string, object: Uint8Array): Uint8Array {
  const event = encodeMessage(
    { type, object },
    typeSchema('io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent'),
  );
  const frame = new Uint8Array(event.length + 4);
  new DataView(frame.buffer).setUint32(0, event.length);
  frame.set(event, 4);
  return frame;
}

/** What the envelope says: the kind, as far as it names one, and the message. Throws ProtobufError in upstream's words. */
export function unwrapProtobuf(bytes: Uint8Array): { gvk: Partial<GroupVersionKind>; raw: Uint8Array } {
  if (bytes.length === 0) throw new ProtobufError('empty data');
  if (!magic.equals(bytes.subarray(0, 4))) {
    const text = 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]';
    throw new ProtobufError(text);
  }
  if (bytes.length === magic.length) throw new ProtobufError('empty body');
  const unknown = decodeMessage(bytes.subarray(4), unknownType());
  const typeMeta = (unknown.typeMeta ?? {}) as { apiVersion?: string; kind?: string };
  const version = typeMeta.apiVersion ? parseApiVersion(typeMeta.apiVersion) : undefined;
  const raw = Buffer.from((unknown.raw ?? '') as string, 'base64');
  return { gvk: { ...version, ...(typeMeta.kind && { kind: typeMeta.kind }) }, raw };
}

/** The object of a message, in the form of its type. Throws ProtobufError or ConformError. */
export function decodeProtobufMessage(raw: Uint8Array, gvk: GroupVersionKind): KubernetesObject {
  const type = typeOf(gvk);
  if (!type) {
    const text = `no kind "${gvk.kind}" is registered for version "${formatApiVersion(gvk)}" in scheme`;
    throw new ProtobufError(text);
  }
  const message = decodeMessage(raw, type);
  checkValueCount(message, raw.length);
  const { value } = conform(message, type.name);
  if (type.fields.has('metadata')) value.metadata ??= {};
  return { apiVersion: formatApiVersion(gvk), kind: gvk.kind, ...value } as unknown as KubernetesObject;
}

/**
 * The object of protobuf with its envelope; what the envelope does not say is as `expected`. Throws a BadRequest for
 * bytes that are none.
 */
export function decodeProtobuf(
  bytes: Uint8Array,
  expected?: GroupVersionKind,
): { object: KubernetesObject; gvk: GroupVersionKind } {
  try {
    const { gvk, raw } = unwrapProtobuf(bytes);
    const complete = { group: '', version: '', kind: '', ...expected, ...gvk };
    return { object: decodeProtobufMessage(raw, complete), gvk: complete };
  } catch (error) {
    if (error instanceof ProtobufError || error instanceof ConformError) throw badRequest(error.message);
    throw error;
  }
}
