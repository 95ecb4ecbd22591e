import { flowschemas, prioritylevelconfigurations } from '../../api/generated/resources.ts';
import { tooManyRequests } from '../../machinery/status-error.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { HttpRequest } from '../../platform/http.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { deadlineMs } from '../corridor/deadline.ts';
import { isLongRunning } from '../corridor/request-info.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';
import { lendAndBorrow } from './borrowing.ts';
import { FairnessConfig } from './fairness-config.ts';
import type { Flow, KindCounts } from './flow.ts';
import { type FlowCounts, flowMetrics, type Refusal } from './flow-metrics.ts';
import type { Queue, Ticket } from './queue-set.ts';
import type { PriorityLevel } from './priority-level.ts';
import { estimateSeats } from './work-estimate.ts';

export interface FairnessLimits {
  /** Seats of all priority levels together: what upstream has in two limits, for reads and for writes. */
  requestsInFlight: number;
  /** The most that a request may take; it waits for its turn no longer than a quarter of that. */
  deadlineMs: number;
}

export interface FairnessOptions {
  clock: Clock;
  /** The flow schemas and priority levels as they stand now. */
  reader: ObjectReader;
  /** How many objects there are of a resource. */
  count(info: RequestInfo): number;
  limits: FairnessLimits;
}

/** What can be seen of the requests that are attended to. */
export interface FairnessState {
  counts: ReadonlyMap<string, FlowCounts>;
  levels: ReadonlyMap<string, PriorityLevel>;
  attended: Iterable<Attended>;
}

/** A request on its way, as far as it matters here. */
export interface Entrant {
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly request: Pick<HttpRequest, 'onGone'>;
  /** Set when the request is assigned. */
  flow: Flow | undefined;
}

/** Gives the place back; call it once. */
export type Leave = () => void;

const nothing: Leave = () => {};
const readOnlyVerbs = new Set(['get', 'list', 'watch']);

/** A request that waits for its seats or holds them. */
export interface Attended {
  info: RequestInfo;
  user: string;
  flow: Flow;
  kind: KindCounts;
  seats: number;
  arrivedMs: number;
  /** Undefined while it waits. */
  startMs: number | undefined;
  /** What it waits as. */
  ticket: Ticket | undefined;
  /** The queue that its seats are booked on; null where the level has none. */
  queue: Queue | null;
}
const borrowingPeriodMs = 10_000;
const longestWaitMs = 60_000;

/**
 * Priority and fairness: assigns each request to a flow and a priority level, lets it through while the level has seats,
 * has it wait its turn among the other flows, or refuses it. Follows the FlowSchemas and PriorityLevelConfigurations there are.
 */
export class Fairness {
  /** How many requests of each kind have a place, and how many wait for one. */
  readonly counts: Record<'mutating' | 'readOnly', KindCounts> = {
    mutating: { taken: 0, waiting: 0 },
    readOnly: { taken: 0, waiting: 0 },
  };
  readonly #options: FairnessOptions;
  readonly #config: FairnessConfig;
  #seenSchemas = -1;
  #seenLevels = -1;
  #sharedOutMs: number;
  #sharing = false;
  readonly #attended = new Set<Attended>();

  constructor(options: FairnessOptions) {
    this.#options = options;
    this.#config = new FairnessConfig(options.limits.requestsInFlight);
    this.#sharedOutMs = options.clock.monotonic();
  }

  get metrics(): Metric[] {
    const { counts, levels } = this.#config;
    return flowMetrics({ counts: () => counts.values(), levels: () => levels.values() });
  }

  /** The levels, and the requests that wait or are worked on there; those of exempt levels are not kept. */
  get state(): FairnessState {
    const { counts, levels } = this.#config;
    return { counts, levels, attended: this.#attended };
  }

  /**
   * A place for the request, at once or when its turn comes. Throws or rejects with 429 where it is refused. Streams
   * are let through; a watch holds its place until it has begun.
   */
  enter(entrant: Entrant, user: UserInfo): Leave | Promise<Leave> {
    const { info, query } = entrant;
    if (info.verb !== 'watch' && isLongRunning(info)) return nothing;
    const nowMs = this.#options.clock.monotonic();
    this.#refresh(nowMs);
    const flow = this.#config.flowOf(info, user);
    entrant.flow = flow;
    const { level } = flow;
    const kind = this.counts[readOnlyVerbs.has(info.verb) ? 'readOnly' : 'mutating'];
    if (level.isExempt) return enterExempt(flow, kind);
    const seats = estimateSeats({ info, query }, this.#options.count, level.mostPerRequest);
    const hand = flow.handOf(info, user);
    const queue = level.set.tryStart(hand, seats, nowMs);
    const attended: Attended = {
      info,
      user: user.name,
      flow,
      kind,
      seats,
      arrivedMs: nowMs,
      startMs: undefined,
      ticket: undefined,
      queue: null,
    };
    if (queue !== undefined) {
      level.noteDemand(nowMs);
      this.#attended.add(attended);
      return this.#started(attended, queue, nowMs);
    }
    if (level.queues === 0) throw this.#refuse(flow, 'concurrency-limit');
    return this.#wait(entrant, attended, hand);
  }

  #started(attended: Attended, queue: Queue | null, nowMs: number): Leave {
    const { flow, kind, seats } = attended;
    const { counts } = flow;
    attended.queue = queue;
    attended.startMs = nowMs;
    counts.dispatched++;
    counts.executing++;
    counts.executingSeats += seats;
    kind.taken++;
    return () => this.#leave(attended);
  }

  #leave(attended: Attended): void {
    const { flow, kind, seats, queue, startMs = 0 } = attended;
    const { counts, level } = flow;
    const nowMs = this.#options.clock.monotonic();
    this.#attended.delete(attended);
    kind.taken--;
    counts.executing--;
    counts.executingSeats -= seats;
    level.set.finish(queue, seats, { startMs, nowMs });
    level.noteDemand(nowMs);
  }

  #wait({ query, request }: Entrant, attended: Attended, hand: readonly number[]): Promise<Leave> {
    const { clock, limits } = this.#options;
    const { flow, kind, seats, arrivedMs } = attended;
    const { level } = flow;
    const limitMs = Math.min(longestWaitMs, deadlineMs(query, limits.deadlineMs) / 4);
    this.#attended.add(attended);
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      let waits = true;
      const onDispatch = (queue: Queue) => {
        waits = false;
        timer?.cancel();
        const startMs = clock.monotonic();
        noteQueued(flow, kind, -seats);
        flow.counts.noteWait(startMs - arrivedMs);
        resolve(this.#started(attended, queue, startMs));
      };
      noteQueued(flow, kind, seats);
      const ticket = level.set.enqueue(hand, { seats, onDispatch }, arrivedMs);
      attended.ticket = ticket;
      level.noteDemand(arrivedMs);
      const giveUp = (why: Refusal) => {
        if (!waits) return;
        waits = false;
        timer?.cancel();
        this.#attended.delete(attended);
        if (ticket) level.set.cancel(ticket, clock.monotonic());
        noteQueued(flow, kind, -seats);
        reject(this.#refuse(flow, why));
      };
      if (!ticket) return giveUp('queue-full');
      if (!waits) return;
      timer = clock.after(limitMs, () => giveUp('time-out'));
      request.onGone(() => giveUp('cancelled'));
      this.#shareOutLater();
    });
  }

  #refuse({ counts, level }: Flow, why: Refusal): Error {
    counts.refused[why]++;
    level.retryAfter.refused(this.#options.clock.monotonic());
    return tooManyRequests('Too many requests, please try again later.', level.retryAfter.seconds);
  }

  /** Takes the objects as they stand now, and shares the seats out anew where it is time. */
  #refresh(nowMs: number): void {
    const { reader } = this.#options;
    const schemas = reader.changed(flowschemas);
    const levels = reader.changed(prioritylevelconfigurations);
    if (schemas !== this.#seenSchemas || levels !== this.#seenLevels) {
      this.#seenSchemas = schemas;
      this.#seenLevels = levels;
      const objects = { levels: reader.list(prioritylevelconfigurations), schemas: reader.list(flowschemas) };
      this.#config.update(objects, nowMs);
    }
    if (nowMs - this.#sharedOutMs >= borrowingPeriodMs) this.#shareOut(nowMs);
  }

  #shareOut(nowMs: number): void {
    this.#sharedOutMs = nowMs;
    lendAndBorrow([...this.#config.levels.values()], nowMs);
  }

  /** While requests wait, nobody else may come by to share the seats out. */
  #shareOutLater(): void {
    const { clock } = this.#options;
    if (this.#sharing) return;
    this.#sharing = true;
    clock.after(borrowingPeriodMs, () => {
      this.#sharing = false;
      this.#shareOut(clock.monotonic());
      const levels = [...this.#config.levels.values()];
      if (levels.some(({ set }) => set.waiting > 0)) this.#shareOutLater();
    });
  }
}

function enterExempt(flow: Flow, kind: KindCounts): Leave {
  flow.counts.dispatched++;
  flow.counts.executing++;
  flow.counts.executingSeats++;
  kind.taken++;
  return flow.exitOf(kind);
}

/** Notes a request that begins to wait for so many seats, or ends to where they are negative. */
function noteQueued({ counts }: Flow, kind: KindCounts, seats: number): void {
  const change = Math.sign(seats);
  kind.waiting += change;
  counts.queued += change;
  counts.queuedSeats += seats;
}
