import { silentLog } from '../../platform/log.ts';
import { seededRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { MemoryEngine } from '../../store/memory-engine.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { SimulatedApi } from './api.ts';
import { simulatedUsage } from './usage.ts';
import { runControllerManager } from './control-plane.ts';
import { Life, mortalClock } from './life.ts';

/** What every cluster has, as it is stored once it has come to rest. */
export interface Template {
  engine: MemoryEngine;
  /** When that was. */
  timeMs: number;
}

/** 2026-01-01T00:00:00Z, less what the template takes to come to rest. */
const restMs = 60_000;
const startMs = Date.UTC(2026, 0, 1) - restMs;

let made: Promise<Template> | undefined;

/** Made once in a process, always the same: clusters begin from a copy of it. */
export function clusterTemplate(): Promise<Template> {
  made ??= make();
  return made;
}

async function make(): Promise<Template> {
  const clock = new VirtualClock(startMs);
  const engine = new MemoryEngine();
  const life = new Life();
  const own = mortalClock(clock, life);
  const store = createMemoryStore({ clock: own, engine });
  const world = { clock: own, random: seededRandom(0), log: silentLog };
  const api = new SimulatedApi({ store, ...world, usage: () => simulatedUsage([], clock.now()) });
  await api.start();
  runControllerManager(
    {
      life,
      world,
      transportFor: (user) => {
        const transport = api.transportFor(user);
        if (!transport) throw new Error('the API server of the template has died');
        return transport;
      },
    },
    { server: () => api.server, replacements: {} },
  );
  await clock.advance(restMs);
  api.crash();
  life.end();
  return { engine, timeMs: clock.now() };
}
