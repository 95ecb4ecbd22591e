import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { systemRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { type EtcdStoreOptions, openEtcdStore } from '../etcd-store.ts';
import type { Store } from '../store.ts';
import { bytes, del, put, Recorder } from '../test-support.ts';
import { etcdPath, TestEtcd, whyNoEtcd } from './test-etcd.ts';

/** What the contract cannot ask of etcd, whose clock and limits are its own. */
describe.skipIf(!etcdPath)(`etcd's own ways${whyNoEtcd}`, () => {
  let etcd: TestEtcd;
  const stores: Store[] = [];

  async function open(options: Partial<EtcdStoreOptions> = {}): Promise<Store> {
    const common = { clock: systemClock, random: systemRandom, log: silentLog };
    const store = await openEtcdStore({ ...common, endpoints: etcd.endpoints, ...options });
    stores.push(store);
    return store;
  }

  async function until(check: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 15_000;
    while (!(await check())) {
      if (performance.now() > deadline) throw new Error('Waited in vain');
      await systemClock.sleep(10);
    }
  }

  const leased = (key: string, leaseSeconds: number) => ({
    writes: [{ type: 'put' as const, key, value: bytes('1'), leaseSeconds }],
  });

  beforeAll(async () => {
    etcd = await TestEtcd.start();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(() => etcd.stop());

  test('a key with a lease ends by a deletion that says so; a later write frees it', async () => {
    const store = await open();
    const made = await store.commit(leased('/short/a', 1));
    await store.commit(leased('/short/b', 1));
    await store.commit(put('/short/b', 'stays'));
    const watcher = new Recorder();
    await store.watch('/short/a', made, watcher);
    await until(() => watcher.batches.length === 1);
    expect(watcher.batches[0]).toMatchObject({
      events: [{ type: 'delete', key: '/short/a' }],
      cause: { actor: 'store', key: '/short/a', revision: made, reason: 'expired' },
    });
    expect(await store.get('/short/a')).toBeUndefined();
    expect(await store.get('/short/b')).toBeDefined();
    const [ended] = await store.history('/short/a');
    expect(ended).toMatchObject({ revision: watcher.batches[0]?.revision, cause: { reason: 'expired' } });
  });

  test('keys that end at about the same time share a lease', async () => {
    const store = await open();
    const before = (await etcd.etcdctl('lease', 'list')).split('\n').length;
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit(leased(`/many/${i}`, 3600))));
    expect((await etcd.etcdctl('lease', 'list')).split('\n').length).toBe(before + 1);
  });

  test('a shared lease that has ended too early is not used again', async () => {
    const store = await open();
    await store.commit(leased('/ended/a', 7200));
    const ids = (await etcd.etcdctl('lease', 'list')).split('\n').slice(1).filter(Boolean);
    for (const id of ids) await etcd.etcdctl('lease', 'revoke', id);
    expect(await store.get('/ended/a')).toBeUndefined();
    await store.commit(leased('/ended/b', 7200));
    expect(await store.get('/ended/b')).toBeDefined();
  });

  test('what is in etcd is what was written: the keys, the values, and the cause beside them', async () => {
    const store = await open();
    const cause = { actor: 'me', reason: 'Because.' };
    await store.commit({ ...put('/registry/pods/default/x', 'value'), cause });
    const pods = await etcd.etcdctl('get', '--prefix', '/registry/');
    expect(pods).toBe('/registry/pods/default/x\nvalue\n');
    const record = JSON.parse(await etcd.etcdctl('get', '--print-value-only', '/k8ts.io/cause'));
    expect(record).toEqual({ timeMs: expect.any(Number), id: expect.any(String), cause });
  });

  test('of an etcd into which nobody has written, the past is nothing to wait for', async () => {
    const fresh = await TestEtcd.start();
    try {
      const store = await open({ endpoints: fresh.endpoints });
      const watcher = new Recorder();
      const progress: number[] = [];
      const onProgress = (at: number) => progress.push(at);
      await store.watch('/', 0, Object.assign(watcher, { onProgress }));
      expect(progress).toEqual([(await store.status()).revision]);
      const revision = await store.commit(put('/a', '1'));
      expect(watcher.lines()).toEqual([`put /a=1 @${revision}`]);
      await store.close();
    } finally {
      await fresh.stop();
    }
  });

  test('what somebody else writes is seen, though it has no cause', async () => {
    const store = await open();
    const { revision } = await store.status();
    const watcher = new Recorder();
    const progress: number[] = [];
    await store.watch('/other/', revision, {
      onBatch: (batch) => watcher.onBatch(batch),
      onEnd: (error) => watcher.onEnd(error),
      onProgress: (at) => progress.push(at),
    });
    await etcd.etcdctl('put', '/other/a', '1');
    await etcd.etcdctl('put', '/elsewhere/a', '1');
    await until(() => progress.at(-1) === revision + 2);
    expect(watcher.lines()).toEqual([`put /other/a=1 @${revision + 1}`]);
    expect(progress).toEqual([revision, revision + 1, revision + 2]);
    expect((await store.history('/other/a')).map((line) => line.revision)).toEqual([revision + 1]);
    await store.commit(del('/other/a'));
  });

  test('a commit with more writes than etcd takes is refused with the reason, and changes nothing', async () => {
    const store = await open();
    const writes = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ type: 'put' as const, key: `/big/${i}`, value: bytes('') }));
    await store.commit({ writes: writes(127) });
    await expect(store.commit({ writes: writes(128) })).rejects.toThrow(/max-txn-ops/);
    expect((await store.list('/big/')).entries).toHaveLength(127);
  });

  test('a value that is too large is refused with the reason', async () => {
    const store = await open();
    const large = store.commit(put('/large', 'x'.repeat(2_000_000)));
    await expect(large).rejects.toMatchObject({
      code: 'Refused',
      message: expect.stringContaining('too large'),
    });
    expect(await store.get('/large')).toBeUndefined();
  });

  test('an etcd that is full refuses to be written to, but lets things be deleted', async () => {
    const small = await TestEtcd.start({ args: ['--quota-backend-bytes', String(4 << 20)] });
    const store = await open({ endpoints: small.endpoints });
    const fill = async () => {
      for (let i = 0; i < 40; i++) await store.commit(put(`/full/${i}`, 'x'.repeat(500_000)));
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'Refused',
      message: 'etcdserver: mvcc: database space exceeded',
    });
    const first = await store.get('/full/0');
    await expect(store.commit(del('/full/0', 1))).rejects.toMatchObject({
      code: 'Conflict',
      actual: first?.revision,
    });
    await store.commit(del('/full/0', first?.revision));
    expect(await store.get('/full/0')).toBeUndefined();
    await store.close();
    await small.stop();
  });

  test('of two servers one compacts, and another does where the first has gone', async () => {
    const clock = new VirtualClock();
    const own = await TestEtcd.start();
    const { endpoints } = own;
    const options = { endpoints, clock, callClock: systemClock, historyMs: 60_000 };
    const one = await open(options);
    const two = await open(options);
    const written = async (): Promise<number> =>
      Number(JSON.parse(await own.etcdctl('get', '-w', 'json', '/k8ts.io/compacted')).kvs?.[0]?.version ?? 0);
    const compactedTo = (store: Store, revision: number) =>
      until(async () => {
        await clock.advance(500);
        return (await store.status()).compactedRevision >= revision;
      });
    await one.commit(put('/a', '1'));
    const second = await two.commit(put('/a', '2'));
    await clock.advance(55_000);
    await compactedTo(one, second);
    expect(await written()).toBe(1);
    await one.close();
    const third = await two.commit(put('/a', '3'));
    await compactedTo(two, third);
    expect(await written()).toBe(2);
    expect((await two.history('/a')).map((line) => line.revision)).toEqual([third]);
    await two.close();
    await own.stop();
  });

  test('a list of thousands is read in parts of one revision', async () => {
    const store = await open();
    const batch = (from: number) =>
      store.commit({
        writes: Array.from({ length: 100 }, (_, i) => ({
          type: 'put' as const,
          key: `/thousands/${String(from + i).padStart(5, '0')}`,
          value: bytes('x'),
        })),
      });
    for (let i = 0; i < 2500; i += 100) await batch(i);
    const all = await store.list('/thousands/');
    expect(all.entries).toHaveLength(2500);
    expect(all.more).toBe(false);
    expect(await store.list('/thousands/', { limit: 2499 })).toMatchObject({ more: true });
  });
});
