import type { KubernetesObject } from '../../api/resource.ts';
import { alreadyExists, badRequest, notFound } from '../../machinery/status-error.ts';
import type { Answer, CachedObject, Dispatcher, FrameSink, ResourceRequest } from '../request.ts';

/** A cached object made of a value; its protobuf form is a marker with the JSON behind it. */
export function cachedObject(object: KubernetesObject, revision = 1): CachedObject {
  const { kind, apiVersion, ...rest } = object;
  const json = Buffer.from(JSON.stringify({ kind, apiVersion, ...rest }));
  return {
    object,
    lean: object,
    leanJson: json.toString(),
    metadataOnly: object,
    revision,
    jsonBytes: json.length,
    json: () => json,
    writeJson: (out, at, skip) => at + json.copy(out, at, skip),
    protobuf: () => `k8s\0${json.toString('latin1')}`,
    hasProtobuf: false,
  };
}

/** Config maps in memory, without any rules: enough of a registry for the tests of what stands before it. */
export class FakeDispatcher implements Dispatcher {
  readonly objects = new Map<string, CachedObject>();
  readonly requests: ResourceRequest[] = [];
  readonly sinks = new Set<FrameSink>();
  /** Called before each answer. */
  onRequest: (request: ResourceRequest) => Promise<void> | void = () => {};
  #revision = 1;

  async handle(request: ResourceRequest): Promise<Answer> {
    this.requests.push(request);
    await this.onRequest(request);
    const { verb, resource, name } = request.info;
    if (resource !== 'configmaps') throw notFound({ group: '', resource, name });
    if (verb === 'create') return this.#create(request);
    if (verb === 'list') return this.#list();
    if (verb === 'watch') return this.#watch();
    const cached = this.objects.get(name);
    if (!cached) throw notFound({ group: '', resource, name });
    if (verb === 'delete') this.#emit('DELETED', cached);
    return { type: 'object', code: 200, object: cached.object, cached };
  }

  isReview(): boolean {
    return false;
  }

  #create({ body, info }: ResourceRequest): Answer {
    if (!body) throw badRequest('no body');
    const object = 'value' in body ? body.value : JSON.parse(Buffer.from(body.bytes).toString());
    const { name } = (object as KubernetesObject).metadata;
    if (this.objects.has(name ?? '')) throw alreadyExists({ group: '', resource: info.resource, name });
    this.#revision++;
    const metadata = { ...object.metadata, resourceVersion: String(this.#revision) };
    const cached = cachedObject({ apiVersion: 'v1', kind: 'ConfigMap', ...object, metadata }, this.#revision);
    this.objects.set(name ?? '', cached);
    this.#emit('ADDED', cached);
    return { type: 'object', code: 201, object: cached.object, cached };
  }

  #list(): Answer {
    const metadata = { resourceVersion: String(this.#revision) };
    return {
      type: 'list',
      apiVersion: 'v1',
      kind: 'ConfigMapList',
      metadata,
      items: [...this.objects.values()],
    };
  }

  #watch(): Answer {
    return {
      type: 'watch',
      open: (sink) => {
        for (const cached of this.objects.values()) sink.onFrame({ type: 'ADDED', cached });
        this.sinks.add(sink);
        return { stop: () => void this.sinks.delete(sink) };
      },
    };
  }

  #emit(type: 'ADDED' | 'DELETED', cached: CachedObject): void {
    for (const sink of this.sinks) sink.onFrame({ type, cached });
  }
}
