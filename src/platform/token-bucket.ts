/** Lets something happen so often a second, and a burst of it at once after a quiet time. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  /** Less than none: so many have been promised ahead of time. */
  #tokens: number;
  #atMs: number | undefined;

  constructor({ perSecond, burst }: { perSecond: number; burst: number }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token at `nowMs`, or one that is yet to come. Gives how many milliseconds to wait for it. */
  take(nowMs: number): number {
    const gained = ((nowMs - (this.#atMs ?? nowMs)) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, gained)) - 1;
    this.#atMs = Math.max(nowMs, this.#atMs ?? nowMs);
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }
}
