import type { KubernetesObject } from '../../api/resource.ts';
import type { ApiRequest, Transport } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { Timer } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import { Follower } from '../corridor/follower.ts';

export interface KeeperOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  transport: Transport;
}

/** What a keeper keeps. */
export interface Kept {
  /** For people who read the log. */
  what: string;
  /** Collections whose changes call for another pass. */
  paths: readonly string[];
  /** Looks at everything, and puts right what is not as it should be. May tell after how long, in ms, it wants to look again. */
  pass(): Promise<number | void>;
}

const retryMs = 1000;

/** Keeps objects of the server's own as they should be: at the start, and whenever something of theirs changes. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #kept: Kept;
  readonly #followers: readonly Follower<KubernetesObject>[];
  #stopped = false;
  #working = false;
  #isDue = false;
  #later: Timer | undefined;

  constructor(options: KeeperOptions, kept: Kept) {
    this.#options = options;
    this.#kept = kept;
    const enqueue = () => this.#enqueue();
    this.#followers = kept.paths.map(
      (path) => new Follower({ ...options, path, onChange: enqueue, onGap: enqueue }),
    );
  }

  /** Resolves when everything stands. */
  async start(): Promise<void> {
    this.#lookAgain(await this.#kept.pass());
    for (const follower of this.#followers) await follower.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#later?.cancel();
    for (const follower of this.#followers) follower.stop();
  }

  #lookAgain(afterMs: number | void): void {
    this.#later?.cancel();
    this.#later = undefined;
    if (afterMs !== undefined && !this.#stopped)
      this.#later = this.#options.platform.clock.after(afterMs, () => this.#enqueue());
  }

  #enqueue(): void {
    this.#isDue = true;
    if (!this.#working && !this.#stopped) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      while (this.#isDue && !this.#stopped) {
        this.#isDue = false;
        this.#lookAgain(await this.#kept.pass());
      }
    } catch (error) {
      this.#options.platform.log.warn(`${this.#kept.what} cannot be kept`, { error });
      this.#options.platform.clock.after(retryMs, () => this.#enqueue());
    } finally {
      this.#working = false;
    }
  }
}

/** Writes; what came in between is seen, and calls for another pass. */
export async function writeOnce(transport: Transport, request: ApiRequest): Promise<void> {
  try {
    await transport.request(request);
  } catch (error) {
    const isPast = (['AlreadyExists', 'Conflict', 'NotFound'] as const).some((why) => hasReason(error, why));
    if (!isPast) throw error;
  }
}
