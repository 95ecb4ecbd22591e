/** What the demand for seats was over a span of time. */
export interface DemandSummary {
  highest: number;
  average: number;
  deviation: number;
}

/** Follows a number over time. */
export class SeatDemand {
  #value = 0;
  #highest = 0;
  #sinceMs: number;
  #lastMs: number;
  #area = 0;
  #squares = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
    this.#lastMs = nowMs;
  }

  set(value: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#value = value;
    if (value > this.#highest) this.#highest = value;
  }

  #advance(nowMs: number): void {
    const span = nowMs - this.#lastMs;
    if (span <= 0) return;
    this.#lastMs = nowMs;
    this.#area += this.#value * span;
    this.#squares += this.#value * this.#value * span;
  }

  /** The summary since the last one; a new span begins. */
  take(nowMs: number): DemandSummary {
    this.#advance(nowMs);
    const span = nowMs - this.#sinceMs;
    const average = span > 0 ? this.#area / span : this.#value;
    const variance = span > 0 ? this.#squares / span - average * average : 0;
    const summary = { highest: this.#highest, average, deviation: Math.sqrt(Math.max(0, variance)) };
    this.#sinceMs = nowMs;
    this.#area = 0;
    this.#squares = 0;
    this.#highest = this.#value;
    return summary;
  }
}
