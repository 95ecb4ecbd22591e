import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { nothing } from '../../machinery/joined.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Store } from '../../store/store.ts';
import type { AdmissionPlugin } from '../admission/admission.ts';
import type { AdmissionTimes } from '../admission/admission-times.ts';
import type { CachedItem } from '../cache/cached-item.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { StoreFeed } from '../cache/store-feed.ts';
import type { RequestInfo, ResourceRequest } from '../request.ts';
import type { StatusChange } from './change-status.ts';
import { objectKey, scopePrefix } from './keys.ts';
import type { HookContext, Kind, MeasuredUsage, UserInfo } from './kind.ts';

/** One resource that is served: its kind, and the kind and cache of the objects behind it. */
export interface Registry {
  /** The kind as clients of this resource see it. */
  readonly view: Kind;
  /** The kind that is stored; the same as `view` but for views of other kinds. */
  readonly kind: Kind;
  /** Absent for kinds that are answered, not stored. */
  readonly cache: ResourceCache | undefined;
  /** A stored object in the form of the view. Shared. Of a kind with a codec, one that has been prepared. */
  present(item: CachedItem): CachedItem;
  /** Whether objects have to be prepared at all. */
  readonly prepares: boolean;
  /** Gets objects ready to be presented; undefined where they are. */
  prepare(items: readonly CachedItem[]): Promise<void> | undefined;
}

/** What all registries share. */
export interface RegistryEnvironment {
  readonly store: Store;
  readonly feed: StoreFeed;
  readonly platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  /** Watches last between once and twice this long where the client says nothing. */
  readonly minWatchMs: number;
  readonly admission: readonly AdmissionPlugin[];
  /** Told how long admission takes. */
  readonly admissionTimes?: AdmissionTimes | undefined;
  /** Told of each request for what is deprecated. */
  noteDeprecated?(info: RequestInfo): void;
  /** Throws a Forbidden error unless the user may do this; for writes that turn out to be of another verb. */
  authorize(user: UserInfo, info: RequestInfo): Promise<void>;
  /** The newest revision of a store that others write into as well; absent where this process alone does. */
  freshRevision?(): Promise<number>;
  /** What nodes and pods use, where somebody measures it. */
  usage?(): Promise<MeasuredUsage>;
  /** Changes the status of an object, as the server itself. */
  changeStatus<T extends KubernetesObject>(change: StatusChange<T>): Promise<void>;
  find(resource: Pick<Resource, 'group' | 'plural'>): Registry | undefined;
  /** All the forms in which a registry's objects are served, its own among them. */
  versions(registry: Registry): readonly Registry[];
  findKind(kind: Pick<Resource, 'group' | 'kind'>): Registry | undefined;
}

/** One request on its way through a registry. */
export interface Call {
  readonly request: ResourceRequest;
  readonly registry: Registry;
  readonly environment: RegistryEnvironment;
}

/** The subject of errors: what the client asked for. */
export function subjectOf({ request: { info } }: Call, name: string = info.name) {
  return { group: info.group, resource: info.resource, name };
}

/** The namespace objects of the request live in; empty for cluster-scoped kinds. */
export function namespaceOf({ request, registry }: Call): string {
  return registry.kind.resource.namespaced ? request.info.namespace : '';
}

export function keyOf(call: Call, name: string = call.request.info.name): string {
  return objectKey(call.registry.kind.resource, { namespace: namespaceOf(call), name });
}

/** What the hooks of a kind are given during this call. */
export function hookContext(call: Call, name: string, dryRun: boolean): HookContext {
  return new CallContext(call, name, dryRun);
}

class CallContext implements HookContext {
  readonly platform: HookContext['platform'];
  readonly user: UserInfo;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly #call: Call;

  constructor(call: Call, name: string, dryRun: boolean) {
    this.#call = call;
    this.platform = call.environment.platform;
    this.user = call.request.user;
    this.namespace = namespaceOf(call);
    this.name = name;
    this.dryRun = dryRun;
  }

  get<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ): Stored<T> | undefined {
    return this.#itemOf(resource, ref)?.object as Stored<T> | undefined;
  }

  getLean<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ): Stored<T> | undefined {
    return this.#itemOf(resource, ref)?.lean as Stored<T> | undefined;
  }

  list<T extends KubernetesObject>(resource: Resource<T>, namespace?: string): Iterable<Stored<T>> {
    const cache = this.#cacheOf(resource);
    if (!cache || cache.size === 0) return nothing;
    return objectsOf(cache.range(scopePrefix(resource, namespace))) as Iterable<Stored<T>>;
  }

  warn(message: string): void {
    this.#call.request.warn(message);
  }

  #itemOf(resource: Resource, ref: { namespace?: string; name: string }): CachedItem | undefined {
    return this.#cacheOf(resource)?.get(objectKey(resource, ref));
  }

  #cacheOf(resource: Resource): ResourceCache | undefined {
    return this.#call.environment.find(resource)?.cache;
  }
}

function* objectsOf(items: Iterable<CachedItem>): Iterable<KubernetesObject> {
  for (const item of items) yield item.object;
}
