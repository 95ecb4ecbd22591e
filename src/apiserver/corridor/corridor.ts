import { type Cause, causeHeader } from '../../client/transport.ts';
import { badRequest, StatusError } from '../../machinery/status-error.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { HttpReply, HttpRequest, HttpUpgrade } from '../../platform/http.ts';
import type { Platform } from '../../platform/platform.ts';
import { turnTogether } from '../../platform/turn.ts';
import { AuditedReply } from '../audit/audited-reply.ts';
import type { Auditor } from '../audit/auditor.ts';
import { bodyValue } from '../audit/body-value.ts';
import { unauthenticatedGroup } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Fairness } from '../fairness/fairness.ts';
import { isBuiltIn } from '../http/built-in.ts';
import { methodNotAllowed } from '../http/method-not-allowed.ts';
import { bodyMediaType, checkBodyType, type Endpoint, type Format, negotiate } from '../http/negotiate.ts';
import type { Responder } from '../http/responder.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { Dispatcher, RequestBody, RequestInfo, ResourceRequest } from '../request.ts';
import { type AuthenticateOptions, authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';
import { deadlineMs } from './deadline.ts';
import { Exchange } from './exchange.ts';
import type { Acting, Impersonation } from './impersonate.ts';
import { pathNotFound } from './plain-routes.ts';
import { RequestWithout } from './request-without.ts';
import { isLongRunning, parseRequestInfo, splitTarget } from './request-info.ts';

/** Serves paths that are no resources. */
export interface PlainRoutes {
  /** Sends the answer and gives its code; rejects with a StatusError (404 for what is not there). */
  serve(x: Exchange): Promise<number>;
}

/** Serves resources that answer with streams: logs, exec, proxies. */
export interface StreamRoutes {
  /** Whether the request is one of these. */
  handles(x: Exchange): boolean;
  /** Answers the request, and gives the code; rejects with a StatusError where that cannot begin. */
  serve(x: Exchange): Promise<number>;
}

export interface RequestMetrics {
  observe(x: Exchange, options: { code: number; durationMs: number }): void;
}

export interface CorridorOptions {
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  authentication: AuthenticateOptions;
  authorizer: Authorizer;
  impersonation: Impersonation;
  fairness: Fairness;
  dispatcher: Dispatcher;
  /** Whether a resource is there for this process alone. */
  isHidden?(info: RequestInfo): boolean;
  /** Whether only authentication may see a header, by its name in lower case; it may be absent where there is no such. */
  isWithheld?: ((name: string) => boolean) | undefined;
  plain: PlainRoutes;
  streams: StreamRoutes;
  /** What other servers answer for; asked before everything else. */
  elsewhere?: StreamRoutes;
  responder: Responder;
  metrics: RequestMetrics;
  /** Records requests; absent where there is no audit policy. */
  auditor?: Auditor | undefined;
  limits: { bodyBytes: number; deadlineMs: number };
}

const noQuery = new URLSearchParams();

/** The way of every request that comes over the network. */
export class Corridor {
  readonly #options: CorridorOptions;

  constructor(options: CorridorOptions) {
    this.#options = options;
  }

  /** Answers the request, whatever happens. */
  async serve(request: HttpRequest, reply: HttpReply, upgrade?: HttpUpgrade): Promise<void> {
    const { clock } = this.#options.platform;
    const startMs = clock.monotonic();
    const { x, unreadable } = this.#read(request, reply, upgrade);
    let sender: UserInfo | undefined;
    let code = 200;
    try {
      if (unreadable) throw unreadable;
      this.#checkTimeout(x);
      sender = await authenticate(request, this.#options.authentication, x);
      x.isLast = isStrangersHttp2(request, sender);
      this.#beginAudit(x, sender);
      code = await this.#walk(x, sender);
    } catch (error) {
      if (!sender) x.isLast = isStrangersHttp2(request);
      if (!sender && !unreadable) this.#beginAudit(x, undefined);
      code = this.#options.responder.failure(x, error);
    }
    this.#options.metrics.observe(x, { code, durationMs: clock.monotonic() - startMs });
    if (x.audit) endAudit(x, code);
  }

  #beginAudit(x: Exchange, sender: UserInfo | undefined): void {
    x.audit = this.#options.auditor?.begin(x, sender);
    if (x.audit && isLongRunning(x.info)) x.reply = new AuditedReply(x.reply, x.audit);
  }

  /** What is asked for; where that cannot be read, the request as far as it can, and why not. */
  #read(
    received: HttpRequest,
    reply: HttpReply,
    upgraded: HttpUpgrade | undefined,
  ): { x: Exchange; unreadable?: unknown } {
    const { isWithheld } = this.#options;
    const request = isWithheld ? new RequestWithout(received, isWithheld) : received;
    const upgrade = upgraded && { ...upgraded, request };
    const auditId = this.#auditId(request);
    try {
      const { path, query } = splitTarget(request.target);
      const info = parseRequestInfo(request.method, path, query);
      return { x: new Exchange({ request, reply, upgrade, auditId, path, query, info }) };
    } catch (unreadable) {
      const info = parseRequestInfo(request.method, '/', noQuery);
      return { x: new Exchange({ request, reply, auditId, path: '', query: noQuery, info }), unreadable };
    }
  }

  /** Whoever asks: a time that is none is refused, of paths that are no resources too. */
  #checkTimeout({ info, query }: Exchange): void {
    if (!isLongRunning(info)) deadlineMs(query, this.#options.limits.deadlineMs);
  }

  #auditId(request: HttpRequest): string {
    const given = request.headers['audit-id'];
    return typeof given === 'string' && given !== '' ? given : this.#options.platform.random.uuid();
  }

  async #walk(x: Exchange, sender: UserInfo): Promise<number> {
    const { authorizer, impersonation, fairness } = this.#options;
    x.user = sender;
    const acting = impersonation.resolve(x.request.rawHeaders, sender, x.info);
    const user = acting ? actAs(x, await acting) : sender;
    const place = fairness.enter(x, user);
    const leave = place instanceof Promise ? await place : place;
    try {
      const waiting = authorize(authorizer, user, x.info, x.audit && x);
      if (waiting) await waiting;
      return await this.#handle(x, user);
    } finally {
      leave();
    }
  }

  #handle(x: Exchange, user: UserInfo): Promise<number> {
    const { plain, streams, elsewhere, isHidden } = this.#options;
    if (elsewhere?.handles(x)) return elsewhere.serve(x);
    if (x.info.isResource && isHidden?.(x.info)) throw pathNotFound();
    if (streams.handles(x)) return streams.serve(x);
    return x.info.isResource ? this.#resource(x, user) : plain.serve(x);
  }

  async #resource(x: Exchange, user: UserInfo): Promise<number> {
    const { dispatcher, responder } = this.#options;
    if (!hasMethod(x)) throw methodNotAllowed();
    const format = this.#format(x);
    responder.checkAnswerable(x, format);
    const deadline = this.#deadline(x);
    try {
      const body = x.request.method === 'GET' ? undefined : await deadline.bound(this.#body(x));
      if (body && x.audit && x.info.verb === 'patch') x.audit.sentPatch(() => bodyValue(body));
      if (body) await turnTogether();
      const pending = dispatcher.handle(new PendingRequest({ x, user, body, deadline }));
      const answer = await deadline.bound(pending);
      await responder.answer(x, answer, { ...format, pretty: format.pretty || x.pretty });
      return answer.type === 'object' ? answer.code : 200;
    } finally {
      deadline.done();
    }
  }

  #format(x: Exchange): Format {
    const format = negotiate(x.header('accept'), endpointOf(x.info));
    const asksTable = format.convert?.kind === 'Table';
    return asksTable && this.#options.dispatcher.isReview(x.info)
      ? negotiate(x.header('accept'), 'review')
      : format;
  }

  #deadline(x: Exchange): Deadline {
    if (isLongRunning(x.info)) return new Deadline();
    const { platform, limits } = this.#options;
    return new Deadline(platform.clock, deadlineMs(x.query, limits.deadlineMs));
  }

  async #body(x: Exchange): Promise<RequestBody | undefined> {
    const { method } = x.request;
    if (method === 'HEAD') return undefined;
    const mediaType = bodyMediaType(x.header('content-type'));
    const bytes = await x.request.body(this.#options.limits.bodyBytes);
    if (bytes.length === 0 && method === 'DELETE') return undefined;
    if (method !== 'PATCH') checkBodyType(mediaType);
    return { mediaType, bytes };
  }
}

/** Only GET watches, and HEAD is for what is no resource, for streams, and for custom resources, which know but verbs. */
function hasMethod({ info, request: { method } }: Exchange): boolean {
  if (method === 'GET') return true;
  return info.verb !== 'watch' && !(method === 'HEAD' && isBuiltIn(info));
}

/**
 * HTTP/2 lets a client make much work with little of its own (CVE-2023-44487): whoever is not known has a connection for one
 * request each, as with plain HTTP.
 */
function isStrangersHttp2({ httpVersion }: HttpRequest, sender?: UserInfo): boolean {
  return httpVersion === 2 && (!sender || sender.groups.includes(unauthenticatedGroup));
}

function actAs(x: Exchange, { user, constraint }: Acting): UserInfo {
  x.user = user;
  x.audit?.actsAs(user, constraint);
  return user;
}

/** What is recorded of a request ends with its answer, or with the connection that it was turned into. */
function endAudit({ audit, upgrade }: Exchange, code: number): void {
  if (code !== 101 || !upgrade) return audit?.done(code);
  audit?.started(code);
  const { socket } = upgrade;
  if (socket.destroyed) audit?.done(code);
  else socket.once('close', () => audit?.done(code));
}

function endpointOf(info: RequestInfo): Endpoint {
  const isWatch = info.verb === 'watch';
  if (isBuiltIn(info)) return isWatch ? 'watch' : 'resource';
  return isWatch ? 'customWatch' : 'custom';
}

const deadlineExceeded = () =>
  new StatusError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout');

/** When a request must be done, if it must. The signal is made only for those who ask for it. */
class Deadline {
  readonly #timer: Timer | undefined;
  #abort: AbortController | undefined;
  #passed = false;
  #reject: ((error: StatusError) => void) | undefined;
  readonly #clock: Clock | undefined;
  readonly #endMs: number;

  constructor(clock?: Clock, afterMs = 0) {
    this.#clock = clock;
    this.#endMs = clock ? clock.monotonic() + afterMs : 0;
    this.#timer = clock?.after(afterMs, () => this.#pass());
  }

  /** Absent where there is any time. */
  get leftMs(): number | undefined {
    return this.#clock && Math.max(0, this.#endMs - this.#clock.monotonic());
  }

  /** What the promise gives, or an error once the time is up: nobody waits for what never comes. */
  bound<T>(promise: Promise<T>): Promise<T> {
    if (!this.#timer) return promise;
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      promise.then(resolve, reject);
    });
  }

  #pass(): void {
    this.#passed = true;
    this.#reject?.(deadlineExceeded());
    this.#abort?.abort(deadlineExceeded());
  }

  done(): void {
    this.#timer?.cancel();
  }

  /** Aborted when the time is up or the client has gone. */
  signal(client: HttpRequest): AbortSignal {
    if (this.#abort) return this.#abort.signal;
    const abort = new AbortController();
    this.#abort = abort;
    if (this.#passed) abort.abort(deadlineExceeded());
    client.onGone(() => abort.abort());
    return abort.signal;
  }
}

/** A request as the registries get it; what few of them ask for is made when they do. */
class PendingRequest implements ResourceRequest {
  readonly info: ResourceRequest['info'];
  readonly user: UserInfo;
  readonly query: URLSearchParams;
  readonly body: RequestBody | undefined;
  readonly cause: Cause | undefined;
  readonly #x: Exchange;
  readonly #deadline: Deadline;

  constructor(options: { x: Exchange; user: UserInfo; body: RequestBody | undefined; deadline: Deadline }) {
    this.#x = options.x;
    this.#deadline = options.deadline;
    this.info = options.x.info;
    this.user = options.user;
    this.query = options.x.query;
    this.body = options.body;
    this.cause = readCause(options.x.header(causeHeader));
  }

  get userAgent(): string {
    return this.#x.userAgent;
  }

  get signal(): AbortSignal {
    return this.#deadline.signal(this.#x.request);
  }

  get leftMs(): number | undefined {
    return this.#deadline.leftMs;
  }

  warn(message: string): void {
    this.#x.warn(message);
  }

  annotate(key: string, value: string): void {
    this.#x.annotate(key, value);
  }

  annotateDetail(key: string, value: () => string): void {
    if (this.#x.audit?.wantsBodies) this.#x.annotate(key, value());
  }

  decoded(object: object): void {
    this.#x.audit?.sent(object);
  }
}

/** The cause that a component gives for its write. */
function readCause(header: string | undefined): Cause | undefined {
  if (!header) return undefined;
  try {
    const cause = JSON.parse(decodeURIComponent(header)) as Cause;
    if (typeof cause?.reason === 'string' && isReference(cause.object)) return cause;
  } catch {
    // Told below, together with JSON that is no cause.
  }
  throw badRequest(`header ${causeHeader} is not a cause`);
}

/** Whether what a cause says of its object can be looked up: nothing, or texts alone. */
function isReference(object: unknown): boolean {
  if (object === undefined) return true;
  if (typeof object !== 'object' || object === null) return false;
  const { apiVersion, kind, ...more } = object as Record<string, unknown>;
  const isText = (value: unknown) => typeof value === 'string';
  return isText(apiVersion) && isText(kind) && Object.values(more).every((v) => v === undefined || isText(v));
}
