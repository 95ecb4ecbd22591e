import type { Event, EventSource, ObjectReference } from '../api/core/v1.ts';
import { events } from '../api/generated/resources.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { formatTime } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
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
}

/** The same note about the same object within this time is counted up instead of written anew (as client-go). */
const sameWithinMs = 600_000;
/** Notes about one object: this many at once, then one more each `refillMs` (as client-go's spam filter). */
const burst = 25;
const refillMs = 300_000;
/** Notes and objects remembered; the oldest are forgotten first. */
const remembered = 4096;

interface Seen {
  event: Event;
  lastMs: number;
}

/** Tells people what a component does, as Events beside the object. Never fails its caller. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #tokens = new Map<string, { left: number; atMs: number }>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Reports something about `object`. Returns at once; notes are written in order. */
  record(object: KubernetesObject, note: EventNote): void {
    if (!this.#allowed(object)) return;
    this.#last = this.#last
      .then(() => this.#write(object, note))
      .catch((error) =>
        this.#options.log.debug('event not written', { reason: note.reason, error: String(error) }),
      );
  }

  /** Resolves once everything reported so far is written or given up. */
  flush(): Promise<void> {
    return this.#last;
  }

  #allowed(object: KubernetesObject): boolean {
    const key = object.metadata.uid ?? `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
    const nowMs = this.#options.clock.monotonic();
    const bucket = this.#tokens.get(key) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, bucket.left + (nowMs - bucket.atMs) / refillMs);
    remember(this.#tokens, key, { left: Math.max(0, left - 1), atMs: nowMs });
    return left >= 1;
  }

  async #write(object: KubernetesObject, note: EventNote): Promise<void> {
    const nowMs = this.#options.clock.now();
    const fresh = this.#event(object, note, nowMs);
    // The revision does not count: the same thing said of a newer version is still the same.
    const { resourceVersion: _, ...about } = fresh.involvedObject;
    const key = JSON.stringify([about, note.type, note.reason, note.message]);
    const seen = this.#seen.get(key);
    const cause = causedBy(object, note.message);
    const api = this.#options.client.of(events);
    if (seen && nowMs - seen.lastMs < sameWithinMs) {
      const count = (seen.event.count ?? 1) + 1;
      const patch = { count, lastTimestamp: formatTime(nowMs) };
      const patched = await api
        .patch(seen.event.metadata, patch, { type: 'application/merge-patch+json', cause })
        .catch(() => undefined);
      if (patched) return remember(this.#seen, key, { event: patched, lastMs: nowMs });
    }
    const event = await api.create(fresh, { cause });
    remember(this.#seen, key, { event, lastMs: nowMs });
  }

  #event(object: KubernetesObject, note: EventNote, nowMs: number): Event {
    const { source, random } = this.#options;
    const time = formatTime(nowMs);
    const namespace = object.metadata.namespace || 'default';
    const suffix = BigInt(Math.trunc(nowMs * 1e6)).toString(16) + random.int(0x10000).toString(16);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${object.metadata.name}.${suffix}`, namespace },
      involvedObject: referenceTo(object, note.fieldPath),
      type: note.type,
      reason: note.reason,
      message: note.message.slice(0, 1024),
      source: source as EventSource,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      reportingComponent: source.component,
      reportingInstance: source.host ?? '',
    };
  }
}

function referenceTo(object: KubernetesObject, fieldPath?: string): ObjectReference {
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

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= remembered) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
