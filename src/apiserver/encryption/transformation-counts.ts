import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import { LabelledCounter, LabelledHistogram } from '../plain/labelled.ts';
import type { TransformError } from './transform-error.ts';

/** One value that was encrypted or decrypted. */
export interface Transformation {
  resource: string;
  type: 'to_storage' | 'from_storage';
  /** Of the transformer that did it. */
  prefix: string;
  ms: number;
  error?: TransformError | undefined;
}

/** How values are stored and read, under upstream's names. */
export class TransformationCounts {
  readonly #operations = new LabelledCounter();
  readonly #durations = new LabelledHistogram(exponentialBounds(0.000_005, 2, 25));

  note({ resource, type, prefix, ms, error }: Transformation): void {
    const kind = { transformation_type: type, transformer_prefix: prefix };
    this.#operations.add({ resource, ...kind, status: error?.status ?? 'OK' });
    if (!error) this.#durations.observe(kind, ms / 1000);
  }

  get metrics(): Metric[] {
    const prefix = 'apiserver_storage_transformation';
    return [
      this.#operations.metric(
        `${prefix}_operations_total`,
        'Values that were encrypted or decrypted, by resource and by what came of it.',
      ),
      this.#durations.metric(`${prefix}_duration_seconds`, 'How long values took to encrypt or decrypt.'),
    ];
  }
}
