import type { KubernetesObject } from '../../api/resource.ts';
import type { ApiRequest, Query, Transport, WatchSink, WatchStream } from '../../client/transport.ts';
import { badRequest, internalError, notFound, StatusError } from '../../machinery/status-error.ts';
import type { Log } from '../../platform/log.ts';
import { onAbort } from '../../platform/on-abort.ts';
import type { Auditor } from '../audit/auditor.ts';
import { LocalAudit } from '../audit/local-audit.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { statusOf } from '../http/status-reply.ts';
import type { UserInfo } from '../registry/kind.ts';
import type {
  Answer,
  CachedObject,
  Dispatcher,
  FrameSink,
  ListAnswer,
  RequestBody,
  ResourceRequest,
  WatchFrame,
} from '../request.ts';
import { authorize } from './authorize.ts';
import { parseRequestInfo, splitTarget } from './request-info.ts';

export interface InProcessOptions {
  dispatcher: Dispatcher;
  authorizer: Authorizer;
  /** Records requests; absent where there is no audit policy. */
  auditor?: Auditor | undefined;
  log: Log;
  user: UserInfo;
  /** For the default field manager. */
  userAgent: string;
}

/** What is asked for beside the path; `none` where that is nothing, as with most writes. */
function searchParams(query: Query, none: URLSearchParams): URLSearchParams {
  let params: URLSearchParams | undefined;
  for (const key in query) {
    if (query[key] === undefined) continue;
    params ??= new URLSearchParams();
    params.set(key, String(query[key]));
  }
  return params ?? none;
}

const bodyOf = ({ body, contentType }: ApiRequest): RequestBody | undefined =>
  body === undefined ? undefined : { mediaType: contentType ?? 'application/json', value: body };

const listOf = ({ apiVersion, kind, metadata, items }: ListAnswer, seen: (item: CachedObject) => object) => ({
  apiVersion,
  kind,
  metadata,
  items: items.map(seen),
});

/** What the caller sees of a cached object. */
function formFor({ withoutManagedFields, metadataOnly }: ApiRequest) {
  if (metadataOnly) return (item: CachedObject) => item.metadataOnly;
  return withoutManagedFields ? (item: CachedObject) => item.lean : (item: CachedObject) => item.object;
}

/** The way to the API server for what runs in its process: no connection and no encoding, but the same authorization. */
export class InProcessTransport implements Transport {
  readonly #options: InProcessOptions;
  /** For requests whose caller gave none; never aborted, and gone with the server, so that who waits for it is as well. */
  readonly #signal = new AbortController().signal;

  constructor(options: InProcessOptions) {
    this.#options = options;
  }

  async request(request: ApiRequest): Promise<unknown> {
    const answer = await this.#handle(request);
    if (answer.type === 'object') return answer.object;
    if (answer.type === 'list') return listOf(answer, formFor(request));
    throw badRequest('a watch was asked for with request');
  }

  async watch(request: ApiRequest, sink: WatchSink): Promise<WatchStream> {
    const answer = await this.#handle({ ...request, query: { ...request.query, watch: true } });
    if (answer.type !== 'watch') throw internalError('a watch was not answered with one');
    const { signal, withoutManagedFields, metadataOnly } = request;
    const isLean = withoutManagedFields === true && !metadataOnly;
    return new LocalWatch({ open: answer.open.bind(answer), sink, seen: formFor(request), isLean, signal });
  }

  async #handle(request: ApiRequest): Promise<Answer> {
    request.signal?.throwIfAborted();
    let audit: LocalAudit | undefined;
    try {
      const wanted = this.#resourceRequest(request);
      audit = this.#audit(wanted, request.path);
      const { authorizer, dispatcher, user } = this.#options;
      const waiting = authorize(authorizer, user, wanted.info, audit);
      if (waiting) await waiting;
      const answer = await dispatcher.handle(audit ? audit.listening(wanted) : wanted);
      return audit ? audit.answered(answer) : answer;
    } catch (error) {
      const known =
        error instanceof StatusError ? error : StatusError.from(statusOf(error, this.#options.log));
      audit?.failed(known);
      throw known;
    }
  }

  #audit(request: ResourceRequest, path: string): LocalAudit | undefined {
    const { auditor, user } = this.#options;
    return auditor && LocalAudit.begin(auditor, { request, path, user });
  }

  #resourceRequest(request: ApiRequest): ResourceRequest {
    const { user, userAgent, log } = this.#options;
    const { path, query: none } = splitTarget(request.path);
    const query = request.query ? searchParams(request.query, none) : none;
    const info = parseRequestInfo(request.method, path, query);
    if (!info.isResource) throw notFound({ group: '', resource: '', name: path });
    const warn = (message: string) => log.debug('warning from the API server', { path, message });
    const { cause, signal = this.#signal } = request;
    return { info, user, query, body: bodyOf(request), cause, userAgent, signal, warn };
  }
}

interface LocalWatchOptions {
  open(sink: FrameSink): { stop(): void };
  sink: WatchSink;
  seen(item: CachedObject): KubernetesObject;
  /** Whether that is its lean form, which there is as JSON. */
  isLean: boolean;
  signal: AbortSignal | undefined;
}

/** One watch; hands events on until either side ends it. */
class LocalWatch implements WatchStream {
  readonly #sink: WatchSink;
  readonly #seen: LocalWatchOptions['seen'];
  readonly #asJson: boolean;
  #over = false;
  #leave: (() => void) | undefined;
  #handle: { stop(): void } | undefined;

  constructor({ open, sink, seen, isLean, signal }: LocalWatchOptions) {
    this.#sink = sink;
    this.#seen = seen;
    this.#asJson = isLean && sink.onJson !== undefined;
    // The caller learns of the watch before its first event.
    queueMicrotask(() => this.#start(open));
    if (signal?.aborted) this.#over = true;
    else this.#leave = signal && onAbort(signal, () => this.stop());
  }

  #start(open: (sink: FrameSink) => { stop(): void }): void {
    if (this.#over) return;
    this.#handle = open({
      onFrame: (frame) => {
        if (this.#over) return true;
        this.#show(frame);
        return true;
      },
      onEnd: (error) => {
        if (this.#over) return;
        this.#end();
        this.#sink.onEnd(error);
      },
    });
    if (this.#over) this.#handle.stop();
  }

  #show(frame: WatchFrame): void {
    const { type } = frame;
    if (type === 'BOOKMARK') this.#sink.onEvent({ type, object: frame.object });
    else if (this.#asJson) this.#sink.onJson?.(type, frame.cached.leanJson);
    else this.#sink.onEvent({ type, object: this.#seen(frame.cached) });
  }

  #end(): void {
    this.#over = true;
    this.#leave?.();
  }

  stop(): void {
    if (this.#over) return;
    this.#end();
    this.#handle?.stop();
  }
}
