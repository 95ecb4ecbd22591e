import { tooManyRequests } from '../../machinery/status-error.ts';
import type { RequestInfo } from '../request.ts';
import type { UserInfo } from '../registry/kind.ts';
import { isLongRunning } from './request-info.ts';

export interface InFlightLimits {
  /** Requests that change something, worked on at once. */
  mutating: number;
  /** Requests that only read, worked on at once. */
  readOnly: number;
  /** Requests of one user that may wait for their turn. More are refused with 429. */
  waitingPerUser: number;
  /** Requests of all users that may wait for their turn. */
  waiting: number;
}

export const defaultInFlightLimits: InFlightLimits = {
  mutating: 400,
  readOnly: 800,
  waitingPerUser: 2000,
  waiting: 10_000,
};

/** Gives the place back; call it once. */
export type Leave = () => void;

const readOnlyVerbs = new Set(['get', 'list', 'watch']);
const nothing: Leave = () => {};

const isExempt = (user: UserInfo) => user.groups.includes('system:masters');

/** So many places; who finds none waits, each user in a queue of their own, served in turn. */
class Seats {
  readonly #limits: { seats: number; waitingPerUser: number; waiting: number };
  readonly #queues = new Map<string, (() => void)[]>();
  #taken = 0;
  #waiting = 0;

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting;
  }

  constructor(limits: { seats: number; waitingPerUser: number; waiting: number }) {
    this.#limits = limits;
  }

  enter(user: string): Leave | Promise<Leave> {
    if (this.#taken < this.#limits.seats) {
      this.#taken++;
      return this.#leave;
    }
    const queue = this.#queues.get(user) ?? [];
    if (this.#waiting >= this.#limits.waiting || queue.length >= this.#limits.waitingPerUser) {
      throw tooManyRequests('too many requests, please try again later.', 1);
    }
    this.#queues.set(user, queue);
    this.#waiting++;
    return new Promise((resolve) => queue.push(() => resolve(this.#leave)));
  }

  readonly #leave: Leave = () => {
    const next = this.#next();
    if (next) next();
    else this.#taken--;
  };

  /** The first of the user whose turn it is; that user then goes to the end of the line. */
  #next(): (() => void) | undefined {
    for (const [user, queue] of this.#queues) {
      this.#queues.delete(user);
      const first = queue.shift();
      if (queue.length > 0) this.#queues.set(user, queue);
      if (!first) continue;
      this.#waiting--;
      return first;
    }
    return undefined;
  }
}

/**
 * Bounds what is worked on at once. Members of system:masters and requests that may last (watches, streams) are
 * let through: the first must always get an answer, the second have bounds of their own.
 */
export class InFlight {
  readonly #mutating: Seats;
  readonly #readOnly: Seats;

  constructor(limits: InFlightLimits = defaultInFlightLimits) {
    const { waitingPerUser, waiting } = limits;
    this.#mutating = new Seats({ seats: limits.mutating, waitingPerUser, waiting });
    this.#readOnly = new Seats({ seats: limits.readOnly, waitingPerUser, waiting });
  }

  /** How many requests of each kind have a place, and how many wait for one. */
  get counts(): Record<'mutating' | 'readOnly', { taken: number; waiting: number }> {
    const of = ({ taken, waiting }: Seats) => ({ taken, waiting });
    return { mutating: of(this.#mutating), readOnly: of(this.#readOnly) };
  }

  /** A place for the request, at once or when its turn comes. Throws 429 where too many wait. */
  enter(info: RequestInfo, user: UserInfo): Leave | Promise<Leave> {
    if (isLongRunning(info) || isExempt(user)) return nothing;
    return (readOnlyVerbs.has(info.verb) ? this.#readOnly : this.#mutating).enter(user.name);
  }
}
