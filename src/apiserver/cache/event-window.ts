import type { CachedItem } from './cached-item.ts';

/** One change of one object, with its state before and after. */
export interface CacheEvent {
  readonly revision: number;
  /** Absent where the object was deleted. */
  readonly item: CachedItem | undefined;
  /** Absent where the object is new. */
  readonly previous: CachedItem | undefined;
}

/** How much past a window keeps: whichever bound is met first. */
export interface WindowLimits {
  events: number;
  bytes: number;
}

/**
 * The newest events of a resource. Every event has a sequence number, so a reader that fell behind can go on where
 * it stood, or learn that this place is gone.
 */
export class EventWindow {
  readonly #limits: WindowLimits;
  #events: (CacheEvent | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** Sequence number of `#events[#head]`. */
  #firstSequence = 0;
  /** The events after this revision are all here. */
  #completeAfter: number;

  constructor(limits: WindowLimits, revision: number) {
    this.#limits = limits;
    this.#completeAfter = revision;
  }

  /** The revision after which nothing is missing. */
  get completeAfter(): number {
    return this.#completeAfter;
  }

  /** The sequence number that the next event will get. */
  get nextSequence(): number {
    return this.#firstSequence + this.#length;
  }

  get #length(): number {
    return this.#events.length - this.#head;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
    while (this.#length > this.#limits.events || (this.#bytes > this.#limits.bytes && this.#length > 1)) {
      this.#dropOldest();
    }
  }

  /** The event with this sequence number; undefined where it is gone or has not come yet. */
  at(sequence: number): CacheEvent | undefined {
    return sequence < this.#firstSequence
      ? undefined
      : this.#events[this.#head + sequence - this.#firstSequence];
  }

  /** Whether the event with this number, or the place where it will come, is still in reach. */
  reaches(sequence: number): boolean {
    return sequence >= this.#firstSequence;
  }

  /** The sequence number of the first event after `revision`. */
  sequenceAfter(revision: number): number {
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as CacheEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#firstSequence + low - this.#head;
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#head] as CacheEvent;
    this.#bytes -= sizeOf(oldest);
    this.#completeAfter = oldest.revision;
    this.#events[this.#head++] = undefined;
    this.#firstSequence++;
    if (this.#head > 64 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}

const sizeOf = (event: CacheEvent) => (event.item ?? (event.previous as CachedItem)).jsonBytes;
