import { exponentialBounds } from '../platform/metrics/histogram.ts';
import type { Counter, Meter, Observer } from '../platform/metrics/meter.ts';

/** What is read off a queue whenever somebody looks. */
export interface QueueState {
  /** Keys that wait, those too that come again once they have been worked on. */
  readonly depth: number;
  /** For how long each of the keys is worked on that are. */
  workedOnMs(): readonly number[];
}

const bounds = exponentialBounds(1e-8, 10, 10);
const labels = ['name'];
const stability = 'BETA';
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** How a work queue does, under client-go's names; queues are told from each other by their own. */
export class QueueMetrics {
  readonly added: Counter;
  readonly retried: Counter;
  readonly #waited: Observer;
  readonly #worked: Observer;

  constructor(meter: Meter, name: string, state: QueueState) {
    const [counter, gauge] = [counterOf(meter), gaugeOf(meter)];
    this.added = counter('adds_total', 'Keys that were added to the queue.').with(name);
    this.retried = counter('retries_total', 'Keys that were to come again after a while.').with(name);
    const seconds = histogramOf(meter);
    this.#waited = seconds('queue_duration_seconds', 'How long keys waited in the queue.').with(name);
    this.#worked = seconds('work_duration_seconds', 'How long keys were worked on.').with(name);
    gauge('depth', 'Keys that wait in the queue.')
      .with(name)
      .follow(() => state.depth);
    gauge(
      'unfinished_work_seconds',
      'How long the keys have been worked on that are now, taken together: it grows with the number of those that hang.',
    )
      .with(name)
      .follow(() => sum(state.workedOnMs()) / 1000);
    gauge('longest_running_processor_seconds', 'How long the oldest of them has been worked on.')
      .with(name)
      .follow(() => Math.max(0, ...state.workedOnMs()) / 1000);
  }

  waited(ms: number): void {
    this.#waited.observe(ms / 1000);
  }

  worked(ms: number): void {
    this.#worked.observe(ms / 1000);
  }
}

const optionsOf = (name: string, help: string) =>
  ({ name: `workqueue_${name}`, help, stability, labels }) as const;
const counterOf = (meter: Meter) => (name: string, help: string) => meter.counter(optionsOf(name, help));
const gaugeOf = (meter: Meter) => (name: string, help: string) => meter.gauge(optionsOf(name, help));
const histogramOf = (meter: Meter) => (name: string, help: string) =>
  meter.histogram({ ...optionsOf(name, help), bounds });
