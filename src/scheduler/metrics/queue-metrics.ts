import type { Clock } from '../../platform/clock.ts';
import {
  type Counter,
  type Family,
  type Meter,
  type Observer,
  type Reading,
  remembering,
} from '../../platform/metrics/meter.ts';
import { type ClusterEvent, eventLabel } from '../framework/events.ts';
import type { Waiting } from '../queue/refused.ts';
import * as defined from './definitions.ts';

/** Where pods wait, by upstream's names: to be tried now, until a delay is over, until something happens. */
export type Place = 'active' | 'backoff' | 'unschedulable';

/** What is read off the queue whenever somebody looks. */
export interface QueueState {
  /** How many pods are where; those that gates hold back are none of the refused. */
  counts(): { active: number; delayed: number; refused: number; gated: number };
  /** All pods that wait. */
  pods(): Iterable<Waiting>;
}

/** What there is to read once the queue is gone. */
export const noQueue: QueueState = {
  counts: () => ({ active: 0, delayed: 0, refused: 0, gated: 0 }),
  pods: () => [],
};

/** One call in so many of what tells whether an event helps a pod is timed: there may be thousands for an event. */
const timedHints = 10;

/** What the scheduling queue does, under upstream's names. */
export class QueueMetrics {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #incoming: Record<Place, (event: string) => Counter>;
  readonly #hints: Family<Observer>;
  readonly #pending;
  readonly #meter: Meter;
  #hintCalls = 0;

  constructor(meter: Meter, clock: Pick<Clock, 'monotonic'>) {
    this.#meter = meter;
    this.#clock = clock;
    const incoming = meter.counter(defined.incomingPods);
    const into = (place: Place) => remembering((event: string) => incoming.with(place, event));
    this.#incoming = {
      active: into('active'),
      backoff: into('backoff'),
      unschedulable: into('unschedulable'),
    };
    this.#hints = meter.histogram(defined.hintDuration);
    this.#pending = meter.gauge(defined.pendingPods);
  }

  /** Reads from this queue from now on. */
  follow(state: QueueState): void {
    const pending = this.#pending;
    pending.with('active').follow(() => state.counts().active);
    pending.with('backoff').follow(() => state.counts().delayed);
    pending.with('unschedulable').follow(() => state.counts().refused);
    pending.with('gated').follow(() => state.counts().gated);
    this.#meter.readings(defined.unschedulablePods, () => refusalsAmong(state.pods()));
  }

  came(place: Place, event: string): void {
    this.#incoming[place](event).add();
  }

  /** A plugin is asked whether an event helps a pod: what time it is, where that is to be measured. */
  hintBegins(): number | undefined {
    return this.#hintCalls++ % timedHints === 0 ? this.#clock.monotonic() : undefined;
  }

  hintEnds(
    startMs: number,
    { plugin, event, isHelp }: { plugin: string; event: ClusterEvent; isHelp: boolean },
  ): void {
    const seconds = (this.#clock.monotonic() - startMs) / 1000;
    this.#hints.with(plugin, eventLabel(event), isHelp ? 'Queue' : 'QueueSkip').observe(seconds);
  }
}

function refusalsAmong(pods: Iterable<Waiting>): Reading[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { pod, refusedBy } of pods) {
    const profile = pod.spec.schedulerName ?? '';
    const ofProfile = counts.get(profile) ?? new Map<string, number>();
    counts.set(profile, ofProfile);
    for (const plugin of refusedBy) ofProfile.set(plugin, (ofProfile.get(plugin) ?? 0) + 1);
  }
  return [...counts].flatMap(([profile, ofProfile]) =>
    [...ofProfile].map(([plugin, count]): Reading => [[plugin, profile], count]),
  );
}
