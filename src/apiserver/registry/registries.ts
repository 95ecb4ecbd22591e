import type { Log } from '../../platform/log.ts';
import type { Resource } from '../../api/resource.ts';
import { transcodeProtobuf } from '../../machinery/protobuf.ts';
import type { ItemCodec } from '../cache/cached-item.ts';
import type { WindowLimits } from '../cache/event-window.ts';
import { ofKey } from '../cache/key-prefix.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import type { StoreFeed } from '../cache/store-feed.ts';
import { Discovery } from '../discovery/discovery.ts';
import type { GroupResource } from '../encryption/configuration.ts';
import { TransformError } from '../encryption/transform-error.ts';
import type { RequestInfo } from '../request.ts';
import { scaleShown } from '../table/scale-columns.ts';
import { shownKind } from '../table/view-columns.ts';
import { resourcePrefix } from './keys.ts';
import { isStored, type Kind } from './kind.ts';
import { presenterOf } from './presenter.ts';
import type { Registry } from './registry.ts';

export interface RegistriesOptions {
  feed: StoreFeed;
  freeze: boolean;
  window: WindowLimits;
  log: Log;
}

/** What a table is made of. */
export type Shown = Pick<RequestInfo, 'group' | 'version' | 'resource'> &
  Partial<Pick<RequestInfo, 'subresource'>>;

/** The resources that are served, by group, version and name. */
export class Registries {
  readonly #options: RegistriesOptions;
  readonly #served = new Map<string, Registry>();
  readonly #resources = new Map<string, GroupResource>();
  #discovery: Discovery | undefined;
  #versions: Map<Kind | string, Registry[]> | undefined;
  #byName: Map<string, Registry> | undefined;
  #byKind: Map<string, Registry> | undefined;
  /** What has been asked for, by the very resource: admission asks for the same few with every write. */
  #found = new WeakMap<object, Registry>();

  constructor(options: RegistriesOptions) {
    this.#options = options;
  }

  /** The resource that a request addresses. */
  served(info: Pick<RequestInfo, 'group' | 'version' | 'resource'>): Registry | undefined {
    return this.#served.get(`${info.group}/${info.version}/${info.resource}`);
  }

  /** The kind of a resource with the columns that tables show of it, or of what its subresource answers. */
  shown(info: Shown): { kind: Kind } | undefined {
    const registry = this.served(info);
    if (!registry) return undefined;
    const { view, kind } = registry;
    return { kind: info.subresource === 'scale' ? scaleShown(kind) : shownKind(view, kind) };
  }

  /** A resource of a group, whatever its version. */
  find(asked: Pick<Resource, 'group' | 'plural'>): Registry | undefined {
    const found = this.#found.get(asked) ?? this.#findByName(asked);
    if (found) this.#found.set(asked, found);
    return found;
  }

  #findByName({ group, plural }: Pick<Resource, 'group' | 'plural'>): Registry | undefined {
    this.#byName ??= indexBy(this.#served.values(), ({ resource }) => `${resource.group}/${resource.plural}`);
    return this.#byName.get(`${group}/${plural}`);
  }

  findKind({ group, kind }: Pick<Resource, 'group' | 'kind'>): Registry | undefined {
    this.#byKind ??= indexBy(this.#served.values(), ({ resource }) => `${resource.group}/${resource.kind}`);
    return this.#byKind.get(`${group}/${kind}`);
  }

  /** The resource whose objects are stored under keys like this one; undefined for what is no object. */
  resourceOf(key: string): GroupResource | undefined {
    return ofKey(this.#resources, key);
  }

  all(): Iterable<Registry> {
    return this.#served.values();
  }

  /** Those that clients see too. */
  shownToClients(): Registry[] {
    return [...this.#served.values()].filter(({ view }) => !view.isHidden);
  }

  /** All the forms in which a registry's objects are served. */
  versions({ kind }: Registry): readonly Registry[] {
    this.#versions ??= groupBy(this.#served.values());
    return this.#versions.get(familyOf(kind)) ?? [];
  }

  discovery(): Discovery {
    this.#discovery ??= new Discovery(this.shownToClients().map(({ view }) => view));
    return this.#discovery;
  }

  /** Serves a kind; a view after the kind it is a view of. Resolves when its objects are in memory. */
  async add(view: Kind): Promise<void> {
    const kind = view.storedAs ? this.#stored(view) : view;
    const known = isStored(view)
      ? (this.#served.get(keyOf(view.resource))?.cache ?? this.#sharedCache(kind))
      : undefined;
    const cache = isStored(view) ? (known ?? this.#newCache(kind)) : undefined;
    this.#changed();
    // Whoever watches the objects in a form that is no more has to begin again.
    const before = this.#served.get(keyOf(view.resource))?.kind;
    if (before && before.codec !== kind.codec) cache?.endWatches();
    this.#served.set(keyOf(view.resource), { view, kind, cache, ...presenterOf(view, this.#codec(view)) });
    if (!cache || known) return;
    const { group, plural: resource } = kind.resource;
    this.#resources.set(cache.prefix, { group, resource });
    await this.#options.feed.add(cache);
  }

  remove(resource: Resource): void {
    const registry = this.#served.get(keyOf(resource));
    this.#served.delete(keyOf(resource));
    this.#changed();
    if (!registry?.cache || this.#sharedCache(registry.kind)) return;
    this.#options.feed.remove(registry.cache);
  }

  #changed(): void {
    this.#discovery = undefined;
    this.#versions = undefined;
    this.#byName = undefined;
    this.#byKind = undefined;
    this.#found = new WeakMap();
  }

  #stored(view: Kind): Kind {
    const target = view.storedAs?.resource as Resource;
    const registry = this.#served.get(keyOf(target));
    if (!registry)
      throw new Error(`${keyOf(view.resource)} is stored as ${keyOf(target)}, which is not served`);
    return registry.kind;
  }

  /** The cache of a kind that is served already in another form. */
  #sharedCache(kind: Kind): ResourceCache | undefined {
    const prefix = kind.codec && resourcePrefix(kind.resource);
    for (const registry of this.#served.values()) {
      if (registry.kind === kind || (prefix && registry.cache?.prefix === prefix)) return registry.cache;
    }
    return undefined;
  }

  #newCache(kind: Kind): ResourceCache {
    return new ResourceCache({
      prefix: resourcePrefix(kind.resource),
      codec: this.#codec(kind),
      limits: this.#options.window,
      indexed: kind.indexedFields,
      onUnreadable: ({ key, revision }, error) => {
        const { log } = this.#options;
        if (error instanceof TransformError)
          log.error('failed to decrypt data', { key, revision, why: error.message });
        else log.error('what is stored is no object and is left out', { key, revision, error });
      },
    });
  }

  #codec(kind: Kind): ItemCodec {
    return {
      selectableFields: kind.selectableFields && ((object) => kind.selectableFields?.(object) ?? {}),
      encodeProtobuf: (json, length) => transcodeProtobuf(json, length, kind.resource),
      upgrade: kind.upgrade,
      freeze: this.#options.freeze,
    };
  }
}

/** The first registry of each name. */
function indexBy(registries: Iterable<Registry>, nameOf: (kind: Kind) => string): Map<string, Registry> {
  const index = new Map<string, Registry>();
  for (const registry of registries) {
    const name = nameOf(registry.view);
    if (!index.has(name)) index.set(name, registry);
  }
  return index;
}

function groupBy(registries: Iterable<Registry>): Map<Kind | string, Registry[]> {
  const groups = new Map<Kind | string, Registry[]>();
  for (const registry of registries) {
    const family = familyOf(registry.kind);
    const group = groups.get(family);
    if (group) group.push(registry);
    else groups.set(family, [registry]);
  }
  return groups;
}

/** What the forms of one sort of object have in common: the stored kind, or the name by which versions share what is stored. */
const familyOf = (kind: Kind) => (kind.codec ? resourcePrefix(kind.resource) : kind);

const keyOf = ({ group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>) =>
  `${group}/${version}/${plural}`;
