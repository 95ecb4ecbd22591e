import type { KubernetesObject } from '../../api/resource.ts';
import { dropUndefined } from './json-value.ts';

const marker = '"resourceVersion":"';

/**
 * The JSON of an object as it is stored: `kind` and `apiVersion` first, `metadata.resourceVersion` an empty string,
 * since the revision is only known once the commit is done. A string that holds nothing but ASCII takes a byte a character.
 */
export interface StoredJson {
  text: string;
  /** Where in the text the revision belongs. All before it is ASCII. */
  revisionAt: number;
  /** Length of the text as UTF-8. */
  bytes: number;
}

/** What stored bytes were made of, for whoever takes them into a cache: it need not read them again. */
const handedOver = new WeakMap<Uint8Array, { object: KubernetesObject; json: StoredJson }>();

/** The bytes to store of an object. The caller gives the object away. */
export function encodeStored(object: KubernetesObject): Uint8Array {
  const stored = ordered(object, '');
  dropUndefined(stored);
  const json = storedJson(JSON.stringify(stored));
  const bytes = toBytes(json);
  handedOver.set(bytes, { object: stored, json });
  return bytes;
}

/**
 * Nothing but plain strings stands before it in metadata, so the first occurrence of the marker is the right one.
 */
function storedJson(text: string): StoredJson {
  return { text, revisionAt: text.indexOf(marker) + marker.length, bytes: Buffer.byteLength(text) };
}

const slabBytes = 256 * 1024;
let slab = Buffer.alloc(0);
let slabUsed = 0;

/** Many writes share one allocation, which lasts as long as the last of them waits for the disk. */
function toBytes(json: StoredJson): Uint8Array {
  if (json.bytes > slabBytes / 8) return Buffer.from(json.text);
  if (slabUsed + json.bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    slabUsed = 0;
  }
  const out = slab.subarray(slabUsed, slabUsed + json.bytes);
  slabUsed += json.bytes;
  writeText(json, out, 0);
  return out;
}

function writeText({ text, bytes }: StoredJson, out: Buffer, at: number): void {
  if (bytes === text.length) out.write(text, at, 'latin1');
  else out.write(text, at, 'utf8');
}

const headFields = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion'] as const;

/** The object with its fields in the order in which upstream writes the head of an object. */
export function ordered<T extends KubernetesObject>(object: T, resourceVersion: string | undefined): T {
  const from = object.metadata as Record<string, unknown>;
  const metadata: Record<string, unknown> = {};
  for (const field of headFields) {
    const value = field === 'resourceVersion' ? resourceVersion : from[field];
    if (value !== undefined) metadata[field] = value;
  }
  for (const field in from) {
    if (field in metadata || field === 'selfLink' || field === 'resourceVersion') continue;
    if (from[field] !== undefined) metadata[field] = from[field];
  }
  const result: Record<string, unknown> = { kind: object.kind, apiVersion: object.apiVersion, metadata };
  for (const field in object) if (!(field in result)) result[field] = object[field as keyof T];
  return result as unknown as T;
}

/** The JSON that stored bytes hold, and the object they were made of where that is at hand: once. */
export function takeOver(stored: Uint8Array): { json: StoredJson; object?: KubernetesObject } {
  const known = handedOver.get(stored);
  if (known) handedOver.delete(stored);
  return known ?? { json: storedJsonOf(stored) };
}

/** The JSON that stored bytes hold. */
export function storedJsonOf(stored: Uint8Array): StoredJson {
  return storedJson(Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString());
}

/** The length of what `writeJson` writes where it skips nothing. */
export const jsonBytes = (json: StoredJson, revision: number) => json.bytes + String(revision).length;

/**
 * Writes the JSON of a stored object with its revision filled in, what clients are sent, into `out` at `at`: all but
 * its first `skip` bytes, which must come before the revision. Gives where it ends.
 */
export function writeJson(
  json: StoredJson,
  revision: number,
  { out, at, skip }: { out: Buffer; at: number; skip: number },
): number {
  const digits = String(revision);
  const text = skip > 0 ? json.text.slice(skip) : json.text;
  const bytes = json.bytes - skip;
  const head = json.revisionAt - skip;
  // All of it behind the room for the digits, then the short head before them.
  writeText({ text, bytes, revisionAt: head }, out, at + digits.length);
  out.copyWithin(at, at + digits.length, at + digits.length + head);
  out.write(digits, at + head, 'latin1');
  return at + digits.length + bytes;
}

/** Reads a stored object. */
export function decodeStored({ text }: StoredJson, revision: number): KubernetesObject {
  const object = JSON.parse(text) as KubernetesObject;
  object.metadata.resourceVersion = String(revision);
  return object;
}
