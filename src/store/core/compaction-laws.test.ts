import { array, assert, asyncProperty, boolean, constantFrom, nat, oneof, record } from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryEngine } from '../memory-engine.ts';
import type { Write } from '../store.ts';
import { type CompactionGoal, planCompaction } from './compaction.ts';
import { Ledger } from './ledger.ts';
import { type Change, type LogEngine, sizeOf } from './log.ts';
import { readKey, readList } from './reading.ts';

/** A log with what should be in it at each revision. */
class Log {
  readonly engine = new MemoryEngine();
  ledger = new Ledger(this.engine);
  readonly worlds = new Map<number, ReadonlyMap<string, string>>([[1, new Map()]]);
  /** How many changes the planning of one step has looked at, at most. */
  mostSeen = 0;

  async commit(writes: readonly Write[]): Promise<void> {
    const world = new Map(this.worlds.get(this.ledger.state.revision));
    for (const write of writes) {
      if (write.type === 'put') world.set(write.key, Buffer.from(write.value).toString());
      else world.delete(write.key);
    }
    const revision = this.ledger.commit({ writes, nowMs: this.ledger.state.timeMs + 1000 });
    await this.flush();
    this.worlds.set(revision, world);
  }

  /** `steps`: how many are made, at most. */
  async compact(goal: CompactionGoal, steps = Number.POSITIVE_INFINITY): Promise<void> {
    for (let done = false, made = 0; !done && made < steps; made++) {
      const counting = this.#counting();
      const plan = planCompaction(counting.engine, this.ledger.state, goal);
      this.mostSeen = Math.max(this.mostSeen, counting.seen());
      done = plan.done;
      if (plan.step) this.ledger.compact(plan.step);
      await this.flush();
      this.check();
    }
  }

  async flush(): Promise<void> {
    const batch = this.ledger.take();
    await this.engine.write(batch);
    this.ledger.settle(batch);
  }

  /** Every revision that is kept reads as it was; the log holds no more than that takes. */
  check(): void {
    const { revision: newest, compactedRevision, historyBytes } = this.engine.state();
    for (let revision = Math.max(1, compactedRevision); revision <= newest; revision++) {
      const { entries } = readList(this.engine, '', { atRevision: revision });
      const world = this.worlds.get(revision);
      expect(new Map(entries.map((e) => [e.key, Buffer.from(e.value).toString()]))).toEqual(world);
    }
    const live = this.worlds.get(newest) as ReadonlyMap<string, string>;
    for (const key of live.keys()) expect(readKey(this.engine, key)).toBeDefined();
    const kept = [...this.engine.changesFrom(0)];
    const current = [...live.keys()].map((key) => this.engine.live(key)?.position);
    const past = kept.filter((change) => !current.includes(change.position));
    expect(past.reduce((sum, change) => sum + sizeOf(change), 0)).toBe(historyBytes);
  }

  #counting(): { engine: LogEngine; seen(): number } {
    let seen = 0;
    const { engine } = this;
    function* peeksFrom(position: number) {
      for (const change of engine.peeksFrom(position)) {
        seen++;
        yield change;
      }
    }
    const counted = new Proxy(engine, {
      get: (target, name) => {
        const found = Reflect.get(target, name, target) as unknown;
        if (name === 'peeksFrom') return peeksFrom;
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    return { engine: counted, seen: () => seen };
  }
}

const write = record({
  key: constantFrom('/a', '/b', '/c', '/d', '/e'),
  isDelete: constantFrom(false, false, true),
  size: nat(300),
});
const step = oneof(
  {
    weight: 5,
    arbitrary: record({
      type: constantFrom('commit' as const),
      writes: array(write, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: record({ type: constantFrom('compact' as const), back: nat(10), isLate: boolean() }),
  },
  {
    weight: 1,
    arbitrary: record({ type: constantFrom('kill while compacting' as const), back: nat(10), steps: nat(6) }),
  },
  {
    weight: 1,
    arbitrary: record({ type: constantFrom('trim' as const), ageMs: nat(10_000), bytes: nat(2000) }),
  },
);

const writesOf = (wanted: readonly { key: string; isDelete: boolean; size: number }[]): Write[] => {
  const byKey = new Map(wanted.map((w) => [w.key, w]));
  return [...byKey.values()].map(({ key, isDelete, size }) =>
    isDelete ? { type: 'delete', key } : { type: 'put', key, value: Buffer.alloc(size, 'x') },
  );
};

test('no compaction ever takes what stands, or what a kept revision needs', async () => {
  const law = asyncProperty(array(step, { maxLength: 40 }), async (steps) => {
    const log = new Log();
    for (const each of steps) {
      const { revision, timeMs, historyBytes } = log.engine.state();
      if (each.type === 'commit') await log.commit(writesOf(each.writes));
      else if (each.type === 'trim') {
        const oldestMs = timeMs - each.ageMs;
        const mayGo = (change: Change, freed: number) =>
          change.timeMs <= oldestMs || historyBytes - freed > each.bytes;
        await log.compact({ revision, mayGo });
      } else {
        const goal = { revision: Math.max(0, revision - each.back), mayGo: () => true };
        if (each.type === 'compact') await log.compact({ ...goal, isLate: () => each.isLate });
        else {
          await log.compact({ ...goal, isLate: () => true }, each.steps);
          log.ledger = new Ledger(log.engine);
        }
      }
    }
    log.check();
  });
  await assert(law, { numRuns: 100 });
});

test('a step looks at no more than its share', async () => {
  const log = new Log();
  for (let i = 0; i < 400; i++)
    await log.commit([{ type: 'put', key: `/k/${i % 7}`, value: Buffer.from(`${i}`) }]);
  const many = Array.from(
    { length: 500 },
    (_, i): Write => ({ type: 'put', key: `/m/${i}`, value: Buffer.from('1') }),
  );
  await log.commit(many);
  await log.commit(many.map(({ key }) => ({ type: 'delete', key })));
  await log.compact({ revision: log.engine.state().revision, mayGo: () => true });
  expect([...log.engine.changesFrom(0)]).toHaveLength(7);
  expect(log.mostSeen).toBeGreaterThan(0);
  // With where it begins, and what it does not take any more.
  expect(log.mostSeen).toBeLessThanOrEqual(130);
});
