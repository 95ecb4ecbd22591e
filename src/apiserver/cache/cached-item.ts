import type { KubernetesObject } from '../../api/resource.ts';
import type { CachedObject } from '../request.ts';
import { decodeStored, takeOver, withRevision } from './encoding.ts';

/** What the items of one resource share. */
export interface ItemCodec {
  /** Values that field selectors know besides name and namespace. */
  selectableFields?(object: KubernetesObject): Record<string, string>;
  /** The object's protobuf message with its envelope. */
  encodeProtobuf(object: KubernetesObject): Uint8Array;
  /** Freezes what is handed out, so that a write into a shared object is found. */
  freeze: boolean;
}

/**
 * One version of one object. The JSON bytes are kept; the decoded object only as long as somebody uses it (informers
 * in this process share it), so an object that nobody looks at costs little more than its bytes.
 */
export class CachedItem implements CachedObject {
  readonly key: string;
  readonly revision: number;
  readonly #codec: ItemCodec;
  readonly #json: Uint8Array;
  #object: WeakRef<KubernetesObject> | undefined;
  #protobuf: WeakRef<Uint8Array> | undefined;
  #labels: Record<string, string> | undefined;
  #fields: Record<string, string> | undefined;

  constructor(key: string, revision: number, stored: Uint8Array, codec: ItemCodec) {
    this.key = key;
    this.revision = revision;
    this.#codec = codec;
    this.#json = withRevision(stored, revision);
    const object = takeOver(stored, revision);
    if (object) this.#keep(object);
  }

  get object(): KubernetesObject {
    const known = this.#object?.deref();
    if (known) return known;
    return this.#keep(decodeStored(this.#json));
  }

  #keep(object: KubernetesObject): KubernetesObject {
    if (this.#codec.freeze) deepFreeze(object);
    this.#object = new WeakRef(object);
    return object;
  }

  /** A fresh copy that the caller may change. */
  copy(): KubernetesObject {
    return decodeStored(this.#json);
  }

  json(): Uint8Array {
    return this.#json;
  }

  protobuf(): Uint8Array {
    const known = this.#protobuf?.deref();
    if (known) return known;
    const bytes = this.#codec.encodeProtobuf(this.object);
    this.#protobuf = new WeakRef(bytes);
    return bytes;
  }

  get labels(): Record<string, string> {
    this.#labels ??= this.object.metadata.labels ?? none;
    return this.#labels;
  }

  /** The value of a selectable field; undefined for a field that the kind does not have. */
  field(name: string): string | undefined {
    this.#fields ??= { ...this.#codec.selectableFields?.(this.object), ...identity(this.object) };
    return this.#fields[name];
  }

  /** The same state under the revision of a later event: what a DELETED event carries. */
  at(revision: number): CachedItem {
    return new CachedItem(this.key, revision, this.#json, this.#codec);
  }
}

const none: Record<string, string> = Object.freeze({});

const identity = ({ metadata }: KubernetesObject) => ({
  'metadata.name': metadata.name ?? '',
  'metadata.namespace': metadata.namespace ?? '',
});

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
}
