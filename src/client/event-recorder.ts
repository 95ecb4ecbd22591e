import type { Event, EventSource, ObjectReference } from '../api/core/v1.ts';
import { events } from '../api/generated/resources.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { formatTime } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import { Recent } from '../platform/recent.ts';
import { Semaphore } from '../platform/semaphore.ts';
import type { Client } from './client.ts';
import { causedBy } from './transport.ts';

export interface EventRecorderOptions {
  client: Client;
  clock: Clock;
  random: Random;
  log: Log;
  /** The component that reports, and the node it runs on where it has one. */
  source: { component: string; host?: string };
}

export interface EventNote {
  type: 'Normal' | 'Warning';
  /** One word in CamelCase for machines. */
  reason: string;
  /** One sentence for people. */
  message: string;
  /** Part of the object that is meant, such as `spec.containers{web}`. */
  fieldPath?: string;
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

/** The same note about the same object within this time is counted up instead of written anew (as client-go). */
const sameWithinMs = 600_000;
/** Notes about one object: this many at once, then one more each `refillMs` (as client-go's spam filter). */
const burst = 25;
const refillMs = 300_000;
/** So many different messages for one reason about one object; what differs beyond that is counted as one note (as client-go). */
const mostMessages = 10;
const combined = '(combined from similar events): ';
/** Notes written at once. */
const writers = 16;
/** When more notes than these are not written yet, further ones are lost: what they are about matters more (as client-go). */
const mostQueued = 1000;
/** Notes and objects remembered at least; the oldest are forgotten first. */
const remembered = 4096;

interface Seen {
  /** Of the event that says it. */
  name: string;
  count: number;
  lastMs: number;
}

/** What has been said of an object for one reason. */
interface Similar {
  messages: string[];
  lastMs: number;
}

/** In characters. */
const longestMessage = 1024;

const keyOf = ({ kind, metadata }: KubernetesObject) =>
  metadata.uid ?? `${kind}/${metadata.namespace}/${metadata.name}`;

/** Tells people what a component does, as Events beside the object. Never fails its caller. */
export class EventRecorder implements Recorder {
  readonly #options: EventRecorderOptions;
  readonly #seen = new Recent<string, Seen>(remembered);
  readonly #tokens = new Recent<string, { left: number; atMs: number }>(remembered);
  readonly #similar = new Recent<string, Similar>(remembered);
  /** The last note about each object of which some are not written yet. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #writers = new Semaphore(writers);
  #queued = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Reports something about `object`. Returns at once; notes about one object are written in order, unless there are too many of all. */
  record(object: KubernetesObject, note: EventNote): void {
    const { reason } = note;
    if (this.#queued >= mostQueued)
      return this.#options.log.debug('too many events, one is lost', { reason });
    const key = keyOf(object);
    if (!this.#allowed(key)) return;
    this.#queued++;
    const written = this.#after(this.#last.get(key), () => this.#write(object, note))
      .catch((error) => this.#options.log.debug('event not written', { reason, error: String(error) }))
      .finally(() => {
        this.#queued--;
        if (this.#last.get(key) === written) this.#last.delete(key);
      });
    this.#last.set(key, written);
  }

  /** Resolves once everything reported so far is written or given up. */
  async flush(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  async #after(before: Promise<void> | undefined, write: () => Promise<void>): Promise<void> {
    await before;
    const leave = await this.#writers.acquire();
    await write().finally(leave);
  }

  #allowed(key: string): boolean {
    const nowMs = this.#options.clock.monotonic();
    const bucket = this.#tokens.get(key) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, bucket.left + (nowMs - bucket.atMs) / refillMs);
    this.#tokens.set(key, { left: Math.max(0, left - 1), atMs: nowMs });
    return left >= 1;
  }

  async #write(object: KubernetesObject, note: EventNote): Promise<void> {
    const nowMs = this.#options.clock.now();
    const fresh = this.#event(object, note, nowMs);
    // The revision does not count: the same thing said of a newer version is still the same.
    const kind = [keyOf(object), note.fieldPath, note.type, note.reason].join('\0');
    const isCombined = this.#isOneOfMany(kind, note.message, nowMs);
    if (isCombined) fresh.message = (combined + note.message).slice(0, longestMessage);
    const key = isCombined ? kind : `${kind}\0${note.message}`;
    const seen = this.#seen.get(key);
    const cause = causedBy(object, note.message);
    const api = this.#options.client.of(events);
    if (seen && nowMs - seen.lastMs < sameWithinMs) {
      const { name } = seen;
      const count = seen.count + 1;
      const { namespace } = fresh.metadata;
      const patch = { count, lastTimestamp: formatTime(nowMs), message: fresh.message };
      const patched = await api
        .patch({ namespace, name }, patch, { type: 'application/merge-patch+json', cause })
        .catch(() => undefined);
      if (patched) return this.#seen.set(key, { name, count, lastMs: nowMs });
    }
    await api.create(fresh, { cause });
    this.#seen.set(key, { name: fresh.metadata.name as string, count: 1, lastMs: nowMs });
  }

  /** Whether so much has been said of the object for this reason that what differs no longer counts. */
  #isOneOfMany(kind: string, message: string, nowMs: number): boolean {
    const known = this.#similar.get(kind);
    const isOver = !known || nowMs - known.lastMs > sameWithinMs;
    const messages = isOver ? [] : known.messages;
    if (!messages.includes(message)) messages.push(message);
    this.#similar.set(kind, { messages, lastMs: nowMs });
    if (messages.length < mostMessages) return false;
    messages.shift();
    return true;
  }

  #event(object: KubernetesObject, note: EventNote, nowMs: number): Event {
    const { source, random } = this.#options;
    const time = formatTime(nowMs);
    const namespace = object.metadata.namespace || 'default';
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName(object.metadata.name ?? '', nowMs, random), namespace },
      involvedObject: referenceTo(object, note.fieldPath),
      type: note.type,
      reason: note.reason,
      message: note.message.slice(0, longestMessage),
      source: source as EventSource,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      reportingComponent: source.component,
      reportingInstance: source.host ?? '',
    };
  }
}

/** The name of an event about an object of that name. */
export function eventName(name: string, nowMs: number, random: Random): string {
  return `${name}.${BigInt(Math.trunc(nowMs * 1e6)).toString(16)}${random.int(0x10000).toString(16)}`;
}

/** How an event names an object. */
export function referenceTo(object: KubernetesObject, fieldPath?: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind,
    apiVersion: object.apiVersion,
    namespace,
    name,
    uid,
    resourceVersion,
    fieldPath,
  };
}
