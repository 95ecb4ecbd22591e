import { allResources } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import type { ApiRequest, Transport, WatchEvent, WatchSink, WatchStream } from '../../client/transport.ts';
import { clone } from '../../machinery/clone.ts';
import { alreadyExists, conflict, notFound } from '../../machinery/status-error.ts';
import { applyMergePatch } from '../../machinery/merge-patch.ts';
import { applyStrategicMergePatch } from '../../machinery/strategic-merge.ts';

type Json = Record<string, unknown>;

interface Target {
  resource: Resource;
  namespace: string;
  name?: string;
  subresource?: string;
}

interface Watcher {
  target: Target;
  select: (object: KubernetesObject) => boolean;
  sink: WatchSink;
}

/** As much of an API server as a kubelet meets: objects, watches, patches, graceful deletion of pods, tokens. */
export class TestApi implements Transport {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #watchers = new Set<Watcher>();
  readonly #told: { event: WatchEvent; target: Target }[] = [];
  readonly requests: ApiRequest[] = [];
  #revision = 100;

  async request(request: ApiRequest): Promise<unknown> {
    this.requests.push(request);
    const target = parse(request.path);
    switch (request.method) {
      case 'GET':
        return target.name ? this.#must(target) : this.#list(target, request);
      case 'POST':
        return target.subresource
          ? this.#post(target, request)
          : this.#create(target, request.body as KubernetesObject);
      case 'PUT':
        return this.#put(target, { ...(request.body as KubernetesObject) });
      case 'PATCH':
        return this.#patch(target, request);
      default:
        return target.name
          ? this.#delete(target, (request.body ?? {}) as Json)
          : this.#deleteAll(target, request);
    }
  }

  async watch(request: ApiRequest, sink: WatchSink): Promise<WatchStream> {
    const watcher = { target: parse(request.path), select: selector(request), sink };
    this.#watchers.add(watcher);
    // What came between the list and this watch must not be lost.
    const since = Number(request.query?.resourceVersion ?? 0);
    for (const { event, target } of this.#told) {
      if (Number(event.object.metadata.resourceVersion) > since) deliver(watcher, event, target);
    }
    return { stop: () => this.#watchers.delete(watcher) };
  }

  /** Puts an object there, as somebody else would. */
  add<T extends KubernetesObject>(resource: Resource<T>, object: T): T {
    const { namespace = '', name } = object.metadata;
    return this.#create({ resource, namespace, name }, object) as T;
  }

  get<T extends KubernetesObject>(resource: Resource<T>, namespace: string, name: string): T | undefined {
    return this.#objects.get(keyOf({ resource, namespace, name })) as T | undefined;
  }

  list<T extends KubernetesObject>(resource: Resource<T>): T[] {
    return [...this.#objects].flatMap(([key, o]) =>
      key.startsWith(`${resource.plural}.${resource.group}/`) ? [o as T] : [],
    );
  }

  /** Changes an object, as somebody else would. */
  change<T extends KubernetesObject>(resource: Resource<T>, object: T): void {
    const { namespace = '', name } = object.metadata;
    this.#put({ resource, namespace, name }, object);
  }

  remove(resource: Resource, namespace: string, name: string, gracePeriodSeconds?: number): void {
    this.#delete({ resource, namespace, name }, { gracePeriodSeconds });
  }

  #must(target: Target): KubernetesObject {
    const found = this.#objects.get(keyOf(target));
    if (!found)
      throw notFound({ group: target.resource.group, resource: target.resource.plural, name: target.name });
    return found;
  }

  #list(target: Target, request: ApiRequest): Json {
    const select = selector(request);
    const items = this.list(target.resource).filter(
      (o) => (target.namespace === '' || o.metadata.namespace === target.namespace) && select(o),
    );
    return { metadata: { resourceVersion: String(this.#revision) }, items };
  }

  #create(target: Target, body: KubernetesObject): KubernetesObject {
    const name = body.metadata.name as string;
    const key = keyOf({ ...target, name });
    if (this.#objects.has(key))
      throw alreadyExists({ group: target.resource.group, resource: target.resource.plural, name });
    const meta = {
      uid: `uid-${name}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      ...body.metadata,
    };
    return this.#store(key, target, { ...clone(body), metadata: meta }, 'ADDED');
  }

  #put(target: Target, body: KubernetesObject): KubernetesObject {
    const old = this.#must(target);
    return this.#store(
      keyOf(target),
      target,
      { ...clone(body), metadata: { ...body.metadata, uid: old.metadata.uid } },
      'MODIFIED',
    );
  }

  #post(target: Target, request: ApiRequest): unknown {
    this.#must(target);
    if (target.subresource !== 'token') throw new Error(`no ${target.subresource} here`);
    const body = request.body as Json;
    return {
      ...body,
      status: { token: `token-${++this.#revision}`, expirationTimestamp: '2026-01-01T01:00:00Z' },
    };
  }

  #patch(target: Target, request: ApiRequest): KubernetesObject {
    const old = this.#must(target);
    const patch = request.body as { metadata?: { uid?: string } };
    const { plural: resource, group, type } = target.resource;
    if (patch.metadata?.uid && patch.metadata.uid !== old.metadata.uid)
      throw conflict(
        { group, resource, name: target.name },
        `Precondition failed: UID in precondition: ${patch.metadata.uid}`,
      );
    const merge = request.contentType === 'application/merge-patch+json' ? applyMergePatch : undefined;
    const before = clone(old) as unknown as Json;
    const after = merge
      ? merge(before as never, patch)
      : applyStrategicMergePatch(before as never, patch, type);
    if (JSON.stringify(after) === JSON.stringify(old)) return old;
    return this.#store(keyOf(target), target, after as unknown as KubernetesObject, 'MODIFIED');
  }

  /** A pod that has a node is only marked, unless no grace is given. */
  #delete(target: Target, options: { gracePeriodSeconds?: number }): unknown {
    const old = this.#must(target);
    const spec = (old as { spec?: Json }).spec ?? {};
    const grace =
      options.gracePeriodSeconds ?? (spec.terminationGracePeriodSeconds as number | undefined) ?? 30;
    const isGraceful = target.resource.plural === 'pods' && spec.nodeName && grace > 0;
    if (!isGraceful) {
      this.#objects.delete(keyOf(target));
      this.#tell(
        {
          type: 'DELETED',
          object: { ...old, metadata: { ...old.metadata, resourceVersion: String(++this.#revision) } },
        },
        target,
      );
      return {};
    }
    const metadata = {
      ...old.metadata,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: grace,
      generation: (old.metadata.generation ?? 1) + 1,
    };
    return this.#store(keyOf(target), target, { ...old, metadata }, 'MODIFIED');
  }

  #deleteAll(target: Target, request: ApiRequest): unknown {
    const { items } = this.#list(target, request) as { items: KubernetesObject[] };
    for (const { metadata } of items) this.#delete({ ...target, name: metadata.name as string }, {});
    return {};
  }

  #store(key: string, target: Target, object: KubernetesObject, type: WatchEvent['type']): KubernetesObject {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } };
    this.#objects.set(key, stored);
    this.#tell({ type, object: stored }, target);
    return stored;
  }

  #tell(event: WatchEvent, target: Target): void {
    this.#told.push({ event, target });
    for (const watcher of this.#watchers) deliver(watcher, event, target);
  }
}

function deliver(watcher: Watcher, event: WatchEvent, target: Target): void {
  const sameKind = watcher.target.resource === target.resource;
  const inReach =
    watcher.target.namespace === '' || watcher.target.namespace === event.object.metadata.namespace;
  if (sameKind && inReach && watcher.select(event.object)) queueMicrotask(() => watcher.sink.onEvent(event));
}

const keyOf = ({ resource, namespace, name }: Target) =>
  `${resource.plural}.${resource.group}/${namespace}/${name}`;

function parse(path: string): Target {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const group = parts[0] === 'apis' ? (parts[1] as string) : '';
  const rest = parts.slice(parts[0] === 'apis' ? 3 : 2);
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? (rest[1] as string) : '';
  const [plural, name, subresource] = namespace ? rest.slice(2) : rest;
  const resource = allResources.find((r) => r.group === group && r.plural === plural);
  if (!resource) throw new Error(`no resource at ${path}`);
  return { resource, namespace, name, subresource };
}

function selector(request: ApiRequest): (object: KubernetesObject) => boolean {
  const text = String(request.query?.fieldSelector ?? '');
  const terms = text === '' ? [] : text.split(',').map((term) => term.split('=') as [string, string]);
  return (object) =>
    terms.every(
      ([path, value]) =>
        path.split('.').reduce((o: unknown, key) => (o as Json | undefined)?.[key], object) === value,
    );
}
