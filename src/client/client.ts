import type { KubernetesObject, ObjectList, Resource, Stored } from '../api/resource.ts';
import type { Cause, PatchType, Query, Transport, WatchSink, WatchStream } from './transport.ts';

/** Which object: a namespaced one by both, another by name alone. An object's `metadata` fits. */
export interface ObjectRef {
  name?: string;
  namespace?: string;
}

export interface ListOptions {
  /** One namespace; all of them where absent. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Entries a page. */
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  /** See ApiRequest, as for the next. */
  withoutManagedFields?: boolean;
  metadataOnly?: boolean;
  signal?: AbortSignal;
}

export interface WatchOptions extends ListOptions {
  allowWatchBookmarks?: boolean;
  timeoutSeconds?: number;
  sendInitialEvents?: boolean;
}

/** What goes with every write: the cause is never left out. */
export interface WriteOptions {
  cause: Cause;
  fieldManager?: string;
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface PatchOptions extends WriteOptions {
  type: PatchType;
  subresource?: string;
  /** For apply patches: take over fields that others own. */
  force?: boolean;
  /** See ApiRequest; what comes back is not to be looked at then. */
  withoutAnswer?: boolean;
}

export interface DeleteOptions extends WriteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
}

const writeQuery = (o: WriteOptions): Query => ({
  fieldManager: o.fieldManager,
  dryRun: o.dryRun ? 'All' : undefined,
});

const listQuery = (o: ListOptions): Query => {
  const { namespace: _, signal: __, withoutManagedFields: ___, metadataOnly: ____, ...query } = o;
  return query as Query;
};

const deleteBody = (o: DeleteOptions) => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  gracePeriodSeconds: o.gracePeriodSeconds,
  propagationPolicy: o.propagationPolicy,
  preconditions: o.preconditions,
});

/** The path of a resource, or of one object or subresource of it. */
export function resourcePath(resource: Resource, ref: ObjectRef & { subresource?: string } = {}): string {
  const base = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
  const scope = ref.namespace && resource.namespaced ? `/namespaces/${ref.namespace}` : '';
  const object = ref.name ? `/${encodeURIComponent(ref.name)}` : '';
  return `${base}${scope}/${resource.plural}${object}${ref.subresource ? `/${ref.subresource}` : ''}`;
}

/** The verbs on one resource. Objects that come back are shared and read-only: clone before changing. */
export class ResourceClient<T extends KubernetesObject> {
  readonly #transport: Transport;
  readonly #resource: Resource<T>;

  constructor(transport: Transport, resource: Resource<T>) {
    this.#transport = transport;
    this.#resource = resource;
  }

  async get(
    ref: ObjectRef,
    options: { resourceVersion?: string; signal?: AbortSignal } = {},
  ): Promise<Stored<T>> {
    const { signal, ...query } = options;
    return (await this.#transport.request({
      method: 'GET',
      path: this.#path(ref),
      query,
      signal,
    })) as Stored<T>;
  }

  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    const request = { ...this.#listRequest(options), query: listQuery(options) };
    return (await this.#transport.request(request)) as ObjectList<T>;
  }

  watch(options: WatchOptions, sink: WatchSink<Stored<T>>): Promise<WatchStream> {
    const request = { ...this.#listRequest(options), query: { ...listQuery(options), watch: true } };
    return this.#transport.watch(request, sink as unknown as WatchSink);
  }

  #listRequest({ namespace, withoutManagedFields, metadataOnly, signal }: ListOptions) {
    const path = resourcePath(this.#resource, { namespace });
    return { method: 'GET', path, withoutManagedFields, metadataOnly, signal } as const;
  }

  /** Creates the object in its own `metadata.namespace`. */
  create(object: T, options: WriteOptions): Promise<Stored<T>> {
    const path = resourcePath(this.#resource, { namespace: object.metadata.namespace });
    return this.#write('POST', path, object, options);
  }

  update(object: T, options: WriteOptions): Promise<Stored<T>> {
    return this.#write('PUT', this.#path(object.metadata), object, options);
  }

  updateStatus(object: T, options: WriteOptions): Promise<Stored<T>> {
    return this.#write(
      'PUT',
      this.#path({ ...refOf(object.metadata), subresource: 'status' }),
      object,
      options,
    );
  }

  async patch(ref: ObjectRef, patch: unknown, options: PatchOptions): Promise<Stored<T>> {
    const path = this.#path({ ...refOf(ref), subresource: options.subresource });
    const query = { ...writeQuery(options), force: options.force };
    const { type: contentType, cause, signal, withoutAnswer } = options;
    const about = { path, query, contentType, cause, signal, withoutAnswer };
    return (await this.#transport.request({ method: 'PATCH', ...about, body: patch })) as Stored<T>;
  }

  /** The answer is the object where it lives on for a while, a Status where it is gone. */
  async delete(ref: ObjectRef, options: DeleteOptions): Promise<void> {
    const { cause, signal } = options;
    const request = {
      method: 'DELETE',
      path: this.#path(ref),
      query: writeQuery(options),
      cause,
      signal,
      withoutAnswer: true,
    } as const;
    await this.#transport.request({ ...request, body: deleteBody(options) });
  }

  async deleteCollection(list: ListOptions, options: DeleteOptions): Promise<void> {
    const path = resourcePath(this.#resource, { namespace: list.namespace });
    const query = { ...listQuery(list), ...writeQuery(options) };
    const { cause, signal } = options;
    await this.#transport.request({
      method: 'DELETE',
      path,
      query,
      body: deleteBody(options),
      cause,
      signal,
      withoutAnswer: true,
    });
  }

  /** Posts to a subresource such as `binding`, `eviction` or `token`. */
  postSubresource<R>(ref: ObjectRef, subresource: string, body: unknown, options: WriteOptions): Promise<R> {
    const path = this.#path({ ...refOf(ref), subresource });
    return this.#write('POST', path, body, options) as unknown as Promise<R>;
  }

  #path(ref: ObjectRef & { subresource?: string }): string {
    return resourcePath(this.#resource, ref);
  }

  async #write(
    method: 'POST' | 'PUT',
    path: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<Stored<T>> {
    const { cause, signal } = options;
    const answer = await this.#transport.request({
      method,
      path,
      query: writeQuery(options),
      body,
      cause,
      signal,
    });
    return answer as Stored<T>;
  }
}

const refOf = (ref: ObjectRef): ObjectRef => ({ name: ref.name, namespace: ref.namespace });

/** A typed door to the API server, as one identity. */
export class Client {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** The verbs on one resource, such as `client.of(pods)`. */
  of<T extends KubernetesObject>(resource: Resource<T>): ResourceClient<T> {
    return new ResourceClient(this.transport, resource);
  }
}
