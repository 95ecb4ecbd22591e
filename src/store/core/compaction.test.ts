import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryEngine } from '../memory-engine.ts';
import type { Write } from '../store.ts';
import { put } from '../test-support.ts';
import { planCompaction } from './compaction.ts';
import { type CompactionStep, Ledger } from './ledger.ts';
import { type Change, positionOf } from './log.ts';

let engine: MemoryEngine;
let ledger: Ledger;

beforeEach(() => {
  engine = new MemoryEngine();
  ledger = new Ledger(engine);
});

async function write(commits: readonly (readonly Write[])[], stepMs = 1000): Promise<number[]> {
  const start = ledger.state.timeMs;
  const revisions = commits.map((writes, i) => ledger.commit({ writes, nowMs: start + (i + 1) * stepMs }));
  await flush();
  return revisions;
}

async function flush(): Promise<void> {
  const batch = ledger.take();
  await engine.write(batch);
  ledger.settle(batch);
}

const del = (key: string): Write[] => [{ type: 'delete', key }];
const plan = (revision: number, mayGo: (change: Change, freed: number) => boolean = () => true) =>
  planCompaction(engine, engine.state(), { revision, mayGo });

describe('planCompaction', () => {
  test('drops what was replaced, and deletions', async () => {
    const writes = [put('/a', '1').writes, put('/b', '1').writes, put('/a', '2').writes, del('/b')];
    const [a = 0, b = 0, a2 = 0, gone = 0] = await write(writes);
    expect(plan(b)).toMatchObject({ step: { compactedRevision: b, dropped: [] }, done: true });
    expect(plan(a2).step?.dropped).toEqual([positionOf(a)]);
    const all = plan(gone).step;
    expect(all?.dropped).toEqual([positionOf(a), positionOf(b), positionOf(gone)]);
    expect(all?.deletions).toEqual([{ key: '/b', position: positionOf(gone) }]);
    expect(all?.freedBytes).toBe(engine.state().historyBytes);
  });

  test('stops before the first revision that may not go, and says that it is done', async () => {
    const [first = 0, second = 0] = await write([
      put('/a', '1').writes,
      put('/a', '2').writes,
      put('/a', '3').writes,
    ]);
    const result = plan(100, (change) => change.timeMs <= 2000);
    expect(result).toMatchObject({ step: { compactedRevision: second, compactedTimeMs: 2000 }, done: true });
    expect(result.step?.dropped).toEqual([positionOf(first)]);
    expect(plan(100, () => false)).toEqual({ step: undefined, done: true });
  });

  test('knows how much it has freed so far', async () => {
    await write(Array.from({ length: 50 }, () => put('/a', 'x'.repeat(1000)).writes));
    const { step } = plan(100, (_change, freed) => freed < 10_000);
    expect(step?.freedBytes).toBeGreaterThanOrEqual(10_000);
    expect(step?.freedBytes).toBeLessThan(12_000);
  });

  test('goes in steps, also through one revision, which is compacted from its first step on', async () => {
    const many = (value?: string) =>
      Array.from({ length: 1000 }, (_, i): Write => {
        const key = `/${i}`;
        return value ? { type: 'put', key, value: Buffer.from(value) } : { type: 'delete', key };
      });
    const [, gone = 0, last = 0] = await write([many('1'), many(), many('2')]);
    const found: { revision: number; left: number }[] = [];
    for (let done = false; !done; ) {
      const next = plan(gone);
      done = next.done;
      expect(next.step?.dropped.length).toBeLessThanOrEqual(256);
      if (next.step) ledger.compact(next.step);
      await flush();
      found.push({ revision: engine.state().compactedRevision, left: [...engine.changesFrom(0)].length });
    }
    const parted = found.filter(({ left }) => left > 1000 && left < 3000);
    expect(parted.length).toBeGreaterThan(6);
    for (const { revision } of parted) expect(revision).toBe(gone);
    expect(engine.state()).toMatchObject({ compactedRevision: gone, compactedTo: undefined });
    expect([...engine.changesFrom(0)].map((change) => change.position)).toEqual(
      Array.from({ length: 1000 }, (_, i) => positionOf(last) + i),
    );
  });

  test('what is left of a revision goes on after a restart, whatever is asked for then', async () => {
    const keys = Array.from({ length: 300 }, (_, i) => `/${i}`);
    const [, gone = 0] = await write([
      keys.map((key) => ({ type: 'put', key, value: Buffer.from('1') })),
      keys.map((key) => ({ type: 'delete', key })),
    ]);
    for (let i = 0; i < 4; i++) {
      ledger.compact(plan(gone).step as CompactionStep);
      await flush();
    }
    expect(engine.state()).toMatchObject({ compactedRevision: gone, compactedTo: positionOf(gone) + 211 });
    ledger = new Ledger(engine);
    const rest = plan(1, () => false);
    expect(rest.step?.deletions.map(({ key }) => key)).toEqual(keys.slice(212));
    ledger.compact(rest.step as CompactionStep);
    await flush();
    expect([...engine.changesFrom(0)]).toEqual([]);
    expect([...engine.goneFrom('')]).toEqual([]);
    expect(engine.state()).toMatchObject({
      compactedRevision: gone,
      compactedTo: undefined,
      historyBytes: 0,
    });
    expect(plan(1, () => false)).toEqual({ step: undefined, done: true });
  });

  test('a goal between two commits is reached, and one already reached is nothing to do', async () => {
    const [first = 0] = await write([put('/a', '1').writes]);
    ledger.commit({ writes: put('/a', 'lost').writes, nowMs: 0 });
    ledger.fail();
    const [third = 0] = await write([put('/a', '3').writes]);
    expect(third).toBe(first + 2);
    expect(plan(first + 1).step?.compactedRevision).toBe(first + 1);
    expect(plan(0)).toEqual({ step: undefined, done: true });
  });
});
