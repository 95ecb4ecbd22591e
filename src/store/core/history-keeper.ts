import type { Clock, Timer } from '../../platform/clock.ts';
import { afterTurn } from '../../platform/turn.ts';
import { StoreError } from '../store.ts';
import { type CompactionGoal, planCompaction } from './compaction.ts';
import type { Flusher } from './flusher.ts';
import type { Ledger } from './ledger.ts';
import type { Change, LogEngine } from './log.ts';

/** How much past is kept: no longer than `ageMs`, and no more than `bytes` of it. */
export interface HistoryLimits {
  ageMs: number;
  bytes: number;
}

/** After this long, or so many steps, compaction lets others run. What it takes out goes to disk with what they write. */
const sliceMs = 2;
const stepsPerSlice = 8;
const shortestRoundMs = 1000;
const longestRoundMs = 300_000;

/** Keeps the past within its limits, in steps too small to be felt. */
export class HistoryKeeper {
  readonly #clock: Clock;
  readonly #engine: LogEngine;
  readonly #ledger: Ledger;
  readonly #flusher: Flusher;
  readonly #limits: HistoryLimits;
  #timer: Timer | undefined;
  readonly #stopping = new AbortController();
  #trimming = false;
  /** One compaction at a time. */
  #last: Promise<void> = Promise.resolve();
  /** The step under way. Never rejects. */
  #stepping: Promise<unknown> = Promise.resolve();
  #holds = 0;
  #goOn = () => {};

  constructor(options: {
    clock: Clock;
    engine: LogEngine;
    ledger: Ledger;
    flusher: Flusher;
    limits: HistoryLimits;
  }) {
    this.#clock = options.clock;
    this.#engine = options.engine;
    this.#ledger = options.ledger;
    this.#flusher = options.flusher;
    this.#limits = options.limits;
  }

  start(): void {
    const roundMs = Math.min(Math.max(this.#limits.ageMs / 48, shortestRoundMs), longestRoundMs);
    const round = () => {
      void this.trim().finally(() => {
        if (!this.#stopping.signal.aborted) this.#timer = this.#clock.after(roundMs, round);
      });
    };
    this.#timer = this.#clock.after(roundMs, round);
  }

  /** To be called after each flush. */
  check(): void {
    if (!this.#trimming && this.#ledger.state.historyBytes > this.#limits.bytes) void this.trim();
  }

  /** Forgets what is too old, and then what is too much. What fails is tried again in the next round. */
  async trim(): Promise<void> {
    if (this.#trimming || this.#stopping.signal.aborted) return;
    this.#trimming = true;
    const oldestMs = this.#clock.now() - this.#limits.ageMs;
    // A tenth less than the limit, so that a store at its limit does not compact at every write.
    const bytes =
      this.#ledger.state.historyBytes > this.#limits.bytes ? this.#limits.bytes * 0.9 : this.#limits.bytes;
    const mayGo = (change: Change, freedBytes: number) =>
      change.timeMs <= oldestMs || this.#ledger.state.historyBytes - freedBytes > bytes;
    try {
      await this.compact((durable) => ({ revision: durable, mayGo }));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    } finally {
      this.#trimming = false;
    }
  }

  /** Compacts to a goal that is set when earlier compactions are through. */
  compact(goal: (durableRevision: number) => CompactionGoal): Promise<void> {
    const run = this.#last.then(() => this.#run(goal));
    this.#last = run.catch(() => {});
    return run;
  }

  /** Nothing is forgotten from when this resolves until its result is called. */
  async hold(): Promise<() => void> {
    this.#holds++;
    await this.#stepping;
    return () => {
      this.#holds--;
      if (this.#holds === 0) this.#goOn();
    };
  }

  /** Resolves when no compaction is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#goOn();
    await this.#last;
  }

  async #run(goal: (durableRevision: number) => CompactionGoal): Promise<void> {
    const aim = goal(this.#engine.state().revision);
    let seen = this.#ledger.state.revision;
    let owed = 0;
    while (await this.#mayStep()) {
      const { revision, compactedRevision } = this.#ledger.state;
      // Twice what has come since goes, or busy writers would make more past than is forgotten.
      owed += 2 * (revision - seen);
      seen = revision;
      const slice = this.#slice(aim, owed);
      this.#stepping = slice.catch(() => {});
      if (await slice) return;
      owed = Math.max(0, owed - (this.#ledger.state.compactedRevision - compactedRevision));
      await new Promise<void>(afterTurn);
    }
    throw new StoreError('Closed', 'The store was closed before the compaction was through');
  }

  /** Waits until nobody wants the past to stay as it is; false where the store closes. */
  async #mayStep(): Promise<boolean> {
    while (this.#holds > 0 && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#goOn = resolve;
      });
    }
    return !this.#stopping.signal.aborted;
  }

  /** Some steps that go to disk together, of no less than so many revisions; gives whether the goal is reached. */
  async #slice(goal: CompactionGoal, owed: number): Promise<boolean> {
    const least = this.#ledger.state.compactedRevision + owed;
    const untilMs = this.#clock.monotonic() + sliceMs;
    const isLate = (revision: number) => revision >= least && this.#clock.monotonic() >= untilMs;
    let done = false;
    for (let steps = 0; !done && steps < stepsPerSlice; steps++) {
      const plan = planCompaction(this.#engine, this.#ledger.state, { ...goal, isLate });
      if (plan.step) this.#ledger.compact(plan.step);
      done = plan.done;
      if (isLate(this.#ledger.state.compactedRevision)) break;
    }
    await this.#flusher.flushed();
    return done;
  }
}
