import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { getOwn } from '../../machinery/clone.ts';
import { badRequest, notFound, notSupportedMethod, StatusError } from '../../machinery/status-error.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Store } from '../../store/store.ts';
import { type AdmissionPlugin, admit, validateAdmission } from '../admission/admission.ts';
import type { AdmissionTimes } from '../admission/admission-times.ts';
import { cacheReader } from '../auth/cache-reader.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import type { WindowLimits } from '../cache/event-window.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { StoreFeed } from '../cache/store-feed.ts';
import type { Discovery } from '../discovery/discovery.ts';
import { EncryptingStore } from '../encryption/encrypting-store.ts';
import type { ResourceTransformers } from '../encryption/resource-transformers.ts';
import type { Answer, Dispatcher, RequestInfo, ResourceRequest } from '../request.ts';
import { methodNotAllowed } from '../http/method-not-allowed.ts';
import { StatusChanges } from './change-status.ts';
import { createAs } from './create-as.ts';
import { create } from './create.ts';
import { deleteCollection } from './delete-collection.ts';
import { deleteObject } from './delete.ts';
import { type Facet, facetOf } from './facet.ts';
import { isCustom, isStored, type Kind, type MeasuredUsage, type UserInfo } from './kind.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { get } from './read.ts';
import { Registries, type Shown } from './registries.ts';
import { type Call, type Registry, type RegistryEnvironment, subjectOf } from './registry.ts';
import { handleSubresource } from './subresource.ts';
import { update } from './update.ts';
import { watch } from './watch.ts';

export interface DispatcherOptions {
  store: Store;
  /** How values are encrypted in the store; they stand there as they are where absent. */
  encryption?: ResourceTransformers | undefined;
  kinds: readonly Kind[];
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  /** Plugins in their order; mutating ones change what the later ones see. */
  admission?: readonly AdmissionPlugin[];
  /** Told how long they take. */
  admissionTimes?: AdmissionTimes;
  noteDeprecated?: RegistryEnvironment['noteDeprecated'];
  /** Throws a Forbidden error unless the user may do this; asked where a write turns out to be of another verb. */
  authorize?(user: UserInfo, info: RequestInfo): Promise<void>;
  /** The newest revision of a store that others write into as well; absent where this process alone does. */
  freshRevision?(): Promise<number>;
  /** What nodes and pods use; where nobody measures it, nothing is known. */
  usage?(): Promise<MeasuredUsage>;
  /** How much of each resource's past is kept for watchers. */
  window?: WindowLimits;
  /** Watches last between once and twice this long where the client says nothing. */
  minWatchMs?: number;
  /** Freezes the objects that are handed out, so that writing into a shared one throws. */
  freeze?: boolean;
}

/** The dispatcher of a server, and how the set of kinds it serves changes. */
export interface RegistryDispatcher extends Dispatcher {
  /** Handles requests of the server itself that admission is not asked about. */
  readonly unadmitted: Dispatcher;
  /** Serves a further kind, or serves a known one otherwise (a changed CustomResourceDefinition). */
  serve(kind: Kind): Promise<void>;
  /** Stops serving a resource; its watches end. */
  withdraw(resource: Resource): void;
  /** The kind served under a group, version and resource name, with the columns that tables show of it or of a subresource. */
  find(info: Shown): { kind: Kind } | undefined;
  /** How many objects there are of a resource, in all namespaces. */
  count(info: Pick<RequestInfo, 'group' | 'version' | 'resource'>): number;
  /** Whether a resource is there for this process alone. */
  isHidden(info: Pick<RequestInfo, 'group' | 'version' | 'resource'>): boolean;
  /** Everything that clients are served: as they see it, and as it is stored. */
  served(): Iterable<{ view: Kind; kind: Kind }>;
  /** How many objects are stored of each resource. */
  objectCounts(): { group: string; resource: string; count: number }[];
  /** The resources whose objects are being read, which therefore cannot be served yet. */
  loading(): string[];
  /** The resources of which objects cannot be decrypted. */
  sealed(): string[];
  /** What discovery says; a new value whenever the set of kinds has changed. */
  discovery(): Discovery;
  /** Asks admission about a connection to what a request addresses, such as an exec; rejects where it may not be. */
  connect(request: ResourceRequest, options: KubernetesObject): Promise<void>;
  /** The objects as they stand now, for what decides about requests. */
  readonly reader: ObjectReader;
  /** Ends all watches and stops following the store, which stays open. */
  close(): void;
}

const defaultWindow: WindowLimits = { events: 32_768, bytes: 16 << 20 };
const defaultMinWatchMs = 1_800_000;

/** Makes a dispatcher; it serves when the promise resolves, with all objects in memory. */
export async function createDispatcher(options: DispatcherOptions): Promise<RegistryDispatcher> {
  const { encryption, platform, kinds, freeze = false, window = defaultWindow } = options;
  const store = encryption
    ? new EncryptingStore(options.store, encryption, (key) => registries.resourceOf(key))
    : options.store;
  const feed = new StoreFeed({ store, clock: platform.clock, log: platform.log.named('watch-cache') });
  encryption?.onChange(() => void feed.unsealAll());
  const registries: Registries = new Registries({ feed, freeze, window, log: platform.log });
  const ordered = [...kinds.filter((k) => !k.storedAs), ...kinds.filter((k) => k.storedAs)];
  await Promise.all(ordered.map((kind) => registries.add(kind)));
  await feed.start();
  const environment: RegistryEnvironment = {
    store,
    feed,
    platform,
    minWatchMs: options.minWatchMs ?? defaultMinWatchMs,
    admission: options.admission ?? [],
    admissionTimes: options.admissionTimes,
    noteDeprecated: options.noteDeprecated,
    authorize: options.authorize ?? (async () => {}),
    freshRevision: options.freshRevision,
    usage: options.usage,
    changeStatus: (change) => statuses.make(change),
    find: (resource) => registries.find(resource),
    findKind: (kind) => registries.findKind(kind),
    versions: (registry) => registries.versions(registry),
  };
  const statuses = new StatusChanges(environment);
  const dispatcherIn = (own: RegistryEnvironment): Dispatcher => ({
    handle: (request) => handle(request, own, registries),
    isReview: (info) => registries.served(info)?.view.review !== undefined,
  });
  return {
    ...dispatcherIn(environment),
    unadmitted: dispatcherIn({ ...environment, admission: [] }),
    serve: (kind) => registries.add(kind),
    connect: (request, object) => connect({ request, environment }, registries, object),
    withdraw: (resource) => registries.remove(resource),
    find: (info) => registries.shown(info),
    count: (info) => registries.served(info)?.cache?.size ?? 0,
    served: () => registries.shownToClients(),
    isHidden: (info) => registries.served(info)?.view.isHidden === true,
    objectCounts: () => objectCounts(registries),
    loading: () => pluralsOf(registries, (cache) => cache.loading !== undefined),
    sealed: () => pluralsOf(registries, (cache) => cache.firstSealed(cache.prefix) !== undefined),
    discovery: () => registries.discovery(),
    reader: cacheReader((resource) => registries.find(resource)?.cache),
    close: () => feed.close(),
  };
}

function pluralsOf(registries: Registries, isMeant: (cache: ResourceCache) => boolean): string[] {
  const meant = [...registries.all()].filter(({ cache }) => cache && isMeant(cache));
  return [...new Set(meant.map(({ view }) => view.resource.plural))];
}

function objectCounts(registries: Registries) {
  const stored = [...registries.all()].filter(({ view, kind, cache }) => cache && view === kind);
  return stored.map(({ cache, view: { resource } }) => ({
    group: resource.group,
    resource: resource.plural,
    count: cache?.size ?? 0,
  }));
}

async function connect(
  call: Pick<Call, 'request' | 'environment'>,
  registries: Registries,
  object: KubernetesObject,
): Promise<void> {
  const registry = servedAt(call.request.info, registries);
  const write = { operation: 'CONNECT', object, options: { dryRun: false } } as const;
  await admit({ ...call, registry }, write);
  await validateAdmission({ ...call, registry }, write);
}

type Handler = (call: Call) => Answer | Promise<Answer>;

const collectionHandlers: Record<string, Handler> = {
  list,
  watch,
  create,
  delete: deleteObject,
  deletecollection: deleteCollection,
};

const facetHandlers: Record<string, (call: Call, facet: Facet) => Answer | Promise<Answer>> = {
  get,
  update,
  patch,
};

async function handle(
  request: ResourceRequest,
  environment: RegistryEnvironment,
  registries: Registries,
): Promise<Answer> {
  const registry = servedAt(request.info, registries);
  // What follows a subresource is for proxies, which are served elsewhere.
  if (request.info.rest !== '') throw noSuchPath();
  if (registry.cache?.loading) await registry.cache.loading;
  const { deprecation } = registry.view;
  if (deprecation) {
    request.warn(deprecation);
    request.annotate?.('k8s.io/deprecated', 'true');
    environment.noteDeprecated?.(request.info);
  }
  return handlerOf({ request, registry, environment })();
}

/** What serves the path of a request; throws 404 where nothing does. */
function servedAt(info: RequestInfo, registries: Registries): Registry {
  const registry = registries.served(info);
  if (!registry || !isInScope(registry.kind.resource, info)) throw noSuchPath();
  return registry;
}

/**
 * Whether a path is in the scope of its resource. A cluster's objects are not served under a namespace: rights
 * are asked for in the namespace of the path, and whoever has all of one would have all of the cluster.
 */
function isInScope({ namespaced }: Resource, info: RequestInfo): boolean {
  const { namespace, name, verb } = info;
  if (namespaced) return namespace !== '' || name === '' || acrossNamespaces.has(verb);
  return namespace === '' || isNamespaceItself(info);
}

/** A namespace is in itself: `/api/v1/namespaces/web` is about what is in `web`, as upstream has it. */
const isNamespaceItself = ({ group, resource, namespace, name, verb }: RequestInfo) =>
  group === '' && resource === 'namespaces' && namespace === name && verb !== 'list';

/** Finds what serves the verb on the resource or subresource. */
function handlerOf(call: Call): () => Answer | Promise<Answer> {
  const { info } = call.request;
  const { view, kind } = call.registry;
  const { verb, subresource } = info;
  const facet = facetOf(call);
  const other = getOwn(kind.subresources, subresource);
  if (other) return () => handleSubresource(call, other);
  if (isCustom(view)) return customHandlerOf(call, facet);
  if (!facet || !isPath(call)) throw noSuchPath();
  if (verb === 'create' ? info.name !== '' && !subresource : info.name === '' && ofOne.has(verb))
    throw methodNotAllowed();
  const verbs: readonly string[] | undefined = subresource
    ? (getOwn(kind.parts, subresource)?.verbs ?? facetVerbs)
    : verbsOf(view);
  const served = !verbs || verbs.includes(verb);
  const onFacet = served ? facetHandlers[verb] : undefined;
  if (onFacet) return () => onFacet(call, facet);
  const onCollection = served && !subresource ? collectionHandlers[verb] : undefined;
  if (onCollection && needsNamespace.has(verb) && kind.resource.namespaced && !info.namespace)
    throw methodNotAllowed();
  const { createdAs } = view;
  if (onCollection && createdAs) return () => createAs(call, createdAs);
  if (onCollection) return () => onCollection(call);
  throw methodNotAllowed();
}

/** What can be done with the objects of a kind; undefined for everything. */
const verbsOf = (view: Call['registry']['view']): readonly string[] | undefined =>
  view.verbs ?? (isStored(view) ? undefined : ['create']);

/** Nothing is served under what is only made, such as reviews and bindings, nor under the proxies of old (`/api/v1/proxy/…`). */
function isPath({ request: { info }, registry: { view } }: Call): boolean {
  const isOnlyMade = verbsOf(view)?.every((verb) => verb === 'create') ?? false;
  const isNamed = info.name !== '' && !info.subresource && !ofMany.has(info.verb);
  return info.verb !== 'proxy' && !(isOnlyMade && isNamed);
}

/** Custom resources have no routes that could lack a method: one handler takes all that is said to be about them. */
function customHandlerOf(call: Call, facet: Facet | undefined): () => Answer | Promise<Answer> {
  const { info } = call.request;
  const { verb, subresource, name } = info;
  const { namespaced } = call.registry.kind.resource;
  if (namespaced && !info.namespace && !acrossNamespaces.has(verb)) throw noSuchPath();
  if (!facet) throw notFound(subjectOf(call));
  const onFacet = facetHandlers[verb];
  if (onFacet && name === '') throw badRequest('name must be provided');
  if (onFacet) return () => onFacet(call, facet);
  const onCollection = subresource ? undefined : collectionHandlers[verb];
  if (onCollection) return () => onCollection(call);
  throw notSupportedMethod(subjectOf(call), verb);
}

const acrossNamespaces = new Set(['list', 'watch']);

/** What is about one object, whose name stands in the path. */
const ofOne = new Set(['update', 'patch']);
/** A field selector may name what these are about; the path does not. */
const ofMany = new Set(['list', 'watch', 'deletecollection']);

/** What is not served across namespaces. */
const needsNamespace = new Set(['create', 'delete', 'deletecollection']);
const facetVerbs = ['get', 'update', 'patch'];

/** The answer to a path that nothing is served under. */
function noSuchPath(): StatusError {
  const error = new StatusError(404, 'NotFound', 'the server could not find the requested resource');
  error.status.details = {};
  return error;
}
