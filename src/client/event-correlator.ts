import type { Event } from '../api/core/v1.ts';
import type { Clock } from '../platform/clock.ts';
import { Recent } from '../platform/recent.ts';
import { TokenBucket } from '../platform/token-bucket.ts';

/** What differs only in its words counts as similar until nothing like it has been said for so long. */
const similarWithinMs = 600_000;
/** So many different messages for one reason about one object; what differs beyond that is counted as one event. */
const mostMessages = 10;
const combined = '(combined from similar events): ';
/** Events of one type about one object: so many at once, then one more each five minutes. */
const pace = { perSecond: 1 / 300, burst: 25 };
/** Events and objects remembered at least; the oldest are forgotten first. */
const remembered = 4096;
/** In characters. */
const longestMessage = 1024;

/** What has been said of an object for one reason. */
interface Similar {
  messages: string[];
  lastMs: number;
}

/** How an event began, and how often it has been said. */
interface Said {
  name: string;
  firstTimestamp: string | null | undefined;
  count: number;
}

/**
 * Counts what a component says again, combines what it says in many words, and holds back what it says too often, as client-go's
 * `tools/record` does: what is held back still counts, so that the next one that is written says how often it has been.
 */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #said = new Recent<string, Said>(remembered);
  readonly #similar = new Recent<string, Similar>(remembered);
  readonly #buckets = new Recent<string, TokenBucket>(remembered);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The event to write: as it came, or with the name, the count and the first time of the one that it repeats. Undefined where it is held back. */
  correlate(event: Event): Event | undefined {
    const { type, reason, involvedObject } = event;
    const { kind, namespace, name, uid, fieldPath } = involvedObject;
    const spamKey = [kind, namespace, name, uid, type].join('\0');
    const similarKey = `${spamKey}\0${reason}`;
    const isCombined = this.#isOneOfMany(similarKey, event.message ?? '');
    const message = (isCombined ? combined : '') + event.message;
    const key = isCombined ? similarKey : [similarKey, fieldPath, message].join('\0');
    const counted = this.#count(key, { ...event, message: message.slice(0, longestMessage) });
    return this.#allows(spamKey) ? counted : undefined;
  }

  #count(key: string, event: Event): Event {
    const before = this.#said.get(key);
    const { name = event.metadata.name as string, firstTimestamp = event.firstTimestamp } = before ?? {};
    const count = (before?.count ?? 0) + 1;
    this.#said.set(key, { name, firstTimestamp, count });
    return { ...event, metadata: { ...event.metadata, name }, firstTimestamp, count };
  }

  /** Whether so much has been said of the object for this reason that what differs no longer counts. */
  #isOneOfMany(key: string, message: string): boolean {
    const nowMs = this.#clock.monotonic();
    const known = this.#similar.get(key);
    const isOver = !known || nowMs - known.lastMs > similarWithinMs;
    const messages = isOver ? [] : known.messages;
    if (!messages.includes(message)) messages.push(message);
    this.#similar.set(key, { messages, lastMs: nowMs });
    if (messages.length < mostMessages) return false;
    messages.shift();
    return true;
  }

  #allows(key: string): boolean {
    const known = this.#buckets.get(key);
    const bucket = known ?? new TokenBucket(pace);
    if (!known) this.#buckets.set(key, bucket);
    return bucket.tryTake(this.#clock.monotonic());
  }
}
