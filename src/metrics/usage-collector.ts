import { setMaxListeners } from 'node:events';
import type { Node } from '../api/core/v1.ts';
import type { Component } from '../client/component.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { Semaphore } from '../platform/semaphore.ts';
import { readPoints } from './read-points.ts';
import { UsagePoints } from './usage-points.ts';

export interface UsageCollectorOptions {
  clock: Clock;
  log: Log;
  /** The nodes there are now. */
  nodes(): Iterable<Node>;
  /** What the kubelet of a node says at `/metrics/resource`; rejects where it does not say it. */
  read(node: Node, signal: AbortSignal): Promise<string>;
}

/** Upstream's `--metric-resolution`: from one look at a node to the next. */
const resolutionMs = 15_000;
/** A round of looks leaves off this long after it has begun. */
const roundMs = 0.9 * resolutionMs;
/** Nodes that have been asked and have not answered yet. */
const mostAtOnce = 256;
/** Nodes that are asked in one breath: a question costs about a millisecond, and others want to be answered meanwhile. */
const inOneBreath = 8;
const breathMs = 16;

/** Asks all kubelets again and again what is used, and knows the last two answers of each. */
export class UsageCollector implements Component {
  readonly name = 'metrics-server';
  readonly #options: UsageCollectorOptions;
  readonly #points = new UsagePoints(resolutionMs);

  constructor(options: UsageCollectorOptions) {
    this.#options = options;
  }

  /** What a node uses; undefined where it has not been asked twice. */
  node(name: string) {
    return this.#points.node(name);
  }

  /** What the containers of a pod use; undefined where that is not known of all of them. */
  pod(namespace: string, name: string) {
    return this.#points.pod(namespace, name);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const startMs = clock.monotonic();
      await this.#round(signal);
      const leftMs = resolutionMs - (clock.monotonic() - startMs);
      await clock.sleep(Math.max(0, leftMs), signal).catch(() => {});
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const nodes = [...this.#options.nodes()];
    this.#points.keep(new Set(nodes.map(({ metadata }) => metadata.name ?? '')));
    const late = new AbortController();
    const timer = clock.after(roundMs, () => late.abort(new Error('it did not answer in time')));
    const end = AbortSignal.any([signal, late.signal]);
    setMaxListeners(0, end);
    const places = new Semaphore(mostAtOnce);
    const asking: Promise<void>[] = [];
    for (const [i, node] of nodes.entries()) {
      const leave = await places.acquire(end).catch(() => undefined);
      asking.push(this.#ask(node, end).finally(leave));
      if (i % inOneBreath === inOneBreath - 1) await clock.sleep(breathMs, end).catch(() => {});
    }
    await Promise.all(asking);
    timer.cancel();
  }

  async #ask(node: Node, signal: AbortSignal): Promise<void> {
    const { read, clock, log } = this.#options;
    const name = node.metadata.name ?? '';
    try {
      signal.throwIfAborted();
      this.#points.take(name, readPoints(await read(node, signal), clock.now()));
    } catch (error) {
      log.debug('a kubelet does not tell what is used', { node: name, error: String(error) });
      this.#points.forget(name);
    }
  }
}
