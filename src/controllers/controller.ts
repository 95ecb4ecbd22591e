import type { KubernetesObject, Stored } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import type { Component } from '../client/component.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import { type Informer, keyOf } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { hasReason, StatusError } from '../machinery/status-error.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Meter } from '../platform/metrics/meter.ts';
import { onAbort } from '../platform/on-abort.ts';
import type { Random } from '../platform/random.ts';
import { turnTogether } from '../platform/turn.ts';

/** What a controller is given. Informers are shared with all controllers of the process. */
export interface ControllerContext {
  client: Client;
  informers: Informers;
  events: EventRecorder;
  clock: Clock;
  random: Random;
  log: Log;
  meter: Meter;
}

/** What came of one key. Anything thrown is tried again after a growing delay. */
export type Outcome =
  /** Nothing more to do until something changes. */
  | { type: 'done' }
  /** Look again after this time, whatever happens. */
  | { type: 'again'; afterMs: number }
  /** It cannot succeed until something changes: reported, not tried again. */
  | { type: 'hopeless'; reason: string };

export const done: Outcome = { type: 'done' };

export type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome>;

export interface ControllerOptions {
  /** Upstream's name, such as `replicaset-controller`; its identity and the actor of its writes. */
  name: string;
  /** Upstream's name of the queue, such as `replicaset`, in the metrics. Of several queues of upstream's for which there is one here, it is the main one's. */
  queueName: string;
  context: ControllerContext;
  /** Keys worked on at the same time; 5 unless given. */
  workers?: number;
  /** The longest delay after failures; that of every queue unless given. */
  maxDelayMs?: number;
  /** Before its first key is worked on; that all informers asked for until then have their first list, unless given. */
  ready?: () => Promise<void>;
  /** Subscribes to what the controller depends on, and gives the function that brings one key in order. */
  setup(parts: { queue: WorkQueue; writes: OwnWrites }): Reconcile;
}

/**
 * Keys after which others get their turn of the event loop. Where nothing has to be waited for, hundreds would come one after the
 * other, and the API server would not be heard meanwhile.
 */
const keysPerTurn = 20;
/** A server that does not say what it has is asked again after this time. */
const lookAgainMs = 1000;
/** How long a write that never shows up in an informer holds a key back (as upstream's expectations). */
const forgetWritesAfterMs = 300_000;

/**
 * What a controller has written for a key and its informers have not shown yet. A key is worked on only once all of
 * it is visible, so no decision is made on a past that the controller itself has changed.
 */
export class OwnWrites {
  readonly #clock: Clock;
  readonly #queue: WorkQueue;
  readonly #pending = new Map<string, Set<symbol>>();

  constructor(clock: Clock, queue: WorkQueue) {
    this.#clock = clock;
    this.#queue = queue;
  }

  /** A create or update for `key` answered with `object`; hold the key until `informer` has it. */
  wrote<T extends KubernetesObject>(key: string, informer: Informer<T>, object: Stored<T>): void {
    if (informer.hasReached(object.metadata.resourceVersion)) return;
    const done = this.#hold(key);
    informer.whenReached(object.metadata.resourceVersion, done);
  }

  /** `object` was deleted for `key`; hold the key until `informer` shows it gone or going. */
  deleted<T extends KubernetesObject>(key: string, informer: Informer<T>, object: Stored<T>): void {
    const objectKey = keyOf(object);
    const isGone = () => {
      const now = informer.get(objectKey);
      return !now || now.metadata.uid !== object.metadata.uid || now.metadata.deletionTimestamp !== undefined;
    };
    if (isGone()) return;
    const done = this.#hold(key);
    const look = () => (isGone() ? done() : informer.whenChanged(objectKey, look));
    look();
  }

  /**
   * A write for `key` ended with `error`. Where that leaves open whether it was done (the answer may have been lost on its
   * way), the key is held until `informer` shows all that the server had after it.
   */
  failed<T extends KubernetesObject>(key: string, informer: Informer<T>, error: unknown): void {
    if (!(error instanceof StatusError) || error.code < 500) return;
    const done = this.#hold(key);
    const look = async (): Promise<void> => {
      try {
        await informer.caughtUp();
        done();
      } catch {
        this.#clock.after(lookAgainMs, () => void look());
      }
    };
    void look();
  }

  /** Whether all that was written for the key is visible. */
  isSettled(key: string): boolean {
    return !this.#pending.has(key);
  }

  #hold(key: string): () => void {
    const token = Symbol(key);
    const tokens = this.#pending.get(key) ?? new Set();
    this.#pending.set(key, tokens.add(token));
    const release = () => {
      timer.cancel();
      if (!tokens.delete(token) || tokens.size > 0) return;
      this.#pending.delete(key);
      this.#queue.add(key);
    };
    const timer = this.#clock.after(forgetWritesAfterMs, release);
    return release;
  }
}

/** A level-triggered controller: keys go in, each is brought in order, alone, as often as needed. */
export function createController(options: ControllerOptions): Component {
  const { name, context } = options;
  const log = context.log.named(name);
  const { clock, meter } = context;
  const { queueName, maxDelayMs } = options;
  const queue = new WorkQueue({
    clock,
    measured: { name: queueName, meter },
    ...(maxDelayMs && { maxDelayMs }),
  });
  const writes = new OwnWrites(clock, queue);
  const reconcile = options.setup({ queue, writes });

  const handle = async (key: string, signal: AbortSignal) => {
    if (!writes.isSettled(key)) return;
    try {
      const outcome = await reconcile(key, signal);
      queue.forget(key);
      if (outcome.type === 'again') queue.addAfter(key, outcome.afterMs);
      if (outcome.type === 'hopeless')
        log.info('cannot be done until something changes', { key, reason: outcome.reason });
    } catch (error) {
      if (signal.aborted) return;
      // Conflicts are the ordinary way to learn that the informer was behind.
      if (!hasReason(error, 'Conflict')) log.warn('will be tried again', { key, error: String(error) });
      queue.addAfterFailure(key);
    }
  };

  let handled = 0;
  let turn: Promise<void> | undefined;
  const worker = async (signal: AbortSignal) => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await handle(key, signal);
      queue.done(key);
      if (++handled % keysPerTurn === 0) turn ??= turnTogether().then(() => void (turn = undefined));
      if (turn) await turn;
    }
  };

  return {
    name,
    async run(signal) {
      signal.addEventListener('abort', () => queue.close(), { once: true });
      if (signal.aborted) return queue.close();
      // Where a resource cannot be listed, the wait ends with the run.
      const stopped = new Promise<void>((resolve) => onAbort(signal, resolve));
      const { ready = () => context.informers.synced() } = options;
      await Promise.race([ready(), stopped]);
      await Promise.all(Array.from({ length: options.workers ?? 5 }, () => worker(signal)));
    },
  };
}
