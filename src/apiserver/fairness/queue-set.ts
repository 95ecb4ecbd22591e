/*
 * Fair queuing of requests over the seats of one priority level, as upstream's queue set does it: a clock of virtual time
 * that runs as fast as a busy queue gets service, and for each queue the virtual time at which its next request
 * would start. Of all queues the one whose first request would be done first goes next. Times are milliseconds, work is
 * seats times milliseconds; the caller says what time it is.
 */

export interface QueueSetConfig {
  /** 0: what finds no seat is refused. */
  queues: number;
  handSize: number;
  /** Requests that one queue holds while all seats are taken. */
  queueLengthLimit: number;
  /** Seats that may be taken at once; a request that wants more than there are may run alone. */
  seats: number;
}

/** A request that waits. */
export interface Waiting {
  readonly seats: number;
  /** Its seats are its own from now on, booked on this queue. */
  onDispatch(queue: Queue): void;
}

/** One line of requests. */
export interface Queue {
  waiting: Ticket[];
  /** Requests that came through this queue and are worked on. */
  executing: number;
  seatsInUse: number;
  seatsWaiting: number;
  /** Virtual time at which the next request starts. */
  nextStart: number;
}

export interface Ticket {
  readonly request: Waiting;
  readonly queue: Queue;
  readonly arrival: number;
}

/** How long a request is taken to last before it is known. */
export const estimatedMs = 3;

const newQueue = (): Queue => ({ waiting: [], executing: 0, seatsInUse: 0, seatsWaiting: 0, nextStart: 0 });
const isBusy = (queue: Queue) => queue.executing > 0 || queue.waiting.length > 0;

/** The requests of one priority level. Decides; does nothing itself but call `onDispatch`. */
export class QueueSet {
  seatsInUse = 0;
  seatsWaiting = 0;
  executing = 0;
  waiting = 0;
  #config: QueueSetConfig;
  readonly #queues: Queue[] = [];
  #virtualNow = 0;
  #lastMs: number;
  #busyQueues = 0;
  #turn = 0;
  #arrivals = 0;

  constructor(config: QueueSetConfig, nowMs: number) {
    this.#config = config;
    this.#lastMs = nowMs;
    this.#growTo(config.queues);
  }

  /** The queues as they stand, by their index. */
  get queues(): readonly Queue[] {
    return this.#queues;
  }

  get idle(): boolean {
    return this.executing === 0 && this.waiting === 0;
  }

  /** Takes other limits from now on. Queues that are too many are used up and get nothing new. */
  configure(config: QueueSetConfig, nowMs: number): void {
    this.#sync(nowMs);
    this.#config = config;
    this.#growTo(config.queues);
    this.#dispatch();
  }

  #growTo(count: number): void {
    while (this.#queues.length < count) this.#queues.push(newQueue());
  }

  /**
   * Seats for a request at once, where nobody waits and there are enough. Gives the queue they are booked on (null where
   * the level has none), or undefined where the request has to wait or to go.
   */
  tryStart(hand: readonly number[], seats: number, nowMs: number): Queue | null | undefined {
    if (this.waiting > 0 || !this.#hasRoomFor(seats)) return undefined;
    if (this.#config.queues === 0) {
      this.#take(null, seats);
      return null;
    }
    if (this.seatsInUse >= this.#config.seats) return undefined;
    this.#sync(nowMs);
    const queue = this.#choose(hand);
    this.#arrive(queue);
    if (!isBusy(queue)) this.#busyQueues++;
    this.#take(queue, seats);
    queue.nextStart += seats * estimatedMs;
    return queue;
  }

  /** Puts a request into one of the queues of its hand; undefined where there is no place. It may start at once. */
  enqueue(hand: readonly number[], request: Waiting, nowMs: number): Ticket | undefined {
    const { queues, queueLengthLimit, seats } = this.#config;
    if (queues === 0) return undefined;
    this.#sync(nowMs);
    const queue = this.#choose(hand);
    if (this.seatsInUse >= seats && queue.waiting.length >= queueLengthLimit) return undefined;
    this.#arrive(queue);
    const ticket = { request, queue, arrival: this.#virtualNow };
    if (!isBusy(queue)) this.#busyQueues++;
    queue.waiting.push(ticket);
    queue.seatsWaiting += request.seats;
    this.waiting++;
    this.seatsWaiting += request.seats;
    bound(queue);
    this.#dispatch();
    return ticket;
  }

  /** Takes a request that waits out of its queue; false where it no longer waits. */
  cancel(ticket: Ticket, nowMs: number): boolean {
    const { queue, request } = ticket;
    const at = queue.waiting.indexOf(ticket);
    if (at < 0) return false;
    this.#sync(nowMs);
    queue.waiting.splice(at, 1);
    this.#leaveQueue(queue, request.seats);
    if (!isBusy(queue)) this.#busyQueues--;
    bound(queue);
    // The one behind may fit where this one did not.
    this.#dispatch();
    return true;
  }

  /** Gives the seats of a request back, which was started at `startMs`; others may start. */
  finish(queue: Queue | null, seats: number, { startMs, nowMs }: { startMs: number; nowMs: number }): void {
    this.#sync(nowMs);
    this.executing--;
    this.seatsInUse -= seats;
    if (queue) {
      queue.executing--;
      queue.seatsInUse -= seats;
      // What it took is known now.
      queue.nextStart -= seats * (estimatedMs - (nowMs - startMs));
      bound(queue);
      if (!isBusy(queue)) this.#busyQueues--;
    }
    if (this.waiting > 0) this.#dispatch();
  }

  #hasRoomFor(seats: number): boolean {
    const limit = this.#config.seats;
    return seats > limit ? this.executing === 0 : this.seatsInUse + seats <= limit;
  }

  #take(queue: Queue | null, seats: number): void {
    this.executing++;
    this.seatsInUse += seats;
    if (!queue) return;
    queue.executing++;
    queue.seatsInUse += seats;
  }

  #leaveQueue(queue: Queue, seats: number): void {
    queue.seatsWaiting -= seats;
    this.waiting--;
    this.seatsWaiting -= seats;
  }

  /** A queue that has stood empty starts anew: it has not saved up anything. */
  #arrive(queue: Queue): void {
    if (!isBusy(queue)) queue.nextStart = this.#virtualNow;
  }

  /** Lets virtual time run: as fast as each busy queue is served. */
  #sync(nowMs: number): void {
    const span = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (this.#busyQueues === 0 || span <= 0) return;
    const wanted = this.seatsInUse + this.seatsWaiting;
    this.#virtualNow += (span * Math.min(wanted, this.#config.seats)) / this.#busyQueues;
  }

  /** The queue of a hand with the least work waiting; where several have none, each in turn. */
  #choose(hand: readonly number[]): Queue {
    const offset = this.#arrivals++ % hand.length;
    let best: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.#queues[hand[(offset + i) % hand.length] as number] as Queue;
      if (best === undefined || queue.seatsWaiting < best.seatsWaiting) best = queue;
    }
    return best as Queue;
  }

  #dispatch(): void {
    let goesOn = true;
    while (goesOn && this.waiting > 0 && this.seatsInUse < this.#config.seats) goesOn = this.#dispatchOne();
  }

  #dispatchOne(): boolean {
    const at = this.#next();
    const queue = this.#queues[at] as Queue;
    const { request } = queue.waiting[0] as Ticket;
    if (!this.#hasRoomFor(request.seats)) return false;
    this.#turn = at;
    queue.waiting.shift();
    this.#leaveQueue(queue, request.seats);
    this.#take(queue, request.seats);
    queue.nextStart += request.seats * estimatedMs;
    bound(queue);
    request.onDispatch(queue);
    return true;
  }

  /** The queue whose first request would be done first; of equals the next one round. */
  #next(): number {
    const count = this.#queues.length;
    let best = -1;
    let bestEnd = Number.POSITIVE_INFINITY;
    for (let i = 1; i <= count; i++) {
      const at = (this.#turn + i) % count;
      const queue = this.#queues[at] as Queue;
      const first = queue.waiting[0];
      if (!first) continue;
      const end = queue.nextStart + first.request.seats * estimatedMs;
      if (end >= bestEnd) continue;
      best = at;
      bestEnd = end;
    }
    return best;
  }
}

/** No request starts before it came: a queue that fell behind does not catch up at the cost of others. */
function bound(queue: Queue): void {
  const first = queue.waiting[0];
  if (first && queue.nextStart < first.arrival) queue.nextStart = first.arrival;
}
