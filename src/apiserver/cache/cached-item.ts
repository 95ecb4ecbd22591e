import type { KubernetesObject } from '../../api/resource.ts';
import type { CachedObject } from '../request.ts';
import { deepFreeze } from '../../machinery/deep-freeze.ts';
import { type EntryOnDemand, isOnDemand } from '../../store/store.ts';
import {
  decodeLean,
  decodeMetadata,
  decodeStored,
  isOwn,
  jsonBytes,
  leanJson,
  type StoredForm,
  storedJsonOf,
  takeOver,
  withManagedFields,
  writeJson,
} from './encoding.ts';

/** What the items of one resource share. */
export interface ItemCodec {
  /** Values that field selectors know besides name and namespace. */
  selectableFields?(object: KubernetesObject): Record<string, string>;
  /** What another server has stored, in the version that this one knows. */
  upgrade?: ((foreign: KubernetesObject) => KubernetesObject) | undefined;
  /** The protobuf message, without an envelope and a character a byte, of an object by its JSON, the first `length` bytes of `json`. */
  encodeProtobuf(json: Buffer, length: number): string;
  /** Freezes what is handed out, so that a write into a shared object is found. */
  freeze: boolean;
}

/** What of an object selectors ask for. */
export interface Selectable {
  labels: boolean;
  fields: boolean;
}

/** How many items keep their decoded objects: what has just been written, or read, is mostly read again at once. */
const decodedItems = 256;

/**
 * One version of one object. Its JSON is kept, and its protobuf once somebody has asked for it; the decoded object only
 * for a moment, and its lean form as long as informers in this process share it, so an object that nobody looks at costs little more
 * than its JSON. Where the store reads on demand, what it held when the server started stays there, and costs next to nothing.
 */
export class CachedItem implements CachedObject {
  static readonly #decoded: (CachedItem | undefined)[] = Array.from(
    { length: decodedItems },
    () => undefined,
  );
  static #next = 0;
  readonly key: string;
  readonly revision: number;
  readonly #codec: ItemCodec;
  /** Of what is read on demand: only what `encodeStored` made. */
  #form: StoredForm | EntryOnDemand;
  readonly #bytes: number;
  /** Held for a moment by its place in a ring, not weakly: a weak reference takes what is young for used. */
  #object: KubernetesObject | undefined;
  #lean: WeakRef<KubernetesObject> | undefined;
  #protobuf: string | undefined;
  #labels: Record<string, string> | undefined;
  #fields: Record<string, string> | undefined;

  /** Throws where the bytes hold no object. */
  constructor(key: string, revision: number, stored: StoredForm | EntryOnDemand, codec: ItemCodec) {
    this.key = key;
    this.revision = revision;
    this.#codec = codec;
    const bytes = isOnDemand(stored) ? stored.passing : stored;
    const known = bytes instanceof Uint8Array ? takeOver(bytes) : { json: bytes };
    // What another server has stored is put into our form at once: its length is that of another text.
    const json =
      known?.json ??
      (isOwn(bytes as Uint8Array) ? undefined : storedJsonOf(bytes as Uint8Array, codec.upgrade));
    this.#form = json ?? stored;
    this.#bytes = jsonBytes(json ?? bytes, revision);
    if (!known?.object) return;
    known.object.metadata.resourceVersion = String(revision);
    this.#keep(known.object);
  }

  get #stored(): StoredForm {
    return isOnDemand(this.#form) ? this.#form.passing : this.#form;
  }

  /** Whether it is read from the store each time. */
  get isInStore(): boolean {
    return isOnDemand(this.#form);
  }

  /** Lets such an item last when the store no longer has it. `value` is what the store has of it. */
  keep(value: Uint8Array): void {
    this.#form = value;
  }

  get object(): KubernetesObject {
    return this.#object ?? this.#keep(this.#ofLean() ?? this.copy());
  }

  /** What informers share of the object, completed. */
  #ofLean(): KubernetesObject | undefined {
    const lean = this.#lean?.deref();
    if (!lean || isOnDemand(this.#form) || this.#form instanceof Uint8Array) return undefined;
    return withManagedFields(lean, this.#form);
  }

  #keep(object: KubernetesObject): KubernetesObject {
    if (this.#codec.freeze) deepFreeze(object);
    this.#object = object;
    const oldest = CachedItem.#decoded[CachedItem.#next];
    if (oldest) oldest.#object = undefined;
    CachedItem.#decoded[CachedItem.#next] = this;
    CachedItem.#next = (CachedItem.#next + 1) % decodedItems;
    return object;
  }

  get lean(): KubernetesObject {
    const known = this.#lean?.deref();
    if (known) return known;
    // Whoever keeps it lets others share its managed fields.
    if (this.#form instanceof Uint8Array) this.#form = storedJsonOf(this.#form);
    const whole = this.#object;
    const lean = whole ? withoutManagedFields(whole) : decodeLean(this.#stored, this.revision);
    if (this.#codec.freeze) deepFreeze(lean);
    this.#lean = new WeakRef(lean);
    return lean;
  }

  get leanJson(): string {
    return leanJson(this.#stored, this.revision);
  }

  get metadataOnly(): KubernetesObject {
    const object = decodeMetadata(this.#stored, this.revision);
    if (this.#codec.freeze) deepFreeze(object);
    return object;
  }

  /** A fresh copy that the caller may change. */
  copy(): KubernetesObject {
    return decodeStored(this.#stored, this.revision);
  }

  get jsonBytes(): number {
    return this.#bytes;
  }

  json(): Uint8Array {
    const out = Buffer.allocUnsafe(this.jsonBytes);
    this.writeJson(out, 0, 0);
    return out;
  }

  writeJson(out: Buffer, at: number, skip: number): number {
    return writeJson(this.#stored, this.revision, { out, at, skip });
  }

  get hasProtobuf(): boolean {
    return this.#protobuf !== undefined;
  }

  protobuf(): string {
    if (this.#protobuf === undefined) {
      if (scratch.length < this.#bytes) scratch = Buffer.allocUnsafe(this.#bytes * 2);
      this.#protobuf = this.#codec.encodeProtobuf(scratch, this.writeJson(scratch, 0, 0));
    }
    return this.#protobuf;
  }

  get labels(): Record<string, string> {
    return (this.#labels ??= labelsOf(this.#selected()));
  }

  /** The value of a selectable field; undefined for a field that the kind does not have. */
  field(name: string): string | undefined {
    // By far the most frequent question, and one for which nothing need be decoded.
    if (name === 'metadata.name') return this.key.slice(this.key.lastIndexOf('/') + 1);
    this.#fields ??= this.#fieldsOf(this.#selected());
    return this.#fields[name];
  }

  /** Reads what selectors ask for, ahead of them. Tells whether it had to be read: that takes as long as a small request. */
  read({ labels, fields }: Selectable): boolean {
    if ((!labels || this.#labels) && (!fields || this.#fields)) return false;
    const object = this.#selected();
    if (labels) this.#labels ??= labelsOf(object);
    if (fields) this.#fields ??= this.#fieldsOf(object);
    return true;
  }

  /** The object for selectors to look at. It is not kept: most are not what they look for. */
  #selected(): KubernetesObject {
    return this.#object ?? this.#lean?.deref() ?? decodeLean(this.#stored, this.revision);
  }

  #fieldsOf(object: KubernetesObject): Record<string, string> {
    return { ...this.#codec.selectableFields?.(object), ...identity(object) };
  }

  /** The same state under the revision of a later event: what a DELETED event carries. */
  at(revision: number): CachedItem {
    return new CachedItem(this.key, revision, this.#form, this.#codec);
  }
}

/** Where JSON stands while protobuf is made of it. */
let scratch = Buffer.allocUnsafe(64 * 1024);

const none: Record<string, string> = Object.freeze({});

const labelsOf = ({ metadata }: KubernetesObject) => metadata.labels ?? none;

const identity = ({ metadata }: KubernetesObject) => ({
  'metadata.name': metadata.name ?? '',
  'metadata.namespace': metadata.namespace ?? '',
});

function withoutManagedFields(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
