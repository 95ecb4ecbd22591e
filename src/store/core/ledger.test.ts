import { beforeEach, expect, test } from 'vitest';
import { MemoryEngine } from '../memory-engine.ts';
import type { Write } from '../store.ts';
import { put } from '../test-support.ts';
import { Ledger } from './ledger.ts';
import { positionOf, sizeOf } from './log.ts';

let engine: MemoryEngine;
let ledger: Ledger;

beforeEach(() => {
  engine = new MemoryEngine();
  ledger = new Ledger(engine);
});

const commit = (writes: readonly Write[], nowMs = 1000) => ledger.commit({ writes, nowMs });

async function flush(): Promise<void> {
  const batch = ledger.take();
  await engine.write(batch);
  ledger.settle(batch);
}

test('a batch carries only the newest head of a key, but every change', () => {
  const first = commit(put('/a', '1').writes);
  const second = commit(put('/a', '2').writes);
  const batch = ledger.take();
  expect(batch.changes.map((change) => change.position)).toEqual([positionOf(first), positionOf(second)]);
  expect([...batch.live]).toEqual([['/a', expect.objectContaining({ position: positionOf(second) })]]);
  expect(batch.state.revision).toBe(second);
  expect(ledger.dirty).toBe(false);
});

test('times do not go back where the clock does, but a lease lasts from when it is', () => {
  commit(put('/a', '1').writes, 86_400_000);
  commit([{ type: 'put', key: '/b', value: Buffer.from('1'), leaseSeconds: 10 }], 5000);
  const [, leased] = ledger.take().changes;
  expect(leased).toMatchObject({ timeMs: 86_400_000, expiresMs: 15_000 });
});

test('what is committed while a batch is under way stays pending when that is settled', async () => {
  commit(put('/a', '1').writes);
  const batch = ledger.take();
  const second = commit(put('/a', '2').writes);
  await engine.write(batch);
  ledger.settle(batch);
  expect(ledger.newest('/a')?.position).toBe(positionOf(second));
  expect(engine.live('/a')?.position).toBe(positionOf(second - 1));
  await flush();
  expect(ledger.newest('/a')).toBe(engine.change(positionOf(second)));
});

test('each change points at the version before it, deletions included', async () => {
  const made = commit(put('/a', '1').writes);
  await flush();
  const gone = commit([{ type: 'delete', key: '/a' }]);
  const back = commit(put('/a', '2').writes);
  const { changes } = ledger.take();
  expect(changes.map((change) => change.previous)).toEqual([positionOf(made), positionOf(gone)]);
  expect(changes.map((change) => change.createRevision)).toEqual([0, back]);
  expect(changes[0]?.replacedBytes).toBe(sizeOf(engine.change(positionOf(made)) ?? { key: '' }));
  expect(changes[1]?.replacedBytes).toBe(0);
});

test('counts as history what is not the newest version of its key', () => {
  const size = (value?: string) =>
    sizeOf({ key: '/a', value: value === undefined ? undefined : Buffer.from(value) });
  commit(put('/a', 'one').writes);
  expect(ledger.state.historyBytes).toBe(0);
  commit(put('/a', 'three').writes);
  expect(ledger.state.historyBytes).toBe(size('one'));
  commit([{ type: 'delete', key: '/a' }]);
  expect(ledger.state.historyBytes).toBe(size('one') + size('three') + size());
});

test('time never goes back from one revision to the next, though the clock does', () => {
  commit(put('/a', '1').writes, 5000);
  commit(put('/a', '2').writes, 4000);
  commit(put('/a', '3').writes, 6000.7);
  expect(ledger.take().changes.map((change) => change.timeMs)).toEqual([5000, 5000, 6000]);
});

test('a failure takes back all that is pending, but not its revisions', async () => {
  const kept = commit(put('/a', '1').writes);
  await flush();
  commit(put('/a', '2').writes);
  ledger.take();
  const lost = commit(put('/b', '1').writes);
  ledger.fail();
  expect(ledger.dirty).toBe(false);
  expect(ledger.newest('/a')?.position).toBe(positionOf(kept));
  expect(ledger.newest('/b')).toBeUndefined();
  expect(ledger.state.historyBytes).toBe(0);
  expect(commit(put('/b', '1', 0).writes)).toBe(lost + 1);
});

test('a compaction leaves the tombstone alone that a pending deletion is about to set', async () => {
  commit(put('/a', '1').writes);
  const first = commit([{ type: 'delete', key: '/a' }]);
  await flush();
  commit(put('/a', '2').writes);
  const second = commit([{ type: 'delete', key: '/a' }]);
  const state = { compactedRevision: first, compactedTo: undefined, compactedTimeMs: 0, freedBytes: 0 };
  ledger.compact({ ...state, dropped: [], deletions: [{ key: '/a', position: positionOf(first) }] });
  await flush();
  expect(engine.gone('/a')?.position).toBe(positionOf(second));
});
