import type { Metric } from '../platform/metrics/metric.ts';
import type { Platform } from '../platform/platform.ts';
import { textHash } from '../platform/text-hash.ts';

/** A configuration that is followed while it changes. */
export interface FollowedConfig {
  /** What it is about, as upstream's metrics and messages name it. */
  about: 'authorization' | 'encryption';
  file: string;
  /** What the file held when it was read first. */
  text: string;
  /** How often the file is looked at. */
  periodMs: number;
  /** What is logged where it cannot be used, before why. */
  failure: string;
  /** The name of this server, of which metrics tell a hash. */
  serverId?: string | undefined;
}

/** What is said cannot be used now, and maybe later: it is tried again whenever the file is looked at. */
export class NotYetUsable extends Error {
  override readonly name = 'NotYetUsable';
}

export interface ReloadMeans<T> extends Pick<Platform, 'files' | 'clock' | 'log'> {
  /** What a text says; rejects with an Error where it cannot be used. */
  read(text: string): Promise<T>;
}

/** Follows a configuration while it changes. What cannot be used changes nothing. */
export class ConfigReload<T> {
  readonly #config: FollowedConfig;
  readonly #means: ReloadMeans<T>;
  readonly #abort = new AbortController();
  readonly #counts = { success: { reloads: 0, lastMs: 0 }, failure: { reloads: 0, lastMs: 0 } };
  /** What was read last and need not be tried again, and what is in force. */
  #seen: string | undefined;
  #inForce: string;
  #isMissing = false;

  constructor(config: FollowedConfig, means: ReloadMeans<T>) {
    this.#config = config;
    this.#means = means;
    this.#seen = config.text;
    this.#inForce = config.text;
  }

  start(use: (value: T) => void): void {
    void this.#follow(use);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #follow(use: (value: T) => void): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#means.clock.sleep(this.#config.periodMs, signal).catch(() => {});
      if (!signal.aborted) await this.#look(use);
    }
  }

  async #look(use: (value: T) => void): Promise<void> {
    const { files, log, read } = this.#means;
    let text: string;
    try {
      text = await files.readText(this.#config.file);
      this.#isMissing = false;
    } catch (error) {
      // Said once, not as long as it lasts.
      if (!this.#isMissing) this.#failed(error as Error);
      this.#isMissing = true;
      return;
    }
    if (text === this.#seen) return;
    this.#seen = text;
    if (text === this.#inForce) return;
    try {
      use(await read(text));
    } catch (error) {
      if (error instanceof NotYetUsable) this.#seen = undefined;
      this.#failed(error as Error);
      return;
    }
    this.#inForce = text;
    this.#note('success');
    const { about, file } = this.#config;
    log.info(`the ${about} configuration has been reloaded`, { file });
  }

  #failed(error: Error): void {
    this.#note('failure');
    const { failure, file } = this.#config;
    this.#means.log.error(failure, { file, error: error.message });
  }

  #note(status: 'success' | 'failure'): void {
    const count = this.#counts[status];
    count.reloads++;
    count.lastMs = this.#means.clock.now();
  }

  /** Under upstream's names. */
  get metrics(): Metric[] {
    const { about, serverId = '' } = this.#config;
    const server = textHash(serverId);
    const prefix = `apiserver_${about}_config_controller_`;
    const statuses = () => Object.entries(this.#counts).filter(([, { reloads }]) => reloads > 0);
    const values = (valueOf: (count: { reloads: number; lastMs: number }) => number) => () =>
      statuses().map(([status, count]) => ({
        labels: { status, apiserver_id_hash: server },
        value: valueOf(count),
      }));
    return [
      {
        name: `${prefix}automatic_reloads_total`,
        type: 'counter',
        help: `Reloads of the ${about} configuration, by what came of them.`,
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
        values: () => [{ labels: { apiserver_id_hash: server, hash: textHash(this.#inForce) }, value: 1 }],
      },
    ];
  }
}
