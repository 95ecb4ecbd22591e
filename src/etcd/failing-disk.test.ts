import { afterEach, beforeEach, expect, test } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { seededRandom } from '../platform/random.ts';
import { PutRequestSchema } from '../store/etcd/generated/etcd/rpc_pb.js';
import { MemoryEngine } from '../store/memory-engine.ts';
import { type Harness, logHarness, settle } from '../store/test-support.ts';
import { Leases } from './leases.ts';
import { Mvcc } from './mvcc.ts';
import { Draft } from './txn-plan.ts';

/** What becomes of leases where the disk takes nothing for a while. */

let keys: Harness;
let own: Harness;
let mvcc: Mvcc;
let leases: Leases;
beforeEach(async () => {
  keys = logHarness(async () => new MemoryEngine());
  own = logHarness(async () => new MemoryEngine());
  mvcc = await Mvcc.open(await keys.open());
  const store = await own.open();
  leases = await Leases.open({ mvcc, store, clock: keys.clock, random: seededRandom(1) });
});
afterEach(async () => {
  leases.stop();
  await keys.dispose();
  await own.dispose();
});

const put = (key: string, lease = 0n) =>
  mvcc.write(async (view) => {
    const draft = new Draft(view, (id) => leases.has(id));
    await draft.put(create(PutRequestSchema, { key: Buffer.from(key), lease }));
    return { changes: draft.changes, answer: undefined };
  });
const stands = async (key: string) => (await mvcc.read({ from: key, single: true })).records.length > 0;

test('a lease that could not be ended is there yet, and ends when its time has passed once more', async () => {
  const { id } = await leases.grant(0n, 10n);
  await put('a', id);
  keys.faults.failNext();
  await keys.clock.advance(10_000);
  await settle();
  expect(await stands('a')).toBe(true);
  expect(leases.look(id)?.keys).toEqual(['a']);
  await keys.clock.advance(10_000);
  await settle();
  expect(await stands('a')).toBe(false);
  expect(leases.ids()).toEqual([]);
});

test('a lease whose end could not be kept is there yet, without its keys', async () => {
  const { id } = await leases.grant(0n, 10n);
  await put('a', id);
  own.faults.failNext();
  await expect(leases.revoke(id)).rejects.toMatchObject({ code: 'FlushFailed' });
  expect(await stands('a')).toBe(false);
  await leases.revoke(id);
  expect(leases.ids()).toEqual([]);
});

test('keys hang on their lease where a write failed, and revisions go on', async () => {
  const { id } = await leases.grant(0n, 10n);
  await put('a', id);
  keys.faults.failNext();
  await expect(put('a')).rejects.toMatchObject({ code: 'FlushFailed' });
  expect(leases.look(id)?.keys).toEqual(['a']);
  const { revision } = await put('b', id);
  expect(revision).toBe((await mvcc.read({ from: 'b', single: true })).revision);
  expect(leases.look(id)?.keys).toEqual(['a', 'b']);
});

test('a lease that could not be kept was not granted', async () => {
  own.faults.failNext();
  await expect(leases.grant(7n, 10n)).rejects.toMatchObject({ code: 'FlushFailed' });
  expect(leases.ids()).toEqual([]);
  expect((await leases.grant(7n, 10n)).id).toBe(7n);
});
