import { namespaces, serviceaccounts } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { silentLog } from '../../platform/log.ts';
import { seededRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { defaultAdmission } from '../admission/plugins.ts';
import { allKinds } from '../kinds/kinds.ts';
import type {
  Answer,
  FrameSink,
  ListAnswer,
  ObjectAnswer,
  RequestInfo,
  WatchAnswer,
  WatchFrame,
} from '../request.ts';
import { createDispatcher, type DispatcherOptions, type RegistryDispatcher } from './dispatcher.ts';
import type { Kind } from './kind.ts';

/** An API to try things on: a dispatcher over a store in memory, on a clock that the test moves. */
export interface TestApi {
  clock: VirtualClock;
  store: Store;
  dispatcher: RegistryDispatcher;
  /** Warnings of all requests so far. */
  warnings: string[];
  /** What the audit events of all requests so far are annotated with. */
  annotations: Map<string, string>;
  send(verb: string, resource: Resource, request?: TestRequest): Promise<Answer>;
  object<T extends KubernetesObject>(
    verb: string,
    resource: Resource<T>,
    request?: TestRequest,
  ): Promise<Stored<T>>;
  list(resource: Resource, request?: TestRequest): Promise<ListAnswer>;
  watch(resource: Resource, request?: TestRequest): Promise<TestWatch>;
}

export interface TestRequest {
  namespace?: string;
  name?: string;
  subresource?: string;
  query?: Record<string, string>;
  body?: unknown;
  mediaType?: string;
  userAgent?: string;
  user?: string;
}

/** What a watch has said so far, as short text: `ADDED a@5`. */
export interface TestWatch {
  frames: WatchFrame[];
  said: string[];
  ended: { error?: StatusError } | undefined;
  stop(): void;
}

export async function createTestApi(
  kinds: readonly Kind[],
  options: Partial<DispatcherOptions> = {},
): Promise<TestApi> {
  const clock = new VirtualClock();
  const store = options.store ?? createMemoryStore({ clock });
  const platform = { clock, random: seededRandom(1), log: silentLog };
  const dispatcher = await createDispatcher({ freeze: true, ...options, store, kinds, platform });
  const warnings: string[] = [];
  const annotations = new Map<string, string>();
  const send: TestApi['send'] = (verb, resource, request = {}) =>
    dispatcher.handle({
      info: infoOf(verb, resource, request),
      user: { name: request.user ?? 'tester', groups: [] },
      query: new URLSearchParams(request.query),
      body: bodyOf(typed(verb, resource, request)),
      userAgent: request.userAgent ?? 'vitest/1.0',
      signal: new AbortController().signal,
      warn: (message) => warnings.push(message),
      annotate: (key, value) => annotations.set(key, value),
    });
  return {
    clock,
    store,
    dispatcher,
    warnings,
    annotations,
    send,
    object: async (verb, resource, request) =>
      ((await send(verb, resource, request)) as ObjectAnswer).object as never,
    list: async (resource, request) => (await send('list', resource, request)) as ListAnswer,
    watch: async (resource, request) => openWatch((await send('watch', resource, request)) as WatchAnswer),
  };
}

function infoOf(verb: string, resource: Resource, request: TestRequest): RequestInfo {
  const { group, version, plural, namespaced } = resource;
  return {
    isResource: true,
    verb,
    path: '',
    prefix: group ? 'apis' : 'api',
    group,
    version,
    namespace: namespaced ? (request.namespace ?? 'default') : '',
    resource: plural,
    subresource: request.subresource ?? '',
    name: request.name ?? '',
    rest: '',
  };
}

/** An object that is written says what it is: a custom one must, and tests need not. */
function typed(verb: string, { group, version, kind, type }: Resource, request: TestRequest): TestRequest {
  const { body, subresource } = request;
  const isWhole = (verb === 'create' || verb === 'update') && (!subresource || subresource === 'status');
  if (type !== 'custom' || !isWhole || typeof body !== 'object') return request;
  return { ...request, body: { apiVersion: `${group}/${version}`, kind, ...body } };
}

function bodyOf({ body, mediaType = 'application/json' }: TestRequest) {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) return { mediaType, bytes: body };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { mediaType, bytes: Buffer.from(text) };
}

function openWatch(answer: WatchAnswer): TestWatch {
  const watch: TestWatch = { frames: [], said: [], ended: undefined, stop: () => {} };
  const sink: FrameSink = {
    onFrame(frame) {
      watch.frames.push(frame);
      watch.said.push(frameText(frame));
      return true;
    },
    onEnd(error) {
      watch.ended = { error };
    },
  };
  const { stop } = answer.open(sink);
  return Object.assign(watch, { stop });
}

function frameText(frame: WatchFrame): string {
  const object = frame.type === 'BOOKMARK' ? frame.object : frame.cached.object;
  return `${frame.type} ${object.metadata.name ?? '-'}@${object.metadata.resourceVersion}`;
}

/** An API with every kind and the admission of a server, and what a cluster has from the start. */
export async function createTestCluster(options: Partial<DispatcherOptions> = {}): Promise<TestApi> {
  const api = await createTestApi(allKinds, { admission: defaultAdmission, ...options });
  await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
  await api.send('create', serviceaccounts, { body: { metadata: { name: 'default' } } });
  return api;
}
