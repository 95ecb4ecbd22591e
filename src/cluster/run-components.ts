import { setMaxListeners } from 'node:events';
import type { Component } from '../client/component.ts';
import type { Log } from '../platform/log.ts';
import type { Clock } from '../platform/clock.ts';

const restartMs = 1000;

/** Components that run together; `stop` ends them all and waits. */
export interface RunningComponents {
  stop(): Promise<void>;
}

/**
 * Runs components until they are stopped. One that fails is told about and started again after a while: the others
 * go on.
 */
export function runComponents(
  components: readonly Component[],
  world: { log: Log; clock: Clock },
): RunningComponents {
  const abort = new AbortController();
  // Everything that runs hangs on this one signal.
  setMaxListeners(0, abort.signal);
  const keep = async (component: Component) => {
    while (!abort.signal.aborted) {
      try {
        await component.run(abort.signal);
      } catch (error) {
        if (!abort.signal.aborted)
          world.log.error('component failed and is started again', { component: component.name, error });
      }
      await world.clock.sleep(restartMs, abort.signal).catch(() => {});
    }
  };
  const running = components.map(keep);
  return {
    async stop() {
      abort.abort();
      await Promise.all(running);
    },
  };
}
