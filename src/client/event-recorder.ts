import type { Event } from '../api/core/v1.ts';
import { events } from '../api/generated/resources.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { type EventText, newEvent } from '../machinery/event-object.ts';
import { hasReason } from '../machinery/status-error.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import { Semaphore } from '../platform/semaphore.ts';
import type { Client } from './client.ts';
import { EventCorrelator } from './event-correlator.ts';
import { isUnanswered, pauseMs, writeAgainAndAgain } from './event-tries.ts';
import { type Cause, causedBy } from './transport.ts';

export interface EventRecorderOptions {
  client: Client;
  clock: Clock;
  random: Random;
  log: Log;
  /** The component that reports, and the node it runs on where it has one. */
  source: { component: string; host?: string };
}

export interface EventNote extends EventText {
  /** One word in CamelCase for what was done or failed; the newer form of events has it, the reason unless given. */
  action?: string;
  /** A second object that it is about, in the newer form. */
  related?: KubernetesObject;
  /** Who reports, in the newer form, where that is not who usually does. */
  reporter?: string;
}

/** Takes notes of what a component does. */
export interface Recorder {
  /** Reports something about `object`. Returns at once and never fails. */
  record(object: KubernetesObject, note: EventNote): void;
}

/** Notes written at once. */
const writers = 16;
/** When more notes than these are not written yet, further ones are lost: what they are about matters more (as client-go). */
const mostQueued = 1000;

const keyOf = ({ kind, metadata }: KubernetesObject) =>
  metadata.uid ?? `${kind}/${metadata.namespace}/${metadata.name}`;

/** Tells people what a component does, as Events beside the object. Never fails its caller. */
export class EventRecorder implements Recorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator: EventCorrelator;
  /** The last note about each object of which some are not written yet. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #writers = new Semaphore(writers);
  #queued = 0;
  /** Aborted when waiting for another try is over. */
  #waits = new AbortController();
  #flushing = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#correlator = new EventCorrelator(options.clock);
  }

  /** Reports something about `object`. Returns at once; notes about one object are written in order, unless there are too many of all. */
  record(object: KubernetesObject, note: EventNote): void {
    const { reason } = note;
    if (this.#queued >= mostQueued)
      return this.#options.log.debug('too many events, one is lost', { reason });
    const { source, random, clock } = this.#options;
    const event = this.#correlator.correlate(newEvent(object, note, { source, random, nowMs: clock.now() }));
    if (!event) return;
    const key = keyOf(object);
    const cause = causedBy(object, note.message);
    this.#queued++;
    const written = this.#after(this.#last.get(key), () => this.#write(event, cause))
      .catch((error) => this.#options.log.debug('event not written', { reason, error: String(error) }))
      .finally(() => {
        this.#queued--;
        if (this.#last.get(key) === written) this.#last.delete(key);
      });
    this.#last.set(key, written);
  }

  /** Resolves once everything reported so far is written or given up: nothing is tried again meanwhile. */
  async flush(): Promise<void> {
    this.#flushing++;
    this.#waits.abort();
    this.#waits = new AbortController();
    await Promise.all(this.#last.values());
    this.#flushing--;
  }

  async #after(before: Promise<void> | undefined, write: () => Promise<void>): Promise<void> {
    await before;
    const { clock, random } = this.#options;
    await writeAgainAndAgain(() => this.#inTurn(write), {
      clock,
      mayPass: (error) => this.#flushing === 0 && isUnanswered(error),
      // Not all at once when the server is there again. (as client-go)
      pauseAfter: (tries) => (tries === 1 ? random.next() : 1) * pauseMs,
      signal: () => this.#waits.signal,
    });
  }

  async #inTurn(write: () => Promise<void>): Promise<void> {
    const leave = await this.#writers.acquire();
    await write().finally(leave);
  }

  async #write(event: Event, cause: Cause): Promise<void> {
    const api = this.#options.client.of(events);
    const { metadata, count = 1, lastTimestamp, message } = event;
    if (count > 1) {
      const where = { namespace: metadata.namespace, name: metadata.name as string };
      const type = 'application/merge-patch+json';
      const patched = await api
        .patch(where, { count, lastTimestamp, message }, { type, cause })
        .catch((error) => {
          // It has expired, or was held back so far.
          if (!hasReason(error, 'NotFound')) throw error;
        });
      if (patched) return;
    }
    await api.create(event, { cause });
  }
}
