import type { KubernetesObject } from '../../api/resource.ts';
import { dropUndefined } from './json-value.ts';

const marker = Buffer.from('"resourceVersion":"');

/** What encoded objects were made of, for whoever takes the bytes into a cache: it need not read them again. */
const handedOver = new WeakMap<Uint8Array, KubernetesObject>();

/**
 * The JSON of an object as it is stored: `kind` and `apiVersion` first, `metadata.resourceVersion` an empty string,
 * since the revision is only known once the commit is done. Nothing but plain strings stands before it in
 * metadata, so the first occurrence of the marker is the right one. The caller gives the object away.
 */
export function encodeStored(object: KubernetesObject): Uint8Array {
  const stored = ordered(object, '');
  dropUndefined(stored);
  const bytes = Buffer.from(JSON.stringify(stored));
  handedOver.set(bytes, stored);
  return bytes;
}

const headFields = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion'] as const;

/** The object with its fields in the order in which upstream writes the head of an object. */
export function ordered<T extends KubernetesObject>(object: T, resourceVersion: string | undefined): T {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { selfLink: _, ...known } = { ...metadata, resourceVersion };
  const head: Record<string, unknown> = {};
  for (const field of headFields) if (known[field] !== undefined) head[field] = known[field];
  for (const [field, value] of Object.entries(known)) if (value !== undefined) head[field] = value;
  return { kind, apiVersion, metadata: head, ...rest } as unknown as T;
}

/** Stored bytes with their revision filled in: what clients are sent. */
export function withRevision(stored: Uint8Array, revision: number): Uint8Array {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const at = bytes.indexOf(marker) + marker.length;
  const digits = String(revision);
  const end = bytes.indexOf(0x22, at);
  const out = new Uint8Array(bytes.length - (end - at) + digits.length);
  out.set(bytes.subarray(0, at));
  for (let i = 0; i < digits.length; i++) out[at + i] = digits.charCodeAt(i);
  out.set(bytes.subarray(end), at + digits.length);
  return out;
}

/** Reads an object from its JSON. */
export function decodeStored(bytes: Uint8Array): KubernetesObject {
  return JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
  ) as KubernetesObject;
}

/** The object that `stored` was made of, once, at the revision it got. */
export function takeOver(stored: Uint8Array, revision: number): KubernetesObject | undefined {
  const object = handedOver.get(stored);
  if (!object) return undefined;
  handedOver.delete(stored);
  object.metadata.resourceVersion = String(revision);
  return object;
}
