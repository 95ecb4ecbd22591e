import type { KubernetesObject } from '../../api/resource.ts';
import { internalError } from '../../machinery/status-error.ts';
import { CachedItem, type ItemCodec } from '../cache/cached-item.ts';
import { encodeStored } from '../cache/encoding.ts';
import type { Kind, StorageCodec } from './kind.ts';
import { stampType } from './metadata.ts';
import type { Registry } from './registry.ts';

type Presenter = Pick<Registry, 'present' | 'prepare' | 'prepares'>;

/** How stored objects get the form that clients of a kind see. */
export function presenterOf(view: Kind, codec: ItemCodec): Presenter {
  if (view.codec) return decoding(new Decoder(view, view.codec, codec));
  const present = view.storedAs ? presentAs(view, codec) : (item: CachedItem) => item;
  return { present, prepares: false, prepare: () => undefined };
}

const decoding = (decoder: Decoder): Presenter => ({
  prepares: true,
  present: (item) => decoder.present(item),
  prepare: (items) => decoder.prepare(items),
});

/** Makes a view's form of stored objects, once each. */
function presentAs(view: Kind, codec: ItemCodec): (item: CachedItem) => CachedItem {
  const made = new WeakMap<CachedItem, CachedItem>();
  return (item) => {
    const known = made.get(item);
    if (known) return known;
    const object = view.storedAs?.fromStored(item.object) as KubernetesObject;
    stampType(object, view.resource);
    const shown = new CachedItem(item.key, item.revision, encodeStored(object), codec);
    made.set(item, shown);
    return shown;
  };
}

/** Decodes stored objects, once each: at once where that is possible, else before they are asked for. */
class Decoder {
  readonly #view: Kind;
  readonly #decoding: StorageCodec<KubernetesObject>;
  readonly #codec: ItemCodec;
  readonly #made = new WeakMap<CachedItem, CachedItem>();

  constructor(view: Kind, decoding: StorageCodec<KubernetesObject>, codec: ItemCodec) {
    this.#view = view;
    this.#decoding = decoding;
    this.#codec = codec;
  }

  present(item: CachedItem): CachedItem {
    const known = this.#made.get(item) ?? this.#made.set(item, this.#decodeNow(item)).get(item);
    return known as CachedItem;
  }

  prepare(items: readonly CachedItem[]): Promise<void> | undefined {
    const missing = items.filter((item) => !this.#made.has(item));
    if (missing.length === 0) return undefined;
    const decoded = this.#decoding.decode(missing.map((item) => item.object));
    if (decoded instanceof Promise) return decoded.then((objects) => this.#keep(missing, objects));
    this.#keep(missing, decoded);
    return undefined;
  }

  #decodeNow(item: CachedItem): CachedItem {
    const decoded = this.#decoding.decode([item.object]);
    if (decoded instanceof Promise) {
      decoded.catch(() => undefined);
      throw internalError(`${this.#view.resource.plural} cannot be converted at this point`);
    }
    return this.#shown(item, decoded[0] as KubernetesObject);
  }

  #keep(items: readonly CachedItem[], objects: readonly KubernetesObject[]): void {
    items.forEach((item, i) => this.#made.set(item, this.#shown(item, objects[i] as KubernetesObject)));
  }

  #shown(item: CachedItem, object: KubernetesObject): CachedItem {
    const isSame = object === item.object && !this.#codec.selectableFields;
    return isSame ? item : new CachedItem(item.key, item.revision, encodeStored({ ...object }), this.#codec);
  }
}
