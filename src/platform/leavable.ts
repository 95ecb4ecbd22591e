/** What a client may leave before it is complete: tells so by a call back, or for those who need one by a signal. */
export abstract class Leavable {
  #abort: AbortController | undefined;

  abstract onGone(fn: () => void): void;

  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = new AbortController();
      this.#abort = abort;
      this.onGone(() => abort.abort());
    }
    return this.#abort.signal;
  }
}
