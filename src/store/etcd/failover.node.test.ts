import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { systemRandom } from '../../platform/random.ts';
import { openEtcdStore } from '../etcd-store.ts';
import type { Store } from '../store.ts';
import { del, put, Recorder, text } from '../test-support.ts';
import { etcdPath, newerEtcd, TestEtcd, usualEtcd, whyNoEtcd } from './test-etcd.ts';
import { TestProxy } from './test-proxy.ts';

const limits = { readMs: 500, writeMs: 500, totalMs: 15_000 };
const stores: Store[] = [];

async function open(endpoints: readonly string[]): Promise<Store> {
  const common = { clock: systemClock, random: systemRandom, log: silentLog };
  const store = await openEtcdStore({ ...common, endpoints, limits });
  stores.push(store);
  return store;
}

async function closeAll(): Promise<void> {
  for (const store of stores.splice(0)) await store.close();
}

/** Waits with the real clock, since what is waited for happens in other processes. */
async function until(check: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error('Waited in vain');
    await systemClock.sleep(5);
  }
}

const versions = [usualEtcd, newerEtcd];
for (const programs of versions)
  describe.skipIf(programs.whyNot)(`three members of ${programs.name}${programs.whyNot}`, () => {
    let etcd: TestEtcd;
    beforeAll(async () => {
      etcd = await TestEtcd.start({ members: 3, programs });
    });
    afterEach(closeAll);
    afterAll(() => etcd.stop());

    test.each(['SIGKILL', 'SIGSTOP'] as const)(
      'each in turn gets %s: no commit is lost, none is made twice, no event is missed',
      async (signal) => {
        const store = await open(etcd.endpoints);
        const { revision } = await store.status();
        const watcher = new Recorder();
        await store.watch('/f/', revision, watcher);
        const end = new AbortController();
        const acknowledged: string[] = [];
        const writer = async (name: number) => {
          let expected = 0;
          for (let i = 0; !end.signal.aborted; i++) {
            expected = await store.commit(put(`/f/${signal}-${name}`, `${i}`, expected));
            acknowledged.push(`put /f/${signal}-${name}=${i} @${expected}`);
            expect(text(await store.get(`/f/${signal}-${name}`))).toBe(`${i}`);
          }
        };
        const writers = [0, 1, 2, 3].map(writer);
        for (const member of [0, 1, 2]) {
          const before = acknowledged.length;
          await until(() => acknowledged.length > before + 20);
          etcd.signal(member, signal);
          const during = acknowledged.length;
          await until(() => acknowledged.length > during + 20);
          if (signal === 'SIGSTOP') etcd.signal(member, 'SIGCONT');
          else {
            await etcd.killMember(member);
            etcd.startMember(member);
          }
          await etcd.ready();
        }
        end.abort();
        await Promise.all(writers);
        await until(() => watcher.lines().length >= acknowledged.length);
        const byRevision = (line: string) => Number(line.slice(line.lastIndexOf('@') + 1));
        expect(watcher.lines()).toEqual(acknowledged.sort((a, b) => byRevision(a) - byRevision(b)));
        expect(watcher.ended).toBeUndefined();
      },
      60_000,
    );

    test('without a majority nothing is answered, and nothing is claimed', async () => {
      const store = await open(etcd.endpoints);
      await store.commit(put('/q', '1'));
      await store.close();
      const hasty = await openEtcdStore({
        endpoints: etcd.endpoints,
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        limits: { readMs: 200, writeMs: 200, totalMs: 1000 },
      });
      stores.push(hasty);
      await Promise.all([etcd.killMember(0), etcd.killMember(1)]);
      await expect(hasty.get('/q')).rejects.toMatchObject({ code: 'Unavailable' });
      await expect(hasty.commit(put('/q', '2'))).rejects.toMatchObject({ code: 'Unknown' });
      for (const member of [0, 1]) etcd.startMember(member);
      await etcd.ready();
      expect(text(await hasty.get('/q'))).toMatch(/^[12]$/);
      await hasty.commit(put('/q', '3'));
      expect(text(await hasty.get('/q'))).toBe('3');
    }, 60_000);
  });

describe.skipIf(!etcdPath)(`a bad way to etcd${whyNoEtcd}`, () => {
  let etcd: TestEtcd;
  let proxy: TestProxy;
  let store: Store;
  let direct: Store;
  beforeAll(async () => {
    etcd = await TestEtcd.start();
  });
  beforeEach(async () => {
    proxy = await TestProxy.start(etcd.endpoints[0] as string);
    direct = await open(etcd.endpoints);
    store = await open([proxy.endpoint, ...etcd.endpoints]);
  });
  afterEach(async () => {
    await closeAll();
    await proxy.stop();
  });
  afterAll(() => etcd.stop());

  test('a write whose answer is lost is acknowledged with its revision, and was made once', async () => {
    const { revision } = await direct.status();
    const watcher = new Recorder();
    await direct.watch('/lost/', revision, watcher);
    proxy.hold('answers');
    const committing = store.commit(put('/lost/a', '1', 0));
    await until(() => watcher.batches.length === 1);
    proxy.cut();
    const made = await committing;
    expect(await direct.get('/lost/a')).toMatchObject({ revision: made, createRevision: made });
    await direct.commit(put('/lost/b', ''));
    expect(watcher.lines()).toEqual([`put /lost/a=1 @${made}`, expect.stringContaining('/lost/b')]);
  });

  test('a write that was changed again before its answer was missed is known as made', async () => {
    proxy.hold('answers');
    const committing = store.commit(put('/raced', '1', 0));
    await until(async () => (await direct.get('/raced')) !== undefined);
    const first = (await direct.get('/raced'))?.revision as number;
    await direct.commit(del('/raced', first));
    proxy.cut();
    expect(await committing).toBe(first);
    expect(await direct.get('/raced')).toBeUndefined();
  });

  test('a write that lost its way is made anew, and comes to nothing when it arrives at last', async () => {
    proxy.hold('requests');
    const committing = store.commit(put('/late', '1', 0));
    await until(() => proxy.held('requests') > 0);
    proxy.drop();
    const made = await committing;
    await direct.commit(del('/late', made));
    const before = proxy.lost('answers');
    proxy.release('requests');
    await until(() => proxy.lost('answers') > before + 20);
    expect(await direct.get('/late')).toBeUndefined();
    expect((await direct.history('/late')).map((line) => line.entry?.revision)).toEqual([undefined, made]);
  });

  test('a conflict is told though the first answer was lost', async () => {
    const made = await direct.commit(put('/taken', 'x'));
    proxy.hold('answers');
    const committing = store.commit(put('/taken', '1', 0));
    const failed = expect(committing).rejects.toMatchObject({
      code: 'Conflict',
      key: '/taken',
      actual: made,
    });
    await until(() => proxy.held('answers') > 0);
    proxy.cut();
    await failed;
  });

  test('a watch that is cut off goes on without a gap and with nothing twice', async () => {
    const { revision } = await direct.status();
    const watcher = new Recorder();
    await store.watch('/cut/', revision, watcher);
    const revisions: number[] = [];
    for (let i = 0; i < 30; i++) {
      if (i % 5 === 0) proxy.cut();
      revisions.push(await direct.commit(put('/cut/a', `${i}`)));
    }
    await until(() => watcher.batches.length >= revisions.length);
    expect(watcher.batches.map((batch) => batch.revision)).toEqual(revisions);
    expect(watcher.batches.map((batch) => text(batch.events[0]?.previous))).toEqual([
      undefined,
      ...revisions.slice(1).map((_, i) => `${i}`),
    ]);
  });

  test("a watcher whose server has fallen silent hears of other servers' writes all the same", async () => {
    const { revision } = await direct.status();
    const watcher = new Recorder();
    await store.watch('/silent/', revision, watcher);
    proxy.hold('answers');
    await direct.commit(put('/silent/a', '1'));
    await until(() => watcher.batches.length === 1);
    expect(watcher.lines()).toHaveLength(1);
  });

  test('what was compacted while a watch was cut off ends it, and a new one goes on', async () => {
    const { revision } = await direct.status();
    const watcher = new Recorder();
    const only = await open([proxy.endpoint]);
    await only.watch('/gone/', revision, watcher);
    proxy.hold('requests');
    proxy.hold('answers');
    await direct.commit(put('/gone/a', '1'));
    const last = await direct.commit(put('/gone/a', '2'));
    await direct.compact(last);
    proxy.cut();
    await until(() => watcher.ended !== undefined);
    expect(watcher.ended?.code).toBe('Compacted');
    const again = new Recorder();
    await only.watch('/gone/', last, again);
    const next = await direct.commit(put('/gone/a', '3'));
    await until(() => again.batches.length === 1);
    expect(again.lines()).toEqual([`put /gone/a=3 @${next}`]);
  });
});
