import type { Clock } from '../../../platform/clock.ts';
import type { Transformer } from '../transformer.ts';

/** How long a seed is kept after it was last written with, or was decrypted. Upstream's time. */
const keptMs = 24 * 3_600_000;

/**
 * The seeds and keys that have been decrypted, or made here, by `sourceId`, each as what opens values with it. What is old goes when
 * another is put in, not before: nobody need ask for it again until then.
 */
export class KnownSources {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** The oldest first. */
  readonly #known = new Map<string, { opens: Transformer; untilMs: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#known.size;
  }

  get(id: string): Transformer | undefined {
    return this.#known.get(id)?.opens;
  }

  put(id: string, opens: Transformer): void {
    const nowMs = this.#clock.monotonic();
    this.#known.delete(id);
    this.#known.set(id, { opens, untilMs: nowMs + keptMs });
    for (const [old, { untilMs }] of this.#known) {
      if (untilMs > nowMs) return;
      this.#known.delete(old);
    }
  }
}
