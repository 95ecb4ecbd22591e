import type { PriorityLevelConfiguration } from '../../api/flowcontrol/v1.ts';
import { QueueSet } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import { type DemandSummary, SeatDemand } from './seat-demand.ts';
import { mostSeatsPerRequest } from './work-estimate.ts';

/** How slowly a demand that has been high is forgotten, each time seats are shared out anew. */
const smoothing = 0.977;

/** The seats that a level has by its configuration, and what it may lend and borrow. */
export interface SeatBounds {
  nominal: number;
  least: number;
  most: number;
}

/** The shares of a level in all seats. */
export function sharesOf({ spec }: PriorityLevelConfiguration): number {
  const { limited, exempt } = spec;
  return limited ? (limited.nominalConcurrencyShares ?? 30) : (exempt?.nominalConcurrencyShares ?? 0);
}

/** The bounds of a level with so many shares of so many. */
export function boundsOf(
  { spec }: PriorityLevelConfiguration,
  { shares, shareSum, seats }: { shares: number; shareSum: number; seats: number },
): SeatBounds {
  const nominal = shareSum > 0 ? Math.ceil((seats * shares) / shareSum) : 0;
  const lendable = (spec.limited ?? spec.exempt)?.lendablePercent ?? 0;
  const borrowing = spec.limited?.borrowingLimitPercent;
  const mayBorrow = borrowing === undefined ? seats : Math.round((nominal * borrowing) / 100);
  return {
    nominal,
    least: nominal - Math.round((nominal * lendable) / 100),
    most: nominal + mayBorrow,
  };
}

/** Whether the configuration can be used; validation sees to it for objects that are written now. */
export function isUsable({ metadata, spec }: PriorityLevelConfiguration): boolean {
  const isExempt = spec.type === 'Exempt';
  if (isExempt !== (spec.exempt !== undefined) || isExempt !== (metadata.name === 'exempt')) return false;
  if ((spec.type === 'Limited') !== (spec.limited !== undefined)) return false;
  const { type, queuing } = spec.limited?.limitResponse ?? {};
  if (!isExempt && (type === 'Queue') !== (queuing !== undefined)) return false;
  return queuing === undefined || (queuing.queues ?? 64) >= (queuing.handSize ?? 8);
}

/** One priority level: its configuration, its queues, its seats. */
export class PriorityLevel {
  readonly name: string;
  readonly retryAfter = new RetryAfter();
  uid = '';
  isExempt = false;
  /** Its configuration is gone; it stays until its last request has left. */
  isQuiescing = false;
  queues = 0;
  handSize = 1;
  queueLengthLimit = 0;
  bounds: SeatBounds = { nominal: 0, least: 0, most: 0 };
  /** Seats that it has now. */
  seats = 0;
  /** The most that one request may take. */
  mostPerRequest = 1;
  demand: DemandSummary = { highest: 0, average: 0, deviation: 0 };
  /** Demand as it is reckoned with when seats are shared out. */
  smoothedDemand = 0;
  readonly set: QueueSet;
  readonly #demand: SeatDemand;

  constructor(name: string, nowMs: number) {
    this.name = name;
    this.set = new QueueSet({ queues: 0, handSize: 1, queueLengthLimit: 0, seats: 0 }, nowMs);
    this.#demand = new SeatDemand(nowMs);
  }

  configure({ metadata, spec }: PriorityLevelConfiguration, bounds: SeatBounds, nowMs: number): void {
    const isNew = this.bounds.nominal === 0 && this.seats === 0;
    this.uid = metadata.uid ?? '';
    this.isExempt = spec.type === 'Exempt';
    const queuing = spec.limited?.limitResponse?.queuing;
    this.queues = queuing ? (queuing.queues ?? 64) : 0;
    this.handSize = queuing?.handSize ?? 8;
    this.queueLengthLimit = queuing?.queueLengthLimit ?? 50;
    this.bounds = bounds;
    this.mostPerRequest = mostSeatsPerRequest(bounds.nominal, queuing ? this.handSize : 1);
    const seats = isNew ? bounds.nominal - Math.floor((bounds.nominal - bounds.least) / 2) : this.seats;
    this.allot(Math.max(bounds.least, Math.min(bounds.most, seats)), nowMs);
  }

  /** Has so many seats from now on. */
  allot(seats: number, nowMs: number): void {
    this.seats = seats;
    const { queues, handSize, queueLengthLimit } = this;
    this.set.configure({ queues, handSize, queueLengthLimit, seats }, nowMs);
  }

  /** To be called whenever seats were taken, wanted or given back. */
  noteDemand(nowMs: number): void {
    this.#demand.set(this.set.seatsInUse + this.set.seatsWaiting, nowMs);
  }

  /** Sums up the demand since the last time. */
  reviewDemand(nowMs: number): void {
    this.demand = this.#demand.take(nowMs);
    const envelope = this.demand.average + this.demand.deviation;
    this.smoothedDemand = Math.max(envelope, smoothing * this.smoothedDemand + (1 - smoothing) * envelope);
  }
}
