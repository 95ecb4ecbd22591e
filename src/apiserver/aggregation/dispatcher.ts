import { createInterface } from 'node:readline';
import type { APIService } from '../../api/apiregistration/v1.ts';
import type { Status } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import type { WatchEvent } from '../../client/transport.ts';
import { parseJson, printJson } from '../../machinery/exact-json.ts';
import {
  internalError,
  notAcceptable,
  StatusError,
  type StatusReason,
} from '../../machinery/status-error.ts';
import { type Http1Answer, wholeBody } from '../../platform/http1-call.ts';
import { isAvailable } from '../kinds/apiregistration/conditions.ts';
import type {
  Answer,
  CachedObject,
  Dispatcher,
  FrameSink,
  RequestBody,
  RequestInfo,
  ResourceRequest,
  WatchAnswer,
} from '../request.ts';
import type { ExtensionServers } from './extension-server.ts';
import type { Routes } from './routes.ts';

const requestTimeoutMs = 60_000;
const maxAnswerBytes = 256 * 1024 * 1024;

const methods: Record<string, string> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

/**
 * A dispatcher for the components of this process: what other servers answer for is asked of them over the
 * network, everything else of the registries.
 */
export class AggregatedDispatcher implements Dispatcher {
  readonly #local: Dispatcher;
  readonly #routes: Routes;
  readonly #servers: ExtensionServers;

  constructor(parts: { local: Dispatcher; routes: Routes; servers: ExtensionServers }) {
    this.#local = parts.local;
    this.#routes = parts.routes;
    this.#servers = parts.servers;
  }

  handle(request: ResourceRequest): Promise<Answer> {
    const service = this.#routes.find(request.info);
    return service ? this.#ask(service, request) : this.#local.handle(request);
  }

  isReview(info: RequestInfo): boolean {
    return this.#local.isReview(info);
  }

  async #ask(service: APIService, request: ResourceRequest): Promise<Answer> {
    const { info } = request;
    if (!isAvailable(service)) throw unavailable(info);
    const answer = await this.#call(service, request);
    if (answer.status < 200 || answer.status >= 300) throw await failureOf(answer, info);
    if (info.verb === 'watch') return watchOf(answer);
    const object = (await objectOf(answer)) as KubernetesObject;
    return { type: 'object', code: answer.status, object };
  }

  async #call(service: APIService, request: ResourceRequest): Promise<Http1Answer> {
    const { info, user, query, userAgent, signal } = request;
    const path = info.path.split('/').map(encodeURIComponent).join('/');
    const search = query.toString();
    const body = request.body && bytesOf(request.body);
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent };
    if (request.body) headers['content-type'] = request.body.mediaType;
    try {
      return await this.#servers.call(service, {
        method: methods[info.verb] ?? 'GET',
        target: search ? `${path}?${search}` : path,
        user,
        headers,
        ...(body && { body }),
        timeoutMs: requestTimeoutMs,
        signal,
      });
    } catch (error) {
      if (error instanceof StatusError) throw error;
      throw unavailable(info, `: error trying to reach service: ${(error as Error).message}`);
    }
  }
}

const bytesOf = (body: RequestBody): Uint8Array =>
  'bytes' in body ? body.bytes : Buffer.from(printJson(body.value));

const unavailableText = 'the server is currently unable to handle the request';

function unavailable({ verb, group, resource }: RequestInfo, why = ''): StatusError {
  const message = `${unavailableText} (${verb} ${resource}.${group})${why}`;
  return new StatusError(503, 'ServiceUnavailable', message, { group, kind: resource });
}

async function objectOf(answer: Http1Answer): Promise<unknown> {
  const bytes = await wholeBody(answer, maxAnswerBytes);
  try {
    return parseJson(bytes.toString());
  } catch {
    throw internalError('another server answered with what is not JSON');
  }
}

const reasons: Record<number, StatusReason> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};

/** What a server says went wrong: its Status, or one made of the code. */
async function failureOf(answer: Http1Answer, info: RequestInfo): Promise<StatusError> {
  const status = (await objectOf(answer).catch(() => undefined)) as Status | undefined;
  if (status?.kind === 'Status') return StatusError.from(status);
  const { verb, group, resource } = info;
  const text =
    answer.status === 503
      ? unavailableText
      : `an error on the server has prevented the request from succeeding`;
  const message = `${text} (${verb} ${resource}.${group})`;
  return new StatusError(answer.status, reasons[answer.status] ?? 'InternalError', message);
}

/** The events of a watch, one a line, read no faster than they are taken. */
function watchOf(answer: Http1Answer): WatchAnswer {
  return {
    type: 'watch',
    open(sink) {
      let isStopped = false;
      const stop = () => {
        isStopped = true;
        answer.body.destroy();
      };
      const end = (error?: StatusError) => {
        if (!isStopped) sink.onEnd(error);
        stop();
      };
      void pass(answer, sink).then(
        () => end(),
        (error: unknown) =>
          end(error instanceof StatusError ? error : internalError('the watch of another server broke off')),
      );
      return { stop };
    },
  };
}

async function pass(answer: Http1Answer, sink: FrameSink): Promise<void> {
  for await (const line of createInterface({ input: answer.body, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue;
    const { type, object } = parseJson(line) as WatchEvent | { type: 'ERROR'; object: KubernetesObject };
    if (type === 'ERROR') throw StatusError.from(object as Status);
    const taken = sink.onFrame(
      type === 'BOOKMARK' ? { type, object } : { type, cached: new ForeignObject(object) },
    );
    if (!taken) await sink.drained?.();
  }
}

/** An object of another server, on its way to somebody in this process. */
class ForeignObject implements CachedObject {
  readonly object: KubernetesObject;
  readonly revision: number;
  #json: Buffer | undefined;

  constructor(object: KubernetesObject) {
    this.object = object;
    this.revision = Number(object.metadata.resourceVersion) || 0;
  }

  get lean(): KubernetesObject {
    const { managedFields: _, ...metadata } = this.object.metadata;
    return { ...this.object, metadata };
  }

  get leanJson(): string {
    return printJson(this.lean);
  }

  get metadataOnly(): KubernetesObject {
    const { kind, apiVersion, metadata } = this.lean;
    return { kind, apiVersion, metadata };
  }

  json(): Buffer {
    this.#json ??= Buffer.from(printJson(this.object));
    return this.#json;
  }

  get jsonBytes(): number {
    return this.json().length;
  }

  writeJson(out: Buffer, at: number, skip: number): number {
    return at + this.json().copy(out, at, skip);
  }

  readonly hasProtobuf = false;

  protobuf(): string {
    throw notAcceptable('an object of another server has no protobuf form');
  }
}
