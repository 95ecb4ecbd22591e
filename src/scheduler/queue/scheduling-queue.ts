import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { ClusterEvent, Plugin, Profile, QueuedPod } from '../framework/framework.ts';
import { Heap } from './heap.ts';

export interface SchedulingQueueOptions {
  clock: Clock;
  profiles: ReadonlyMap<string, Profile>;
  /** Delay after the first refusal; doubles with each further one. 1 s unless given. */
  initialBackoffMs?: number;
  /** 10 s unless given. */
  maxBackoffMs?: number;
}

/** A refused pod is looked at again after this time, should every event that could help have been missed. */
const lookAgainMs = 300_000;

interface Waiting extends QueuedPod {
  /** When it may be tried again. */
  notBeforeMs: number;
}

/**
 * Pods that want a node: those to be tried now, in the order of the profile; those that wait out a delay; and those
 * that cannot be placed until something happens that the plugins which refused them care about.
 */
export class SchedulingQueue {
  readonly #options: Required<SchedulingQueueOptions>;
  readonly #active: Heap<Waiting>;
  readonly #delayed: Heap<Waiting>;
  readonly #refused = new Map<string, Waiting>();
  readonly #trying = new Map<string, { pod: Waiting; events: Set<ClusterEvent> }>();
  readonly #takers: ((pod: QueuedPod | undefined) => void)[] = [];
  readonly #interest = new Map<ClusterEvent, Set<string>>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: SchedulingQueueOptions) {
    this.#options = { initialBackoffMs: 1000, maxBackoffMs: 10_000, ...options };
    const keyOf = (waiting: Waiting) => waiting.pod.metadata.uid;
    const sort = [...options.profiles.values()].flatMap((p) => p.plugins).find((plugin) => plugin.queueSort);
    this.#active = new Heap({
      keyOf,
      before: (a, b) => (sort?.queueSort?.(a, b) ?? a.arrivedMs - b.arrivedMs) < 0,
    });
    this.#delayed = new Heap({ keyOf, before: (a, b) => a.notBeforeMs < b.notBeforeMs });
    for (const plugin of [...options.profiles.values()].flatMap((p) => p.plugins)) this.#note(plugin);
  }

  /** How many pods are where. */
  get sizes(): { active: number; delayed: number; refused: number } {
    return { active: this.#active.size, delayed: this.#delayed.size, refused: this.#refused.size };
  }

  /** A pod without a node that is new or has changed. */
  set(pod: Stored<Pod>): void {
    const { uid } = pod.metadata;
    const trying = this.#trying.get(uid);
    if (trying) {
      trying.pod = { ...trying.pod, pod };
      return;
    }
    const known = this.#active.get(uid) ?? this.#delayed.get(uid) ?? this.#refused.get(uid);
    const entry = known ? { ...known, pod } : this.#fresh(pod);
    const gate = this.#gateOf(pod);
    if (gate) {
      this.#drop(uid);
      this.#refused.set(uid, { ...entry, refusedBy: new Set([gate]) });
    } else if (!known || this.#active.get(uid)) this.#activate(entry);
    else if (this.#delayed.get(uid)) this.#delayed.put(entry);
    else {
      // What was refused as it was may fit as it is now.
      this.#refused.delete(uid);
      this.#delayOrActivate(entry);
    }
  }

  /** The pod has a node, or is gone. */
  remove(uid: string): void {
    this.#drop(uid);
    this.#trying.delete(uid);
  }

  /** The next pod to try; undefined once the queue is closed. Answer with `placed` or `refused`. */
  take(): Promise<QueuedPod | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const next = this.#active.pop();
    if (next) return Promise.resolve(this.#begin(next));
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  placed(uid: string): void {
    this.#trying.delete(uid);
  }

  /** The pod did not fit; without `refusedBy` something went wrong, and it is tried again after a delay. */
  refused(uid: string, refusedBy: ReadonlySet<string> = new Set()): void {
    const trying = this.#trying.get(uid);
    this.#trying.delete(uid);
    if (!trying || this.#closed) return;
    const { initialBackoffMs, maxBackoffMs, clock } = this.#options;
    const attempts = trying.pod.attempts + 1;
    const delayMs = Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(attempts - 1, 20));
    const waiting = { ...trying.pod, attempts, refusedBy, notBeforeMs: clock.now() + delayMs };
    const missed = [...trying.events].some((event) => this.#helps(event, waiting));
    if (refusedBy.size === 0 || missed) return this.#delayOrActivate(waiting);
    this.#refused.set(uid, waiting);
    clock.after(lookAgainMs, () => {
      if (this.#refused.get(uid) === waiting) this.#wake(waiting);
    });
  }

  /** Something happened: pods that it may help are tried again. */
  happened(event: ClusterEvent): void {
    for (const { events } of this.#trying.values()) events.add(event);
    for (const waiting of this.#refused.values()) if (this.#helps(event, waiting)) this.#wake(waiting);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #note(plugin: Plugin): void {
    for (const event of plugin.events ?? []) {
      const names = this.#interest.get(event) ?? new Set();
      this.#interest.set(event, names.add(plugin.name));
    }
  }

  #helps(event: ClusterEvent, waiting: Waiting): boolean {
    const interested = this.#interest.get(event);
    return interested !== undefined && [...waiting.refusedBy].some((name) => interested.has(name));
  }

  #fresh(pod: Stored<Pod>): Waiting {
    return { pod, arrivedMs: this.#options.clock.now(), attempts: 0, refusedBy: new Set(), notBeforeMs: 0 };
  }

  /** Name of the plugin that does not let the pod into the queue yet. */
  #gateOf(pod: Stored<Pod>): string | undefined {
    const plugins = this.#options.profiles.get(pod.spec.schedulerName ?? '')?.plugins ?? [];
    return plugins.find((plugin) => plugin.preEnqueue?.(pod))?.name;
  }

  #drop(uid: string): void {
    this.#active.remove(uid);
    this.#delayed.remove(uid);
    this.#refused.delete(uid);
  }

  #wake(waiting: Waiting): void {
    if (this.#gateOf(waiting.pod)) return;
    this.#refused.delete(waiting.pod.metadata.uid);
    this.#delayOrActivate(waiting);
  }

  #delayOrActivate(waiting: Waiting): void {
    if (waiting.notBeforeMs <= this.#options.clock.now()) return this.#activate(waiting);
    this.#delayed.put(waiting);
    this.#arm();
  }

  #activate(waiting: Waiting): void {
    const taker = this.#takers.shift();
    if (taker) taker(this.#begin(waiting));
    else this.#active.put(waiting);
  }

  #begin(waiting: Waiting): QueuedPod {
    this.#trying.set(waiting.pod.metadata.uid, { pod: waiting, events: new Set() });
    return waiting;
  }

  /** Wakes up when the first delay is over. */
  #arm(): void {
    this.#timer?.cancel();
    const first = this.#delayed.peek();
    if (!first || this.#closed) return;
    this.#timer = this.#options.clock.after(
      Math.max(0, first.notBeforeMs - this.#options.clock.now()),
      () => {
        const nowMs = this.#options.clock.now();
        for (
          let next = this.#delayed.peek();
          next && next.notBeforeMs <= nowMs;
          next = this.#delayed.peek()
        ) {
          this.#delayed.pop();
          this.#activate(next);
        }
        this.#arm();
      },
    );
  }
}
