import type { Clock } from '../../platform/clock.ts';
import { Life } from './life.ts';

export interface SimulatedProcessOptions {
  /** Such as `kube-scheduler` or `kubelet node-1`. */
  name: string;
  clock: Clock;
  /** Starts everything that runs in it, anew. */
  start(life: Life): void;
}

/** Something that can be killed and started again, and forgets everything in between. */
export class SimulatedProcess {
  readonly name: string;
  readonly #options: SimulatedProcessOptions;
  #life: Life | undefined;
  #isWanted = false;

  constructor(options: SimulatedProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  start(): void {
    if (this.#life) return;
    this.#isWanted = true;
    this.#life = new Life();
    this.#options.start(this.#life);
  }

  /** Kills it; it is started again after `restartMs`, unless it is stopped before. */
  crash(restartMs: number): void {
    if (!this.#life) return;
    this.#kill();
    this.#options.clock.after(restartMs, () => {
      if (this.#isWanted) this.start();
    });
  }

  /** Kills it, for good or until `start`. */
  stop(): void {
    this.#isWanted = false;
    this.#kill();
  }

  #kill(): void {
    const life = this.#life;
    this.#life = undefined;
    life?.end();
  }
}
