import type { Batch, LogEngine } from '../../src/store/core/log.ts';
import { MemoryEngine } from '../../src/store/memory-engine.ts';

/** Engines with a bug each, for tests of the test: servers on them must be found out. */
export const plantedBugs = {
  none: async (disk: LogEngine) => disk,
  'acknowledges early': acknowledgingEarly,
  'forgets deletions': async (disk: LogEngine) => forgettingDeletions(disk),
} satisfies Record<string, (disk: LogEngine) => Promise<LogEngine>>;

export type PlantedBug = keyof typeof plantedBugs;

/** How late what was acknowledged comes to the disk. */
const lateMs = 30;

/** Answers from memory, and writes to the disk later, in the order in which it was asked to. */
async function acknowledgingEarly(disk: LogEngine): Promise<LogEngine> {
  const memory = new MemoryEngine();
  await memory.write(everythingOf(disk));
  let last: Promise<void> = Promise.resolve();
  return withWrite(memory, async (batch) => {
    await memory.write(batch);
    last = last
      .then(() => new Promise((resolve) => setTimeout(resolve, lateMs)))
      .then(() => disk.write(batch));
  });
}

/** What is deleted is gone until the next start. */
function forgettingDeletions(disk: LogEngine): LogEngine {
  const deleted = new Set<string>();
  const engine = withWrite(disk, (batch) => {
    for (const [key, head] of batch.live)
      if (head) deleted.delete(key);
      else deleted.add(key);
    return disk.write({ ...batch, live: new Map([...batch.live].filter(([, head]) => head)) });
  });
  const live = (key: string) => (deleted.has(key) ? undefined : disk.live(key));
  return new Proxy(engine, {
    get: (target, name) => (name === 'live' ? live : Reflect.get(target, name, target)),
  });
}

function everythingOf(disk: LogEngine): Batch {
  return {
    state: disk.state(),
    changes: [...disk.changesFrom(0)],
    dropped: [],
    live: new Map(disk.liveFrom('')),
    gone: new Map(disk.goneFrom('')),
    leases: [...disk.leases()],
    endedLeases: [],
  };
}

function withWrite(engine: LogEngine, write: LogEngine['write']): LogEngine {
  return new Proxy(engine, {
    get(target, name) {
      if (name === 'write') return write;
      const found = Reflect.get(target, name, target) as unknown;
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}
