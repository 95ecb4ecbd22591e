const longestSeconds = 32;

/** How long refused clients are told to wait: longer while many are refused, shorter again when few are. */
export class RetryAfter {
  #seconds = 1;
  #changedAt = 0;
  #second = 0;
  #count = 0;
  #history: { second: number; count: number }[] = [];

  get seconds(): number {
    return this.#seconds;
  }

  /** Notes a refusal. */
  refused(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) {
      this.#count++;
      return;
    }
    this.#history.push({ second: this.#second, count: this.#count });
    const reach = Math.min(2 * this.#seconds, longestSeconds);
    this.#history = this.#history.filter((entry) => this.#second - entry.second <= reach);
    this.#second = second;
    this.#count = 1;
    this.#adjust(second);
  }

  #adjust(second: number): void {
    const recent = this.#history.filter((entry) => second - entry.second <= this.#seconds);
    const refused = recent.reduce((sum, entry) => sum + entry.count, 0);
    if (second - this.#changedAt >= this.#seconds && refused >= 3 * this.#seconds) {
      this.#seconds = Math.min(2 * this.#seconds, longestSeconds);
      this.#changedAt = second;
    } else if (refused < this.#seconds && this.#seconds > 1) this.#seconds--;
  }
}
