import { expect, test } from 'vitest';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { MemoryEngine } from '../memory-engine.ts';
import { put } from '../test-support.ts';
import type { Batch, Change, Position } from './log.ts';
import { LogStore } from './log-store.ts';

const readMs = 0.25;
/** A few milliseconds of work, and the read that makes it too much. */
const longestMs = 2 + readMs;

/** A log on a disk that takes its time, in a process that does nothing else: time goes by with the reads of changes alone. */
class SlowEngine extends MemoryEngine {
  nowMs = 0;
  /** How long the process has worked from one flush to the next, at most. */
  longestMs = 0;
  #sinceMs = 0;

  override *peeksFrom(position: Position): Iterable<Change> {
    for (const change of super.peeksFrom(position)) {
      this.nowMs += readMs;
      yield change;
    }
  }

  override async write(batch: Batch): Promise<void> {
    this.longestMs = Math.max(this.longestMs, this.nowMs - this.#sinceMs);
    await super.write(batch);
    this.#sinceMs = this.nowMs;
  }
}

function open(historyBytes = Number.POSITIVE_INFINITY) {
  const engine = new SlowEngine();
  const clock: Clock = { ...systemClock, now: () => 0, monotonic: () => engine.nowMs };
  const store = new LogStore({ engine, clock, history: { ageMs: 3_600_000, bytes: historyBytes } });
  return { engine, store };
}

const objects = 300;

async function write(store: LogStore, rounds: number): Promise<number> {
  let revision = 0;
  for (let i = 0; i < objects * rounds; i++) revision = await store.commit(put(`/k/${i % objects}`, `${i}`));
  return revision;
}

test('a compaction lets others run after a few milliseconds, also one of deletions, and while others write', async () => {
  const { engine, store } = open();
  await write(store, 5);
  let revision = 0;
  for (let i = 0; i < objects; i++)
    revision = await store.commit({ writes: [{ type: 'delete', key: `/k/${i}` }] });
  const work = { under: 'way' };
  const writing = (async () => {
    for (; work.under === 'way'; await new Promise(setImmediate)) await store.commit(put('/other', 'x'));
  })();
  await store.compact(revision);
  work.under = '';
  await writing;
  expect(engine.nowMs).toBeGreaterThan(objects * 6 * readMs * 0.9);
  expect(engine.longestMs).toBeGreaterThan(0);
  expect(engine.longestMs).toBeLessThanOrEqual(longestMs);
  expect((await store.status()).compactedRevision).toBe(revision);
  await store.close();
});

test('so does one of a single revision that deletes much', async () => {
  const { engine, store } = open();
  const keys = Array.from({ length: 5000 }, (_, i) => `/k/${i}`);
  await store.commit({ writes: keys.map((key) => ({ type: 'put', key, value: Buffer.from('1') })) });
  const revision = await store.commit({ writes: keys.map((key) => ({ type: 'delete', key })) });
  await store.compact(revision);
  expect(engine.nowMs).toBeGreaterThan(keys.length * 2 * readMs);
  expect(engine.longestMs).toBeGreaterThan(0);
  // The read of where it goes on, too.
  expect(engine.longestMs).toBeLessThanOrEqual(longestMs + readMs);
  expect([...engine.changesFrom(0)]).toEqual([]);
  await store.close();
});

test('so does what keeps the past within its size', async () => {
  const { engine, store } = open(20_000);
  for (let i = 0; i < objects * 10; i++, await new Promise(setImmediate))
    await store.commit(put(`/k/${i % objects}`, `${i}`));
  for (let last = -1; last < engine.state().compactedRevision; ) {
    last = engine.state().compactedRevision;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await store.close();
  expect(engine.longestMs).toBeGreaterThan(0);
  expect(engine.longestMs).toBeLessThanOrEqual(longestMs);
});
