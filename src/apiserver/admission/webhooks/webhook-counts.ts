import { StatusError } from '../../../machinery/status-error.ts';
import { LabelledCounter, LabelledHistogram } from '../../plain/labelled.ts';
import type { Metric } from '../../../platform/metrics/metric.ts';
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

const prefix = 'apiserver_admission_webhook_';

/** How webhooks answer, under upstream's names. */
export class WebhookCounts {
  readonly #requests = new LabelledCounter();
  readonly #refusals = new LabelledCounter();
  readonly #open = new LabelledCounter();
  readonly #durations = new LabelledHistogram(bounds);

  note({ name, type, operation }: AskedOf, { durationMs, error, isOpen = false }: Outcome): void {
    const rejected = String(error !== undefined && !isOpen);
    const code = String(Math.min(codeOf(error), mostCode));
    this.#requests.add({ code, name, operation, rejected, type });
    this.#durations.observe({ name, operation, rejected, type }, durationMs / 1000);
    if (isOpen) this.#open.add({ name, type });
    else if (error !== undefined) {
      this.#refusals.add({ error_type: errorTypeOf(error), name, operation, rejection_code: code, type });
    }
  }

  get metrics(): Metric[] {
    return [
      this.#requests.metric(`${prefix}request_total`, 'Requests to webhooks, by what they answered.'),
      this.#refusals.metric(
        `${prefix}rejection_count`,
        'Requests that webhooks have refused, or failed with them.',
      ),
      this.#open.metric(
        `${prefix}fail_open_count`,
        'Requests that went on although a webhook could not be asked.',
      ),
      this.#durations.metric(`${prefix}admission_duration_seconds`, 'How long webhooks took.'),
    ];
  }
}
