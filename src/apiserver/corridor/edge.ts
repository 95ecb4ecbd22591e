import { goPattern, hasPattern } from '../../machinery/go-pattern.ts';
import type { HttpReply, HttpRequest, HttpUpgrade, ReplyHeaders, ReplyStream } from '../../platform/http.ts';
import type { Random } from '../../platform/random.ts';
import { isLongRunning, parseRequestInfo, splitTarget } from './request-info.ts';

/** What is done with every request over the network before anybody looks at it; nothing of it unless given. */
export interface EdgeOptions {
  /** Patterns (RE2) of origins whose pages may ask and read the answers. */
  allowedOrigins?: readonly string[] | undefined;
  /** Directives of the header `Strict-Transport-Security`. */
  transportSecurity?: readonly string[] | undefined;
  /** How many of all requests over HTTP/2 end their connection, so that clients spread over servers: 0 to 0.02. */
  goawayChance?: number | undefined;
  /** Whether requests are refused with a time to come back, once the server ends, until those before have their answers. */
  sendRetryAfter?: boolean | undefined;
}

type Serve = (request: HttpRequest, reply: HttpReply, upgrade?: HttpUpgrade) => Promise<void>;

const allowedMethods = 'POST, GET, OPTIONS, PUT, DELETE, PATCH';
const allowedHeaders =
  'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since';

/** Who asks for these is answered to the end: whoever looks after the server does. */
const neverRefused = ['/readyz', '/livez', '/healthz', '/metrics'];
const ownAgent = 'kube-apiserver/';

/** The first step of every request: what upstream's outermost filters do. */
export class Edge {
  readonly #options: EdgeOptions;
  readonly #serve: Serve;
  readonly #random: Random;
  readonly #isIdle: boolean;
  /** Requests that are under way and end by themselves, where somebody will wait for them. */
  #underWay = 0;
  #isRefusing = false;
  #onNone: (() => void) | undefined;

  constructor(options: EdgeOptions, { serve, random }: { serve: Serve; random: Random }) {
    const { allowedOrigins = [], transportSecurity = [], goawayChance = 0, sendRetryAfter = false } = options;
    this.#options = options;
    this.#serve = serve;
    this.#random = random;
    this.#isIdle = allowedOrigins.length + transportSecurity.length + goawayChance === 0 && !sendRetryAfter;
  }

  async serve(request: HttpRequest, reply: HttpReply, upgrade?: HttpUpgrade): Promise<void> {
    if (this.#isIdle) return this.#serve(request, reply, upgrade);
    if (!this.#options.sendRetryAfter || mayStay(request)) return this.#pass(request, reply, upgrade);
    if (this.#isRefusing) return refuse(reply, this.#auditId(request));
    if (isEndless(request)) return this.#pass(request, reply, upgrade);
    this.#underWay++;
    try {
      await this.#pass(request, reply, upgrade);
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#onNone?.();
    }
  }

  /** Refuses what comes from now on, where that is asked for; resolves when all that came before has been answered. */
  async refuseAll(): Promise<void> {
    if (!this.#options.sendRetryAfter) return;
    this.#isRefusing = true;
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#onNone = resolve));
  }

  async #pass(request: HttpRequest, reply: HttpReply, upgrade?: HttpUpgrade): Promise<void> {
    const { allowedOrigins = [], transportSecurity = [], goawayChance = 0 } = this.#options;
    const headers: ReplyHeaders = {};
    if (transportSecurity.length > 0) headers['strict-transport-security'] = transportSecurity.join('; ');
    if (request.httpVersion === 2 && goawayChance > 0 && this.#random.next() < goawayChance)
      headers.connection = 'close';
    const { origin } = request.headers;
    if (typeof origin !== 'string' || !allowedOrigins.some((one) => hasPattern(goPattern(one), origin)))
      return this.#serve(request, new ReplyWith(headers, reply), upgrade);
    headers['access-control-allow-origin'] = origin;
    headers['access-control-allow-methods'] = allowedMethods;
    headers['access-control-allow-headers'] = allowedHeaders;
    headers['access-control-expose-headers'] = 'Date';
    headers['access-control-allow-credentials'] = 'true';
    if (request.method !== 'OPTIONS') return this.#serve(request, new ReplyWith(headers, reply), upgrade);
    // A browser asks before it asks, and shows nobody's credentials.
    headers['audit-id'] = this.#auditId(request);
    headers['cache-control'] = 'no-cache, private';
    reply.send(204, headers);
  }

  #auditId({ headers: { 'audit-id': given } }: HttpRequest): string {
    return typeof given === 'string' && given !== '' ? given : this.#random.uuid();
  }
}

function mayStay({ target, headers }: HttpRequest): boolean {
  const agent = headers['user-agent'];
  return (
    neverRefused.some((path) => target.startsWith(path)) ||
    (typeof agent === 'string' && agent.startsWith(ownAgent))
  );
}

/** Whether a request may last as long as its client likes: nobody waits for such. */
function isEndless({ method, target }: HttpRequest): boolean {
  try {
    const { path, query } = splitTarget(target);
    return isLongRunning(parseRequestInfo(method, path, query));
  } catch {
    return false;
  }
}

function refuse(reply: HttpReply, auditId: string): void {
  const headers = {
    connection: 'close',
    'retry-after': '5',
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'audit-id': auditId,
  };
  reply.send(429, headers, [Buffer.from('The apiserver is shutting down, please try again later.\n')]);
}

/** Has some headers in an answer that does not have them itself. */
class ReplyWith implements HttpReply {
  readonly #headers: ReplyHeaders;
  readonly #reply: HttpReply;

  constructor(headers: ReplyHeaders, reply: HttpReply) {
    this.#headers = headers;
    this.#reply = reply;
  }

  get started(): boolean {
    return this.#reply.started;
  }

  send(status: number, headers: ReplyHeaders, body?: readonly Uint8Array[]): void {
    this.#reply.send(status, { ...this.#headers, ...headers }, body);
  }

  open(status: number, headers: ReplyHeaders): ReplyStream {
    return this.#reply.open(status, { ...this.#headers, ...headers });
  }
}
