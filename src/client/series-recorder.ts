import type { Event } from '../api/events/v1.ts';
import { eventsEventsV1 } from '../api/generated/resources.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { eventName, referenceTo } from '../machinery/event-object.ts';
import { hasReason } from '../machinery/status-error.ts';
import { type Clock, formatMicroTime, type Timer } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import { Semaphore } from '../platform/semaphore.ts';
import { TokenBucket } from '../platform/token-bucket.ts';
import type { Client } from './client.ts';
import type { EventNote, Recorder } from './event-recorder.ts';
import { isUnanswered, pauseMs, writeAgainAndAgain } from './event-tries.ts';
import { type Cause, causedBy } from './transport.ts';

export interface SeriesRecorderOptions {
  client: Client;
  clock: Clock;
  random: Random;
  log: Log;
  /** Who reports, where a note does not say so itself. */
  reporter: string;
  /** The machine that it runs on. */
  host: string;
}

/** What was not said for so long begins anew; that is looked at as often. (as client-go) */
const finishMs = 360_000;
/** At every so many of those looks, series that go on are written, so that they do not expire. */
const looksPerRefresh = 5;
/** Events written at once. */
const writers = 16;
/** So that what they tell of goes before them. (what kube-scheduler's client is allowed by default) */
const mostWrites = { perSecond: 50, burst: 100 };
/** When more events than these are not written yet, further ones are lost. */
const mostQueued = 10_000;
/** When more events than these are remembered, those that were said once are forgotten. */
const mostKnown = 4096;
const longestName = 253;
const longestNote = 1024;

/** An event that may be said again. */
interface Said {
  event: Event;
  cause: Cause;
  /** When it was last said, on the monotonic clock. */
  lastMs: number;
  /** What is being written of it: settled once that is, or is given up. */
  writing: Promise<void> | undefined;
}

/**
 * Tells people what a component does in the newer form of events, as client-go's `tools/events` does: what is said again of the same version
 * of an object becomes a series, of which the second is written at once and the rest when it has ended. Never fails its caller.
 */
export class EventSeriesRecorder implements Recorder {
  readonly #options: SeriesRecorderOptions;
  readonly #known = new Map<string, Said>();
  readonly #writers = new Semaphore(writers);
  readonly #pace = new TokenBucket(mostWrites);
  readonly #closed = new AbortController();
  /** How many events are not written yet. */
  #unwritten = 0;
  #looks = 0;
  #timer: Timer | undefined;

  constructor(options: SeriesRecorderOptions) {
    this.#options = options;
  }

  /** Reports something about `object`. Returns at once. */
  record(object: KubernetesObject, note: EventNote): void {
    const { clock } = this.#options;
    const nowMs = clock.now();
    const lastMs = clock.monotonic();
    const { reporter = this.#options.reporter, action = note.reason } = note;
    const key = `${note.type} ${note.reason} ${action} ${reporter} ${note.fieldPath} ${keyOf(object)} ${note.related && keyOf(note.related)}`;
    const known = this.#known.get(key);
    if (known) return this.#sayAgain(Object.assign(known, { lastMs }), nowMs);
    const event = this.#event(object, { ...note, reporter, action }, nowMs);
    const said: Said = { event, cause: causedBy(object, note.message), lastMs, writing: undefined };
    this.#remember(key, said);
    this.#write(said);
  }

  /** What waits for its turn is lost, as is what has not been written of series, and nothing is tried again. */
  close(): void {
    this.#closed.abort();
    this.#timer?.cancel();
  }

  #sayAgain(said: Said, nowMs: number): void {
    const { series } = said.event;
    said.event.series = { count: (series?.count ?? 1) + 1, lastObservedTime: formatMicroTime(nowMs) };
    if (!series) this.#write(said);
  }

  #event(object: KubernetesObject, note: EventNote, nowMs: number): Event {
    const { random, host } = this.#options;
    const { name: of = '', namespace } = object.metadata;
    const name = eventName(of, nowMs, random);
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        name: name.length > longestName ? random.uuid() : name,
        namespace: namespace || 'default',
      },
      eventTime: formatMicroTime(nowMs),
      reportingController: note.reporter,
      reportingInstance: `${note.reporter}-${host}`,
      action: note.action,
      reason: note.reason,
      regarding: referenceTo(object, note.fieldPath),
      related: note.related && referenceTo(note.related),
      note: note.message.slice(0, longestNote),
      type: note.type,
    };
  }

  #remember(key: string, said: Said): void {
    if (this.#known.size >= mostKnown)
      for (const [other, { event }] of this.#known) if (!event.series) this.#known.delete(other);
    this.#known.set(key, said);
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#timer || this.#closed.signal.aborted || this.#known.size === 0) return;
    this.#timer = this.#options.clock.after(finishMs, () => {
      this.#timer = undefined;
      this.#look(this.#options.clock.monotonic() - finishMs, ++this.#looks % looksPerRefresh === 0);
      this.#lookLater();
    });
  }

  /** Ends what has not been said for long. */
  #look(beforeMs: number, refreshes: boolean): void {
    for (const [key, said] of this.#known) {
      const isOver = said.lastMs < beforeMs;
      if (isOver) this.#known.delete(key);
      if (said.event.series && (isOver || refreshes)) this.#write(said);
    }
  }

  /** Writes the event as it is now, once what there is of it is written. */
  #write(said: Said): void {
    const { log } = this.#options;
    const { reason } = said.event;
    if (this.#unwritten >= mostQueued) return log.debug('too many events, one is lost', { reason });
    const event = { ...said.event };
    const writing: Promise<void> = this.#after(said.writing, event, said.cause)
      .catch((error) => log.debug('event not written', { reason, error: String(error) }))
      .finally(() => {
        this.#unwritten--;
        if (said.writing === writing) said.writing = undefined;
      });
    said.writing = writing;
    this.#unwritten++;
  }

  async #after(before: Promise<void> | undefined, event: Event, cause: Cause): Promise<void> {
    if (before) await before;
    const { clock, random } = this.#options;
    await writeAgainAndAgain(() => this.#inTurn(event, cause), {
      clock,
      mayPass: (error) => mayPass(error, event),
      pauseAfter: () => pauseMs * (1 + random.next() / 4),
      signal: () => this.#closed.signal,
    });
  }

  async #inTurn(event: Event, cause: Cause): Promise<void> {
    const leave = await this.#writers.acquire();
    try {
      const { clock } = this.#options;
      const waitMs = this.#pace.take(clock.monotonic());
      if (waitMs > 0) await clock.sleep(waitMs, this.#closed.signal);
      await this.#send(event, cause);
    } finally {
      leave();
    }
  }

  #send(event: Event, cause: Cause): Promise<unknown> {
    const api = this.#options.client.of(eventsEventsV1);
    const { metadata, series } = event;
    if (!series) return api.create(event, { cause });
    const where = { namespace: metadata.namespace, name: metadata.name as string };
    const type = 'application/strategic-merge-patch+json';
    return api.patch(where, { series }, { type, cause }).catch((error) => {
      if (!hasReason(error, 'NotFound')) throw error;
      // It has expired, or was never written.
      return api.create(event, { cause });
    });
  }
}

/** What the server says is final; what happens on the way to it is not, nor is a race over who makes a series. */
function mayPass(error: unknown, { series }: Event): boolean {
  return isUnanswered(error) || (series !== undefined && hasReason(error, 'AlreadyExists'));
}

function keyOf({ kind, metadata: { namespace, name, uid, resourceVersion } }: KubernetesObject): string {
  return `${kind} ${namespace}/${name} ${uid} ${resourceVersion}`;
}
