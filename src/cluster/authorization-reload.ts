import { createHash } from 'node:crypto';
import type { ConfiguredAuthorizer } from '../apiserver/auth/authorization/chain.ts';
import type { Metric } from '../platform/metrics/metric.ts';
import type { Platform } from '../platform/platform.ts';

export interface ReloadMeans extends Pick<Platform, 'files' | 'clock' | 'log'> {
  /** The authorizers of a text; rejects with an Error where it cannot be used. */
  read(text: string): Promise<ConfiguredAuthorizer[]>;
}

type Use = (authorizers: readonly ConfiguredAuthorizer[]) => void;

const periodMs = 1000;
const prefix = 'apiserver_authorization_config_controller_';

/** Follows a configuration of authorization while it changes. What cannot be used changes nothing. */
export class AuthorizationReload {
  readonly #file: string;
  readonly #means: ReloadMeans;
  readonly #abort = new AbortController();
  readonly #counts = { success: { reloads: 0, lastMs: 0 }, failure: { reloads: 0, lastMs: 0 } };
  /** What was read last, and what of it is in force. */
  #seen: string;
  #inForce: string;
  #isMissing = false;

  constructor({ file, text }: { file: string; text: string }, means: ReloadMeans) {
    this.#file = file;
    this.#means = means;
    this.#seen = text;
    this.#inForce = text;
  }

  start(use: Use): void {
    void this.#follow(use);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #follow(use: Use): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#means.clock.sleep(periodMs, signal).catch(() => {});
      if (!signal.aborted) await this.#look(use);
    }
  }

  async #look(use: Use): Promise<void> {
    const { files, log, read } = this.#means;
    let text: string;
    try {
      text = await files.readText(this.#file);
      this.#isMissing = false;
    } catch (error) {
      // Said once, not as long as it lasts.
      if (!this.#isMissing) this.#failed(error as Error);
      this.#isMissing = true;
      return;
    }
    if (text === this.#seen) return;
    this.#seen = text;
    try {
      use(await read(text));
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    this.#inForce = text;
    this.#note('success');
    log.info('the authorization configuration has been reloaded', { file: this.#file });
  }

  #failed(error: Error): void {
    this.#note('failure');
    const { message } = error;
    this.#means.log.error('reloading authorization config', { file: this.#file, error: message });
  }

  #note(status: 'success' | 'failure'): void {
    const count = this.#counts[status];
    count.reloads++;
    count.lastMs = this.#means.clock.now();
  }

  /** Under upstream's names. */
  get metrics(): Metric[] {
    const statuses = () => Object.entries(this.#counts).filter(([, { reloads }]) => reloads > 0);
    const values = (valueOf: (count: { reloads: number; lastMs: number }) => number) => () =>
      statuses().map(([status, count]) => ({
        labels: { status, apiserver_id_hash: '' },
        value: valueOf(count),
      }));
    return [
      {
        name: `${prefix}automatic_reloads_total`,
        type: 'counter',
        help: 'Reloads of the authorization configuration, by what came of them.',
        values: values(({ reloads }) => reloads),
      },
      {
        name: `${prefix}automatic_reload_last_timestamp_seconds`,
        type: 'gauge',
        help: 'When it was last reloaded, by what came of it.',
        values: values(({ lastMs }) => lastMs / 1000),
      },
      {
        name: `${prefix}last_config_info`,
        type: 'gauge',
        help: 'The configuration that is in force, by its hash.',
        values: () => [{ labels: { apiserver_id_hash: '', hash: hashOf(this.#inForce) }, value: 1 }],
      },
    ];
  }
}

const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
