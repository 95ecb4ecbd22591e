import type { KubernetesObject } from '../../api/resource.ts';
import {
  type ApiRequest,
  type Transport,
  UnreachableError,
  type WatchEvent,
  type WatchSink,
  type WatchStream,
} from '../../client/transport.ts';
import { internalError, StatusError } from '../../machinery/status-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import type { Faults } from './faults.ts';
import type { Life } from './life.ts';

export interface LinkOptions {
  /** The process at this end; once it has died nothing arrives any more. */
  life: Life;
  /** The other end; undefined while nobody answers there. */
  server(): Transport | undefined;
  /** Whether Events go nowhere: they count as written. */
  isSilent: boolean;
  /** Told when the other end dies. Gives what takes that back. */
  onServerCrash(fn: () => void): () => void;
  clock: Clock;
  random: Random;
  /** What goes wrong now. */
  faults(): Faults;
  /** Another writer changes the object of this request. */
  disturb(request: ApiRequest): Promise<void>;
  /** Kills this end's process. */
  crash(): void;
}

const unreachable = () => new UnreachableError('the server cannot be reached');

const refusals = [
  () => new StatusError(429, 'TooManyRequests', 'too many requests, please try again later'),
  () => internalError('something went wrong on purpose'),
  () => unreachable(),
];

/** A process's connection to the API server, with all that goes wrong on it. */
export class Link implements Transport {
  readonly #options: LinkOptions;
  readonly #watches = new Set<LinkedWatch>();
  /** The revision of the last event told, by what is watched. */
  readonly #lastEvents = new Map<string, number>();
  #isCut = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    options.life.onEnd(options.onServerCrash(() => this.#breakAll()));
    options.life.onEnd(() => this.#stopAll());
  }

  /** Cuts the connection, or mends it: while it is cut nothing passes in either direction. */
  set isCut(cut: boolean) {
    this.#isCut = cut;
    if (cut) this.#breakAll();
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  request(request: ApiRequest): Promise<unknown> {
    if (this.#options.isSilent && isEvent(request)) return Promise.resolve(request.body);
    return this.#options.life.heard(this.#request(request));
  }

  watch(request: ApiRequest, sink: WatchSink): Promise<WatchStream> {
    return this.#options.life.heard(this.#watch(request, sink));
  }

  async #request(request: ApiRequest): Promise<unknown> {
    const isWrite = request.method !== 'GET';
    await this.#travel(request.signal);
    if (isWrite) await this.#meetOthers(request);
    const server = this.#server();
    const deathComes = isWrite && this.#happens('crashes');
    if (deathComes && this.#happensHalf()) return this.#die();
    const answer = await server.request(request);
    if (deathComes) return this.#die();
    if (isWrite && this.#happens('lostAnswers')) throw unreachable();
    await this.#travel(request.signal);
    if (this.#isCut) throw unreachable();
    return answer;
  }

  async #watch(request: ApiRequest, sink: WatchSink): Promise<WatchStream> {
    await this.#travel(request.signal);
    const server = this.#server();
    const name = nameOf(request);
    const watch = new LinkedWatch(sink, {
      ...this.#options,
      told: (revision) => this.#lastEvents.set(name, revision),
      over: () => this.#watches.delete(watch),
    });
    this.#watches.add(watch);
    try {
      await watch.open(server, this.#from(request, name));
    } catch (error) {
      this.#watches.delete(watch);
      throw error;
    }
    return watch;
  }

  /** The server, where the request comes through to it and is not refused. */
  #server(): Transport {
    const server = this.#options.server();
    if (!server || this.#isCut || this.#options.life.isOver) throw unreachable();
    if (this.#happens('refusals'))
      throw (refusals[this.#options.random.int(refusals.length)] as () => Error)();
    return server;
  }

  /** Where a watch goes on, perhaps one event earlier than it has to. */
  #from(request: ApiRequest, name: string): ApiRequest {
    const last = this.#lastEvents.get(name);
    if (last === undefined || request.query?.resourceVersion !== String(last)) return request;
    if (!this.#happens('repeatedEvents')) return request;
    return { ...request, query: { ...request.query, resourceVersion: String(last - 1) } };
  }

  async #travel(signal?: AbortSignal): Promise<void> {
    const { clock, random, faults } = this.#options;
    const { requestDelayMs } = faults();
    if (requestDelayMs > 0) await clock.sleep(random.int(requestDelayMs + 1), signal);
  }

  async #meetOthers(request: ApiRequest): Promise<void> {
    if (request.method !== 'POST' && this.#happens('conflicts')) await this.#options.disturb(request);
  }

  /** Chance is only asked where something can go wrong. */
  #happens(what: 'refusals' | 'lostAnswers' | 'conflicts' | 'repeatedEvents' | 'crashes'): boolean {
    const share = this.#options.faults()[what];
    return share > 0 && this.#options.random.next() < share;
  }

  #happensHalf(): boolean {
    return this.#options.random.next() < 0.5;
  }

  #die(): never {
    this.#options.crash();
    throw unreachable();
  }

  #breakAll(): void {
    for (const watch of [...this.#watches]) watch.break(unreachable());
  }

  #stopAll(): void {
    for (const watch of [...this.#watches]) watch.stop();
  }
}

const isEvent = ({ method, path }: ApiRequest) => method !== 'GET' && /\/events(\/[^/]*)?$/.test(path);

const nameOf = ({ path, query = {} }: ApiRequest) =>
  `${path} ${query.labelSelector ?? ''} ${query.fieldSelector ?? ''}`;

interface LinkedWatchOptions extends Pick<LinkOptions, 'clock' | 'random' | 'faults'> {
  told(revision: number): void;
  over(): void;
}

/** One watch on a link: events arrive in their order, each perhaps late, until the connection breaks. */
class LinkedWatch implements WatchStream {
  readonly #sink: WatchSink;
  readonly #options: LinkedWatchOptions;
  #stream: WatchStream | undefined;
  #isOver = false;
  #lastAtMs = 0;
  readonly #underWay: (() => void)[] = [];

  constructor(sink: WatchSink, options: LinkedWatchOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  async open(server: Transport, request: ApiRequest): Promise<void> {
    this.#stream = await server.watch(request, {
      onEvent: (event) => this.#inOrder(() => this.#arrive(event)),
      onEnd: (error) => this.#inOrder(() => this.break(error)),
    });
    if (this.#isOver) this.#stream.stop();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.stop();
    this.#options.over();
  }

  /** The watcher learns that it is over; what was under way is lost. */
  break(error?: Error): void {
    if (this.#isOver) return;
    this.stop();
    this.#sink.onEnd(error);
  }

  /** Now, where nothing is under way and nothing is late; otherwise after all that came before. */
  #inOrder(deliver: () => void): void {
    const { clock, random, faults } = this.#options;
    const { eventDelayMs } = faults();
    const delayMs = eventDelayMs > 0 ? random.int(eventDelayMs + 1) : 0;
    if (delayMs === 0 && this.#underWay.length === 0) return deliver();
    this.#underWay.push(deliver);
    this.#lastAtMs = Math.max(this.#lastAtMs, clock.monotonic() + delayMs);
    clock.after(this.#lastAtMs - clock.monotonic(), () => {
      // Moments that are meant to be one may differ by what rounding makes of them: whichever timer it is, the first has its turn.
      const first = this.#underWay.shift();
      if (!this.#isOver) first?.();
    });
  }

  /** A bookmark breaks nothing: there is one a minute on every watch, and most have nothing to tell ever. */
  #arrive(event: WatchEvent<KubernetesObject>): void {
    if (this.#isOver) return;
    const { random, faults, told } = this.#options;
    const { brokenWatches, expiredWatches } = faults();
    if (event.type !== 'BOOKMARK' && brokenWatches > 0 && random.next() < brokenWatches) {
      const isExpired = random.next() < expiredWatches;
      return this.break(isExpired ? expired() : unreachable());
    }
    told(Number(event.object.metadata.resourceVersion));
    this.#sink.onEvent(event);
  }
}

const expired = () => new StatusError(410, 'Expired', 'too old resource version');
