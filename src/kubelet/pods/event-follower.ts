import type { NodeContext } from './context.ts';
import type { PodWorkers } from './pod-workers.ts';
import type { RuntimeEvent } from '../runtimes/runtime.ts';
import type { RuntimeView } from './runtime-view.ts';

export interface EventFollowerOptions {
  context: NodeContext;
  view: RuntimeView;
  workers: PodWorkers;
  relist(): Promise<void>;
}

/** A runtime may tell of an end before its own lists show it: asked again this often, for at most so long. */
const lagStepMs = 10;
const longestLagMs = 2000;

/** Wakes pods when the runtime tells that something happened to them. */
export class EventFollower {
  readonly #options: EventFollowerOptions;

  constructor(options: EventFollowerOptions) {
    this.#options = options;
  }

  run(signal: AbortSignal): void {
    const { runtime, platform } = this.#options.context;
    const listener = (event: RuntimeEvent) =>
      void this.#follow(event, signal).catch((error: Error) =>
        platform.log.debug('event of the runtime not followed', { event: event.type, error: error.message }),
      );
    runtime.watch(listener, signal);
  }

  async #follow(event: RuntimeEvent, signal: AbortSignal): Promise<void> {
    const { view, workers, relist } = this.#options;
    if (event.type === 'resync') return relist();
    if (event.type === 'exited') await this.#untilShown(event.id, signal);
    const uid = view.ownerOf(event.id);
    if (uid) workers.wake(uid);
    else await relist();
  }

  async #untilShown(id: string, signal: AbortSignal): Promise<void> {
    const { runtime, platform } = this.#options.context;
    const { clock } = platform;
    for (const endMs = clock.monotonic() + longestLagMs; clock.monotonic() < endMs && !signal.aborted; ) {
      const running = await runtime.containers.list({ id, state: 'running' });
      const ready = running.length > 0 ? [] : await runtime.sandboxes.list({ id, state: 'ready' });
      if (running.length + ready.length === 0) return;
      await clock.sleep(lagStepMs, signal).catch(() => {});
    }
  }
}
