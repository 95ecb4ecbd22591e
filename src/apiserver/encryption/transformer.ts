import { aggregated } from '../../machinery/go-text.ts';
import type { Clock } from '../../platform/clock.ts';
import type { TransformationCounts } from './transformation-counts.ts';
import { encryptedUnasked, isSealed, startsWith, TransformError } from './transform-error.ts';

/** What a value belongs to. */
export interface ValuePlace {
  /** The store key, which ciphers that can bind a value to it do. */
  key: string;
  /** The resource, such as `secrets` or `deployments.apps`. */
  resource: string;
}

/** A value as it was before it was stored. */
export interface Opened {
  value: Uint8Array;
  /** Whether it would be stored in another way now. */
  stale: boolean;
}

/** Makes of values what is stored of them, and back. */
export interface Transformer {
  seal(value: Uint8Array, place: ValuePlace): Uint8Array;
  /** Throws a TransformError where the bytes cannot be read. */
  open(stored: Uint8Array, place: ValuePlace): Opened;
  /**
   * Gets from elsewhere what it takes to open the bytes, and gives undefined where that is here; absent where it always is. Where it
   * cannot be had, `open` says why. Never rejects. What could not be had before is asked for `again` only on request.
   */
  prepare?(stored: Uint8Array, options: { again: boolean }): Promise<void> | undefined;
}

/** Stores values as they are. What another has encrypted it refuses. */
export const identity: Transformer = {
  seal: (value) => value,
  open(stored) {
    if (isSealed(stored)) throw encryptedUnasked();
    return { value: stored, stale: false };
  },
};

/** A transformer, and what stands before everything that it has stored. */
export interface PrefixedTransformer {
  prefix: string;
  transformer: Transformer;
}

interface Choice extends PrefixedTransformer {
  bytes: Uint8Array;
}

export interface ChoiceMeans {
  clock: Pick<Clock, 'monotonic'>;
  counts: TransformationCounts;
}

/**
 * Writes with the first of several transformers, and reads with each whose prefix a value has until one succeeds: two may share
 * a prefix while keys are changed. What another than the first has read is stale.
 */
export class PrefixTransformers implements Transformer {
  readonly #choices: readonly Choice[];
  readonly #noMatch: string;
  readonly #means: ChoiceMeans;

  /** `noMatch`: what is said of values that have none of the prefixes. */
  constructor(choices: readonly PrefixedTransformer[], noMatch: string, means: ChoiceMeans) {
    this.#choices = choices.map((choice) => ({ ...choice, bytes: Buffer.from(choice.prefix) }));
    this.#noMatch = noMatch;
    this.#means = means;
  }

  seal(value: Uint8Array, place: ValuePlace): Uint8Array {
    const { clock, counts } = this.#means;
    const startMs = clock.monotonic();
    const { prefix, bytes, transformer } = this.#choices[0] as Choice;
    const note = (error?: TransformError) =>
      counts.note({ ...place, type: 'to_storage', prefix, ms: clock.monotonic() - startMs, error });
    try {
      const sealed = transformer.seal(value, place);
      note();
      return prefix === '' ? sealed : Buffer.concat([bytes, sealed]);
    } catch (error) {
      if (error instanceof TransformError) note(error);
      throw error;
    }
  }

  prepare(stored: Uint8Array, options: { again: boolean }): Promise<void> | undefined {
    let waits: Promise<void> | undefined;
    for (const { bytes, transformer } of this.#choices) {
      if (!transformer.prepare || !startsWith(stored, bytes)) continue;
      const wait = transformer.prepare(stored.subarray(bytes.length), options);
      waits = waits && wait ? Promise.all([waits, wait]).then(() => {}) : (waits ?? wait);
    }
    return waits;
  }

  open(stored: Uint8Array, place: ValuePlace): Opened {
    const startMs = this.#means.clock.monotonic();
    const failures: TransformError[] = [];
    for (let i = 0; i < this.#choices.length; i++) {
      const choice = this.#choices[i] as Choice;
      if (!startsWith(stored, choice.bytes)) continue;
      try {
        const { value, stale } = choice.transformer.open(stored.subarray(choice.bytes.length), place);
        this.#note(place, choice.prefix, startMs);
        return { value, stale: stale || i > 0 };
      } catch (error) {
        if (!(error instanceof TransformError)) throw error;
        // That a value is encrypted is no failure of one who stores it as it is: one of the others may know it.
        if (choice.prefix === '') continue;
        this.#note(place, choice.prefix, startMs, error);
        failures.push(error);
      }
    }
    throw this.#unread(failures, place, startMs);
  }

  #unread(failures: readonly TransformError[], place: ValuePlace, startMs: number): TransformError {
    if (failures.length === 1) return failures[0] as TransformError;
    if (failures.length > 1)
      return new TransformError(aggregated(failures.map(({ message }) => message)), {
        mayPass: failures.some(({ mayPass }) => mayPass),
      });
    const error = new TransformError(this.#noMatch);
    this.#note(place, 'unknown', startMs, error);
    return error;
  }

  #note(place: ValuePlace, prefix: string, startMs: number, error?: TransformError): void {
    const { clock, counts } = this.#means;
    const ms = clock.monotonic() - startMs;
    counts.note({ ...place, type: 'from_storage', prefix: prefix || 'identity', ms, error });
  }
}
