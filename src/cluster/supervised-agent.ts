import { Backoff } from '../client/backoff.ts';
import type { Timer } from '../platform/clock.ts';
import type { Platform } from '../platform/platform.ts';
import type { RunningProcess } from '../platform/processes.ts';
import { UserError } from './user-error.ts';

export interface SupervisedAgentOptions {
  node: string;
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  /** Starts the agent's process; `onEnd` is to be given its last words. */
  launch(onEnd: (text: string) => void): Promise<RunningProcess>;
  /** Ends whatever runs on the node. */
  endAll(): Promise<void>;
  /** Told when the agent has ended though nobody asked for that. */
  onEnd(text: string): void;
}

const delays = { baseMs: 1000, maxMs: 30_000 };
/** An agent that ran for so long had nothing wrong with its start. */
const steadyMs = 60_000;

/** Keeps the agent of a node running: one that ends is started again, later each time, unless it was stopped on purpose. */
export class SupervisedAgent {
  readonly #options: SupervisedAgentOptions;
  readonly #backoff: Backoff;
  #isWanted = false;
  #process: RunningProcess | undefined;
  #launching: Promise<void> | undefined;
  #again: Timer | undefined;

  constructor(options: SupervisedAgentOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ ...delays, random: options.platform.random });
  }

  /** Starts the agent, at once also where its next start was to come later. Rejects where it runs or cannot be started. */
  async start(): Promise<void> {
    await this.#launching?.catch(() => {});
    if (this.#process) throw new UserError(`${this.#options.node} runs already`);
    this.#again?.cancel();
    this.#backoff.reset();
    this.#isWanted = true;
    await this.#launch();
  }

  /** Ends everything that runs on the node; it stays away until somebody starts it. */
  async stop(): Promise<void> {
    await this.release();
    await this.#options.endAll();
  }

  /** Lets the agent be: it runs on, and is not started again. */
  async release(): Promise<void> {
    this.#isWanted = false;
    this.#again?.cancel();
    await this.#launching?.catch(() => {});
  }

  #launch(): Promise<void> {
    const { clock } = this.#options.platform;
    const startedMs = clock.monotonic();
    const launch = async () => {
      let ended: string | undefined;
      const process = await this.#options.launch((text) => {
        ended = text;
        if (this.#process !== process) return;
        this.#process = undefined;
        this.#ended(text, clock.monotonic() - startedMs);
      });
      if (ended === undefined) this.#process = process;
      else this.#ended(ended, clock.monotonic() - startedMs);
    };
    this.#launching = launch();
    return this.#launching;
  }

  #ended(text: string, ranMs: number): void {
    if (!this.#isWanted) return;
    const { node, platform, onEnd } = this.#options;
    if (ranMs >= steadyMs) this.#backoff.reset();
    const afterMs = Math.round(this.#backoff.next());
    platform.log.warn('the agent of a node has ended; it is started again', { node, afterMs, text });
    this.#again = platform.clock.after(afterMs, () => {
      const startedMs = platform.clock.monotonic();
      this.#launch().catch((error) => this.#ended(String(error), platform.clock.monotonic() - startedMs));
    });
    onEnd(text);
  }
}
