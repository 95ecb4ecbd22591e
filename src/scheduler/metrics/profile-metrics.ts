import type { Clock } from '../../platform/clock.ts';
import {
  type Counter,
  type Family,
  type Meter,
  type Observer,
  remembering,
} from '../../platform/metrics/meter.ts';
import type { Profile, QueuedPod } from '../framework/framework.ts';
import {
  type AskedPoint,
  type Status,
  statusOfError,
  type Stopwatch,
  type TimedPoint,
} from '../framework/stopwatch.ts';
import * as defined from './definitions.ts';
import { measuredProfile } from './measured-plugins.ts';

/** What has come of an attempt to place a pod. */
export type Result = 'scheduled' | 'unschedulable' | 'error';

/** One attempt to place a pod. */
export interface Attempt {
  readonly queued: QueuedPod;
  /** What is decided by. */
  readonly profile: Profile;
  readonly metrics: ProfileMetrics;
  /** When it began, by the monotonic clock. */
  readonly startMs: number;
}

/** The plugins are timed in one decision of so many. (upstream's share, there by chance) */
const timedDecisions = 10;
/** So many attempts and more are told as one. (upstream's rule) */
const mostAttempts = 15;

const askedPoints = {
  PreFilter: 'preFilter',
  Filter: 'filter',
  PreScore: 'preScore',
  Score: 'score',
} as const;

/** Counts by the places of plugins, which their series are read from: cheaper than to look for each of thirty series. */
function evaluationsOf(
  { schedulerName, at }: Profile,
  family: Family<Counter>,
): ProfileMetrics['evaluations'] {
  const counts = Object.entries(askedPoints).map(([name, point]) => {
    const plugins = at[point];
    const each = new Float64Array(plugins.length);
    for (const [place, plugin] of plugins.entries())
      family.with(plugin.name, name, schedulerName).follow(() => each[place] as number);
    return [name, each];
  });
  return Object.fromEntries(counts);
}

/** What is counted and measured of the decisions by one profile, under upstream's names. */
export class ProfileMetrics implements Stopwatch {
  readonly evaluations: Readonly<Record<AskedPoint, Float64Array>>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #isMeasured: boolean;
  readonly #profile: Profile;
  /** The same, with plugins that are timed. */
  readonly #timedProfile: Profile;
  readonly #attempts: (result: Result) => Counter;
  readonly #attemptTimes: (result: Result) => Observer;
  readonly #algorithmTimes: Observer;
  readonly #podTimes: (attempts: number) => Observer;
  readonly #podAttempts: Observer;
  readonly #overdue: Counter;
  readonly #successTimes: (point: TimedPoint) => Observer;
  readonly #pointTimes: (point: TimedPoint, status: Status) => Observer;
  #decisions = 0;
  #lastMs = 0;

  constructor(meter: Meter, clock: Pick<Clock, 'monotonic'>, profile: Profile) {
    const { schedulerName } = profile;
    this.#clock = clock;
    this.#profile = profile;
    this.#isMeasured = meter.isRead;
    const plugins = meter.histogram(defined.pluginDuration);
    this.#timedProfile = measuredProfile(profile, {
      nowMs: () => clock.monotonic(),
      observe: ({ plugin, point, status, startMs }) =>
        plugins.with(plugin, point, status).observe((clock.monotonic() - startMs) / 1000),
    });
    const [attempts, times] = [
      meter.counter(defined.scheduleAttempts),
      meter.histogram(defined.attemptDuration),
    ];
    this.#attempts = remembering((result) => attempts.with(result, schedulerName));
    this.#attemptTimes = remembering((result) => times.with(result, schedulerName));
    this.#algorithmTimes = meter.histogram(defined.algorithmDuration).with();
    const pods = meter.histogram(defined.podDuration);
    this.#podTimes = remembering((count) =>
      pods.with(count < mostAttempts ? `${count}` : `${mostAttempts}+`),
    );
    this.#podAttempts = meter.histogram(defined.podAttempts).with();
    this.#overdue = meter.counter(defined.scheduledAfterFlush).with();
    const points = meter.histogram(defined.pointDuration);
    this.#pointTimes = (point, status) => points.with(point, status, schedulerName);
    this.#successTimes = remembering((point) => points.with(point, 'Success', schedulerName));
    this.evaluations = evaluationsOf(profile, meter.counter(defined.pluginEvaluations));
  }

  /** An attempt to place a pod begins now. */
  begin(queued: QueuedPod): Attempt {
    this.start();
    const isTimed = this.#isMeasured && this.#decisions++ % timedDecisions === 0;
    const profile = isTimed ? this.#timedProfile : this.#profile;
    return { queued, profile, metrics: this, startMs: this.#lastMs };
  }

  start(): void {
    this.#lastMs = this.#clock.monotonic();
  }

  lap(point: TimedPoint, status: Status = 'Success'): void {
    this.#lastMs = this.took(point, this.#lastMs, status);
  }

  /** By the monotonic clock. */
  nowMs(): number {
    return this.#clock.monotonic();
  }

  /** An extension point that began at `startMs` is over. Gives what time it is. */
  took(point: TimedPoint, startMs: number, status: Status = 'Success'): number {
    const nowMs = this.#clock.monotonic();
    const times = status === 'Success' ? this.#successTimes(point) : this.#pointTimes(point, status);
    times.observe((nowMs - startMs) / 1000);
    return nowMs;
  }

  /** Runs an extension point, whatever comes of it. */
  during(point: TimedPoint, run: () => Promise<void>): Promise<void> {
    return this.#isMeasured ? this.#during(point, run) : run();
  }

  async #during(point: TimedPoint, run: () => Promise<void>): Promise<void> {
    const startMs = this.nowMs();
    let status: Status = 'Success';
    try {
      await run();
    } catch (error) {
      status = statusOfError(error);
      throw error;
    } finally {
      this.took(point, startMs, status);
    }
  }

  /** A node has been chosen, at the end of the last lap. */
  chose({ startMs }: Attempt): void {
    this.#algorithmTimes.observe((this.#lastMs - startMs) / 1000);
  }

  /** What has come of an attempt. */
  over({ queued, startMs }: Attempt, result: Result): void {
    const nowMs = this.#clock.monotonic();
    this.#attempts(result).add();
    this.#attemptTimes(result).observe((nowMs - startMs) / 1000);
    if (result !== 'scheduled') return;
    const attempts = queued.attempts + 1;
    this.#podAttempts.observe(attempts);
    this.#podTimes(Math.min(attempts, mostAttempts)).observe((nowMs - (queued.enteredMs ?? startMs)) / 1000);
    if (queued.isOverdue) this.#overdue.add();
  }
}
