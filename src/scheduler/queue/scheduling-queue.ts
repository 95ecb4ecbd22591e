import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { type Deferred, deferred } from '../../platform/deferred.ts';
import { type ClusterEvent, type EventInterest, eventKey, eventLabel } from '../framework/events.ts';
import { pluginsOf, type Plugin, type Profile, type QueuedPod } from '../framework/framework.ts';
import type { QueueMetrics, QueueState } from '../metrics/queue-metrics.ts';
import { Heap } from './heap.ts';
import { Refused, type Waiting } from './refused.ts';

export interface SchedulingQueueOptions {
  clock: Clock;
  profiles: ReadonlyMap<string, Profile>;
  /** Who refuses pods beside the plugins of profiles, and what may help then. */
  others?: readonly Plugin[];
  /** Delay after the first refusal; doubles with each further one. 1 s unless given. */
  initialBackoffMs?: number;
  /** 10 s unless given. */
  maxBackoffMs?: number;
  /** Counts what happens to pods here. */
  metrics?: QueueMetrics;
}

/** A refused pod is looked at again after this time, should every event that could help have been missed. */
const lookAgainMs = 300_000;
/** How often that is checked. */
const sweepMs = 30_000;

/** Pods whose delays end in the same span are tried in the order of the profile where there is nothing else to do. */
const windowMs = 1000;

/** Upstream's names of what brings pods from one part of the queue to another, beside what happens in the cluster. */
export const queueCauses = {
  isNew: 'UnschedulablePodAdd',
  isChanged: 'UnschedulablePodUpdate',
  isRefused: 'ScheduleAttemptFailure',
  isDelayOver: 'BackoffComplete',
  isIdle: 'PopFromBackoffQ',
  isWoken: 'ForceActivate',
  isOverdue: 'UnschedulableTimeout',
} as const;

/** What a plugin wants to know of one kind of event. */
interface Interested {
  plugin: Plugin;
  helps: EventInterest['helps'];
}

/**
 * Pods that want a node: those to be tried now, in the order of the profile; those that wait out a delay; and those
 * that cannot be placed until something happens that the plugins which refused them care about.
 */
export class SchedulingQueue implements QueueState {
  readonly #options: Required<Omit<SchedulingQueueOptions, 'metrics'>>;
  readonly #metrics: QueueMetrics | undefined;
  readonly #active: Heap<Waiting>;
  /** Refused, and tried again after a delay, or earlier where there is nothing else to do. */
  readonly #delayed: Heap<Waiting>;
  /** Something went wrong with these: the delay is there to spare the server. */
  readonly #failed: Heap<Waiting>;
  readonly #refused = new Refused();
  readonly #trying = new Map<string, { pod: Waiting; eventsBefore: number; isChanged?: boolean }>();
  readonly #plugins = new Map<string, Plugin[]>();
  readonly #interests = new Map<string, Interested[]>();
  #events = 0;
  #timer: Timer | undefined;
  #sweep: Timer | undefined;
  #arrival: Deferred<void> | undefined;
  #closed = false;

  constructor(options: SchedulingQueueOptions) {
    this.#options = { initialBackoffMs: 1000, maxBackoffMs: 10_000, others: [], ...options };
    this.#metrics = options.metrics;
    this.#metrics?.follow(this);
    const keyOf = (waiting: Waiting) => waiting.pod.metadata.uid;
    const [sort] = [...options.profiles.values()].flatMap((profile) => profile.at.queueSort);
    const order = (a: Waiting, b: Waiting) => sort?.queueSort?.(a, b) ?? a.sinceMs - b.sinceMs;
    this.#active = new Heap({ keyOf, before: (a, b) => order(a, b) < 0 });
    const window = ({ notBeforeMs }: Waiting) => Math.floor(notBeforeMs / windowMs);
    this.#delayed = new Heap({
      keyOf,
      before: (a, b) => (window(a) - window(b) || order(a, b)) < 0,
    });
    this.#failed = new Heap({ keyOf, before: (a, b) => a.notBeforeMs < b.notBeforeMs });
    const { others } = this.#options;
    const plugins = new Set([...[...options.profiles.values()].flatMap(pluginsOf), ...others]);
    for (const plugin of plugins) this.#note(plugin);
  }

  /** How many pods are where. */
  get sizes(): { active: number; delayed: number; refused: number } {
    const delayed = this.#delayed.size + this.#failed.size;
    return { active: this.#active.size, delayed, refused: this.#refused.size };
  }

  counts(): { active: number; delayed: number; refused: number; gated: number } {
    const { active, delayed, refused } = this.sizes;
    let gated = 0;
    for (const { gate } of this.#refused.all()) if (gate) gated++;
    return this.#closed
      ? { active: 0, delayed: 0, refused: 0, gated: 0 }
      : { active, delayed, refused: refused - gated, gated };
  }

  *pods(): Iterable<Waiting> {
    if (this.#closed) return;
    for (const heap of [this.#active, this.#delayed, this.#failed]) yield* heap.values();
    yield* this.#refused.all();
  }

  /** A pod without a node that is new or has changed; `old` is how it was before, where that is known. */
  set(pod: Stored<Pod>, old?: Stored<Pod>): void {
    const { uid } = pod.metadata;
    const trying = this.#trying.get(uid);
    if (trying) {
      trying.pod = { ...trying.pod, pod };
      trying.isChanged = true;
      return;
    }
    const known = this.#find(uid);
    const entry = known ? { ...known, pod } : this.#fresh(pod);
    const gate = this.#gateOf(pod);
    if (gate) {
      if (!this.#refused.get(uid))
        this.#metrics?.came('unschedulable', known ? queueCauses.isChanged : queueCauses.isNew);
      this.#drop(uid);
      // What refused it before may have news once the gate is open.
      this.#refused.add({ ...entry, gate, refusedBy: new Set([...entry.refusedBy, gate]) });
    } else if (!known) this.#activate(entry, queueCauses.isNew);
    else if (this.#active.get(uid)) this.#active.put(entry);
    else if (this.#delayed.get(uid)) this.#delayed.put(entry);
    else if (this.#failed.get(uid)) this.#failed.put(entry);
    else if (old && !this.#changeHelps(known, pod, old)) Object.assign(known, { pod, gate: undefined });
    else {
      // What was refused as it was may fit as it is now.
      this.#refused.delete(uid);
      this.#delayOrActivate(entry, queueCauses.isChanged);
    }
  }

  /** Whether a plugin that refused the pod as it was may let it pass as it is now. */
  #changeHelps({ refusedBy }: Waiting, pod: Stored<Pod>, old: Stored<Pod>): boolean {
    for (const name of refusedBy) {
      const plugins = this.#plugins.get(name);
      if (!plugins || plugins.some((plugin) => plugin.changeHelps?.(pod, old) ?? true)) return true;
    }
    return false;
  }

  /** Shows the pod as it is now; nothing has changed that could let it be placed. */
  refresh(pod: Stored<Pod>): void {
    const { uid } = pod.metadata;
    const known = this.#find(uid);
    if (known) known.pod = pod;
    const trying = this.#trying.get(uid);
    if (trying) trying.pod = { ...trying.pod, pod };
  }

  /** The pod has a node, or is gone. */
  remove(uid: string): void {
    this.#drop(uid);
    this.#trying.delete(uid);
  }

  /** The next pod to try, if there is one; none waits out a delay while there is nothing else to do. Answer with `placed` or `refused`. */
  poll(): QueuedPod | undefined {
    if (this.#closed) return undefined;
    const ready = this.#active.pop();
    const next = ready ?? this.#delayed.pop();
    if (next && !ready) this.#metrics?.came('active', queueCauses.isIdle);
    if (next) this.#trying.set(next.pod.metadata.uid, { pod: next, eventsBefore: this.#events });
    return next;
  }

  /** Resolves to true when there is a pod to try, to false once the queue is closed. */
  async ready(): Promise<boolean> {
    while (!this.#closed && this.#active.size + this.#delayed.size === 0)
      await (this.#arrival ??= deferred()).promise;
    return !this.#closed;
  }

  placed(uid: string): void {
    this.#trying.delete(uid);
  }

  /** The pod did not fit; without `refusedBy` something went wrong, and it is tried again after a delay. */
  refused(uid: string, refusedBy: ReadonlySet<string> = new Set()): void {
    const trying = this.#trying.get(uid);
    this.#trying.delete(uid);
    if (!trying || this.#closed) return;
    const isError = refusedBy.size === 0;
    const counts = {
      attempts: trying.pod.attempts + 1,
      refusals: trying.pod.refusals + (isError ? 0 : 1),
      errors: isError ? trying.pod.errors + 1 : 0,
    };
    const nowMs = this.#options.clock.monotonic();
    const delayed = { sinceMs: nowMs, notBeforeMs: nowMs + this.#delayMs(counts) };
    const waiting = { ...trying.pod, ...counts, refusedBy, ...delayed, missed: false, isOverdue: false };
    // Nothing happens while a decision is made; only what waited after it can have missed something.
    const missed = trying.eventsBefore !== this.#events || trying.isChanged;
    if (isError) return this.#delay(this.#failed, waiting, queueCauses.isRefused);
    if (missed) return this.#delayOrActivate(waiting, queueCauses.isRefused);
    this.#refused.add(waiting);
    this.#metrics?.came('unschedulable', queueCauses.isRefused);
    this.#sweepLater();
  }

  /** Something happened: pods that it may help are tried again. */
  happened(event: ClusterEvent): void {
    this.#events++;
    const interested = this.#interests.get(eventKey(event.resource, event.action));
    if (!interested || this.#refused.size === 0) return;
    const { uid } = event.object.metadata;
    const cause = eventLabel(event);
    for (const one of interested) {
      for (const waiting of this.#refused.by(one.plugin.name)) {
        // What a pod gives up itself is no news to it.
        if (waiting.pod.metadata.uid === uid) continue;
        if (this.#helps(one, waiting.pod, event)) this.#wake(waiting, cause);
      }
    }
  }

  /** Whether an event may help a pod that a plugin has refused. */
  #helps({ plugin, helps }: Interested, pod: Stored<Pod>, event: ClusterEvent): boolean {
    if (!helps) return true;
    const startMs = this.#metrics?.hintBegins();
    const isHelp = helps(pod, event);
    if (startMs !== undefined) this.#metrics?.hintEnds(startMs, { plugin: plugin.name, event, isHelp });
    return isHelp;
  }

  /** Tries a refused pod again whatever refused it. */
  wake(uid: string): void {
    const waiting = this.#refused.get(uid);
    if (waiting) this.#wake(waiting, queueCauses.isWoken);
  }

  /** The plugin that held a pod back no longer does: what happened meanwhile wakes it now. */
  released(uid: string): void {
    if (this.#refused.get(uid)?.missed) this.wake(uid);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#sweep?.cancel();
    this.#arrival?.resolve();
  }

  /** Something that goes wrong after many refusals is not held against the pod as they are. */
  #delayMs({ refusals, errors }: Pick<Waiting, 'refusals' | 'errors'>): number {
    const { initialBackoffMs, maxBackoffMs } = this.#options;
    const count = errors > 0 ? errors : refusals;
    return Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(count - 1, 20));
  }

  #note(plugin: Plugin): void {
    this.#plugins.set(plugin.name, [...(this.#plugins.get(plugin.name) ?? []), plugin]);
    for (const { resource, actions, helps } of plugin.events ?? []) {
      for (const action of actions) {
        const key = eventKey(resource, action);
        this.#interests.set(key, [...(this.#interests.get(key) ?? []), { plugin, helps }]);
      }
    }
  }

  #fresh(pod: Stored<Pod>): Waiting {
    const arrivedMs = this.#options.clock.monotonic();
    const counts = { attempts: 0, refusals: 0, errors: 0 };
    return { pod, arrivedMs, ...counts, refusedBy: new Set(), notBeforeMs: 0, sinceMs: arrivedMs };
  }

  /** Name of the plugin that does not let the pod into the queue yet. */
  #gateOf(pod: Stored<Pod>): string | undefined {
    const plugins = this.#options.profiles.get(pod.spec.schedulerName ?? '')?.at.preEnqueue ?? [];
    return plugins.find((plugin) => plugin.preEnqueue?.(pod))?.name;
  }

  #find(uid: string): Waiting | undefined {
    return this.#active.get(uid) ?? this.#delayed.get(uid) ?? this.#failed.get(uid) ?? this.#refused.get(uid);
  }

  #drop(uid: string): void {
    this.#active.remove(uid);
    this.#delayed.remove(uid);
    this.#failed.remove(uid);
    this.#refused.delete(uid);
  }

  #wake(waiting: Waiting, cause: string): void {
    const gate = this.#gateOf(waiting.pod);
    if (gate) {
      waiting.missed = true;
      waiting.gate = gate;
      this.#refused.hold(waiting, gate);
      return;
    }
    this.#refused.delete(waiting.pod.metadata.uid);
    this.#delayOrActivate(waiting, cause);
  }

  #delayOrActivate(waiting: Waiting, cause: string): void {
    if (waiting.notBeforeMs <= this.#options.clock.monotonic()) return this.#activate(waiting, cause);
    this.#delay(this.#delayed, waiting, cause);
    this.#arrived();
  }

  #delay(heap: Heap<Waiting>, waiting: Waiting, cause: string): void {
    waiting.gate = undefined;
    heap.put(waiting);
    this.#metrics?.came('backoff', cause);
    this.#arm();
  }

  #activate(waiting: Waiting, cause: string): void {
    waiting.gate = undefined;
    waiting.enteredMs ??= this.#options.clock.monotonic();
    this.#active.put(waiting);
    this.#metrics?.came('active', cause);
    this.#arrived();
  }

  #arrived(): void {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }

  /** Wakes up when the first delay is over. */
  #arm(): void {
    this.#timer?.cancel();
    const [a, b] = [this.#delayed.peek(), this.#failed.peek()];
    if ((!a && !b) || this.#closed) return;
    const { clock } = this.#options;
    const notBeforeMs = Math.min(a?.notBeforeMs ?? Infinity, b?.notBeforeMs ?? Infinity);
    this.#timer = clock.after(Math.max(0, notBeforeMs - clock.monotonic()), () => this.#endDelays());
  }

  #endDelays(): void {
    const nowMs = this.#options.clock.monotonic();
    for (const heap of [this.#delayed, this.#failed]) {
      for (let next = heap.peek(); next && next.notBeforeMs <= nowMs; next = heap.peek()) {
        heap.pop();
        this.#activate(next, queueCauses.isDelayOver);
      }
    }
    this.#arm();
  }

  #overdue(waiting: Waiting): void {
    waiting.isOverdue = true;
    this.#wake(waiting, queueCauses.isOverdue);
  }

  #sweepLater(): void {
    if (this.#sweep || this.#closed) return;
    this.#sweep = this.#options.clock.after(sweepMs, () => {
      this.#sweep = undefined;
      const beforeMs = this.#options.clock.monotonic() - lookAgainMs;
      for (const waiting of this.#refused.all()) if (waiting.sinceMs <= beforeMs) this.#overdue(waiting);
      if (this.#refused.size > 0) this.#sweepLater();
    });
  }
}
