import { resourceslices } from '../../api/generated/resources.ts';
import type { Timer } from '../../platform/clock.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { NodeContext } from '../pods/context.ts';

/** A driver has so long to come back before its devices are taken for gone: enough for another to be started in its place. */
const graceMs = 30_000;
const firstPauseMs = 1000;
const longestPauseMs = 300_000;
const jitter = 0.2;

/** Takes back what drivers say of this node's devices, where the drivers are not there. */
export class SliceWiper {
  readonly #context: NodeContext;
  readonly #pending = new Map<string, { timer: Timer; abort: AbortController }>();
  readonly #stopped = new AbortController();

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** The kubelet has just started and has heard of no driver: nothing that it says can be used. Drivers that are there say it again. */
  async wipeAll(): Promise<void> {
    await this.#wipe(undefined, this.#stopped.signal);
  }

  /** A driver cannot be reached. Where that was known, its time goes on. */
  lost(driver: string): void {
    if (this.#pending.has(driver) || this.#stopped.signal.aborted) return;
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.#stopped.signal]);
    const timer = this.#context.platform.clock.after(graceMs, () => {
      void this.#wipe(driver, signal).then(() => {
        if (this.#pending.get(driver)?.abort === abort) this.#pending.delete(driver);
      });
    });
    this.#pending.set(driver, { timer, abort });
  }

  /** A driver can be reached. */
  found(driver: string): void {
    const pending = this.#pending.get(driver);
    pending?.timer.cancel();
    pending?.abort.abort();
    this.#pending.delete(driver);
  }

  stop(): void {
    this.#stopped.abort();
    for (const driver of [...this.#pending.keys()]) this.found(driver);
  }

  /** Tries until it is done or not wanted any more. Never rejects. */
  async #wipe(driver: string | undefined, signal: AbortSignal): Promise<void> {
    const { client, nodeName, platform } = this.#context;
    const { clock, random, log } = platform;
    const fieldSelector = `${driver === undefined ? '' : `spec.driver=${driver},`}spec.nodeName=${nodeName}`;
    const cause = { reason: driver ? `the driver ${driver} has gone` : 'the kubelet starts without drivers' };
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        await client.of(resourceslices).deleteCollection({ fieldSelector }, { cause, signal });
        return;
      } catch (error) {
        if (signal.aborted || hasReason(error, 'NotFound')) return;
        log.warn('slices of devices not deleted', { fieldSelector, error: (error as Error).message });
      }
      await clock.sleep(pauseMs * (1 + random.next() * jitter), signal).catch(() => {});
    }
  }
}
