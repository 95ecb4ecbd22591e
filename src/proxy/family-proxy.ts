import type { Service } from '../api/core/v1.ts';
import type { AddressFamily } from '../machinery/address-family.ts';
import type { Clock } from '../platform/clock.ts';
import { type Deferred, deferred } from '../platform/deferred.ts';
import type { ProxyBackend } from './backend.ts';
import { FamilyRules, type FamilyRulesOptions } from './family-rules.ts';
import type { FamilyMetrics } from './proxy-metrics.ts';
import type { SyncHealth } from './sync-health.ts';

/** Changes within this time go into one transaction. */
const gatherMs = 20;
const retryMs = 1000;

export interface FamilyProxyOptions extends FamilyRulesOptions {
  readonly backend: ProxyBackend;
  readonly metrics: FamilyMetrics;
  readonly health: SyncHealth;
  readonly clock: Clock;
  /** Called after each time that the rules were brought up to date. */
  onSynced(): void;
}

/** Keeps the rules of one family in force; each family has such a one, and none waits for the other. */
export class FamilyProxy {
  readonly #options: FamilyProxyOptions;
  readonly #rules: FamilyRules;
  #wake: Deferred<void> = deferred();
  #mustReload = true;

  constructor(options: FamilyProxyOptions) {
    this.#options = options;
    this.#rules = new FamilyRules(options);
  }

  get family(): AddressFamily {
    return this.#options.family;
  }

  /** Whether a Service has, or had, anything to do with this family. */
  concerns(key: string, service: Service | undefined): boolean {
    return this.#rules.concerns(key, service);
  }

  /** A Service is to be looked at anew. */
  mark(key: string): void {
    this.#rules.mark(key);
    this.#options.health.queued(this.family);
    this.#wake.resolve();
  }

  /** The ranges of Services are to be looked at anew. */
  markRanges(): void {
    this.#rules.markRanges();
    this.#wake.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, health, onSynced } = this.#options;
    const log = this.#options.log;
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true });
    while (!signal.aborted) {
      try {
        await this.#sync();
        health.updated(this.family);
        onSynced();
      } catch (error) {
        const family = this.family.name;
        log.warn('rules not applied; the whole table will be made anew', { family, error: String(error) });
        this.#mustReload = true;
        await clock.sleep(retryMs, signal).catch(() => {});
        continue;
      }
      await this.#wake.promise;
      await clock.sleep(gatherMs, signal).catch(() => {});
    }
  }

  /** Somebody may flush all rules of the machine: then ours are put back. */
  async check(): Promise<void> {
    const { backend, log } = this.#options;
    if (this.#mustReload || (await backend.isInstalled(this.family))) return;
    log.warn('the table of the proxy has vanished and is made anew', { family: this.family.name });
    this.#mustReload = true;
    this.#wake.resolve();
  }

  async #sync(): Promise<void> {
    const round = this.#options.metrics.begin();
    let isApplied = false;
    try {
      await this.#follow();
      isApplied = true;
    } finally {
      round.done(isApplied);
    }
    await this.#forgetStale();
  }

  async #follow(): Promise<void> {
    this.#wake = deferred();
    const script = await this.#rules.script({ isWhole: this.#mustReload });
    if (script) await this.#options.backend.apply(script);
    this.#mustReload = false;
  }

  async #forgetStale(): Promise<void> {
    const { clock, metrics, backend } = this.#options;
    const flows = this.#rules.takeStale();
    if (flows.length === 0) return;
    const started = clock.monotonic();
    metrics.flowsEnded(await backend.forgetFlows(flows), started);
  }
}
