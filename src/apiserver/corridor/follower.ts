import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { Transport, WatchEvent, WatchStream } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { Platform } from '../../platform/platform.ts';

export interface FollowerOptions<T extends KubernetesObject> {
  platform: Pick<Platform, 'clock' | 'log'>;
  transport: Transport;
  path: string;
  /** Told of every object that there is, and of each change. */
  onChange(object: Stored<T>, isDeleted: boolean): void;
  /** Called when some changes may not have been told of, before all objects are told of again. */
  onGap?(): void;
}

const retryMs = 1000;

/** Follows a resource of this server until it is stopped, and keeps nothing of it. */
export class Follower<T extends KubernetesObject> {
  readonly #options: FollowerOptions<T>;
  #watch: WatchStream | undefined;
  #stopped = false;

  constructor(options: FollowerOptions<T>) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { transport, path, onChange } = this.#options;
    const onEvent = ({ type, object }: WatchEvent) => {
      if (!this.#stopped && type !== 'BOOKMARK') onChange(object as Stored<T>, type === 'DELETED');
    };
    const onEnd = (error?: Error) => {
      // Who is refused would be so again at once. A revision that is gone is nothing of the kind.
      if (error && !hasReason(error, 'Expired')) this.#later(error);
      else void this.#again();
    };
    const sink = { onEvent, onEnd };
    this.#watch = await transport.watch({ method: 'GET', path }, sink);
    if (this.#stopped) this.#watch.stop();
  }

  stop(): void {
    this.#stopped = true;
    this.#watch?.stop();
  }

  #later(error: unknown): void {
    if (this.#stopped) return;
    const { platform, path } = this.#options;
    platform.log.warn('a resource cannot be followed', { path, error });
    platform.clock.after(retryMs, () => void this.#again());
  }

  async #again(): Promise<void> {
    if (this.#stopped) return;
    const { onGap } = this.#options;
    try {
      onGap?.();
      await this.start();
    } catch (error) {
      this.#later(error);
    }
  }
}
