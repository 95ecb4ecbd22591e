import { StatusError } from '../../../machinery/status-error.ts';
import { Histogram } from '../../plain/histogram.ts';
import type { Metric } from '../../plain/metrics.ts';
import { CallFailure, isDenial } from './errors.ts';

/** What a webhook was asked about. */
export interface AskedOf {
  name: string;
  type: 'admit' | 'validating';
  operation: string;
}

/** What came of it. */
export interface Outcome {
  durationMs: number;
  /** What went wrong, or why not. */
  error?: unknown;
  /** The request goes on all the same. */
  isOpen?: boolean;
}

const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
/** Codes beyond are counted as this one, so that no webhook makes any number of series. */
const mostCode = 600;

function codeOf(error: unknown): number {
  if (error === undefined) return 200;
  if (error instanceof CallFailure) return error.code;
  return isDenial(error) && error instanceof StatusError ? (error.status.code ?? 0) : 0;
}

function errorTypeOf(error: unknown): string {
  if (error instanceof CallFailure) return 'calling_webhook_error';
  return isDenial(error) ? 'no_error' : 'apiserver_internal_error';
}

/** How webhooks answer, under upstream's names. */
export class WebhookCounts {
  readonly #requests = new Series();
  readonly #refusals = new Series();
  readonly #open = new Series();
  readonly #durations = new Map<string, { labels: Record<string, string>; histogram: Histogram }>();

  note({ name, type, operation }: AskedOf, { durationMs, error, isOpen = false }: Outcome): void {
    const rejected = String(error !== undefined && !isOpen);
    const code = String(Math.min(codeOf(error), mostCode));
    this.#requests.add({ code, name, operation, rejected, type });
    this.#observe({ name, operation, rejected, type }, durationMs / 1000);
    if (isOpen) this.#open.add({ name, type });
    else if (error !== undefined) {
      this.#refusals.add({ error_type: errorTypeOf(error), name, operation, rejection_code: code, type });
    }
  }

  #observe(labels: Record<string, string>, seconds: number): void {
    const key = Object.values(labels).join(' ');
    const found = this.#durations.get(key) ?? { labels, histogram: new Histogram(bounds) };
    found.histogram.observe(seconds);
    this.#durations.set(key, found);
  }

  get metrics(): Metric[] {
    const durations = `${prefix}admission_duration_seconds`;
    return [
      counter('request_total', 'Requests to webhooks, by what they answered.', this.#requests),
      counter('rejection_count', 'Requests that webhooks have refused, or failed with them.', this.#refusals),
      counter('fail_open_count', 'Requests that went on although a webhook could not be asked.', this.#open),
      {
        name: durations,
        type: 'histogram',
        help: 'How long webhooks took.',
        values: () =>
          [...this.#durations.values()].flatMap(({ labels, histogram }) =>
            histogram.values(durations, labels),
          ),
      },
    ];
  }
}

const prefix = 'apiserver_admission_webhook_';

const counter = (name: string, help: string, series: Series): Metric => ({
  name: `${prefix}${name}`,
  type: 'counter',
  help,
  values: () => series.values(),
});

class Series {
  readonly #values = new Map<string, { labels: Record<string, string>; value: number }>();

  add(labels: Record<string, string>): void {
    const key = Object.values(labels).join(' ');
    const found = this.#values.get(key) ?? { labels, value: 0 };
    found.value++;
    this.#values.set(key, found);
  }

  values() {
    return [...this.#values.values()];
  }
}
