import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Election } from '../store/etcd/generated/etcd/election_pb.js';
import { Lock } from '../store/etcd/generated/etcd/lock_pb.js';
import {
  KV,
  Lease,
  Maintenance,
  Watch,
  WatchCreateRequest_FilterType as Filter,
  type WatchResponse,
} from '../store/etcd/generated/etcd/rpc_pb.js';
import {
  cancel,
  eventsOf,
  Stream,
  ofBoth,
  text,
  utf8,
  waitMs,
  watch,
  type WatchStream,
} from './test-subjects.ts';

/** What goes on over the wire, the same on real etcd and on this server: streams, leases, locks and elections. */

ofBoth((subject) => {
  const put = async (key: string, value: string | Uint8Array = '', lease = 0n) => {
    const init = { key: utf8(key), value: Buffer.from(value as string), lease };
    return (await subject.connection.call(KV.method.put, init, waitMs)).header?.revision as bigint;
  };
  const del = (key: string) => subject.connection.call(KV.method.deleteRange, { key: utf8(key) }, waitMs);
  const grant = async (ttl: bigint) =>
    (await subject.connection.call(Lease.method.leaseGrant, { TTL: ttl }, waitMs)).ID;
  const revoke = (ID: bigint) => subject.connection.call(Lease.method.leaseRevoke, { ID }, waitMs);
  const watches = (): WatchStream => new Stream(subject.connection, Watch.method.watch);

  test('watches of a stream have ids of their own, and one that is taken is refused', async () => {
    const stream = watches();
    const key = utf8('ids');
    for (const wanted of [0n, 0n, 7n, 7n]) watch(stream, { key, watchId: wanted });
    const answers = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
    expect(answers.map(({ watchId, created, canceled }) => [watchId, created, canceled])).toEqual([
      [0n, true, false],
      [1n, true, false],
      [7n, true, false],
      [-1n, true, true],
    ]);
    expect(answers[3]?.cancelReason).toBe('mvcc: duplicate watch ID provided on the WatchStream');
    cancel(stream, 99n);
    cancel(stream, 7n);
    expect(await stream.next()).toMatchObject({ watchId: 7n, created: false, canceled: true });
    await put('ids', '1');
    expect([(await stream.next()).watchId, (await stream.next()).watchId].sort()).toEqual([0n, 1n]);
    stream.cancel();
  });

  test('filters leave out puts or deletions; what was before is told where it is asked for', async () => {
    const stream = watches();
    const all = { key: utf8('f'), prevKv: true };
    watch(stream, { ...all, filters: [Filter.NOPUT] });
    watch(stream, { ...all, filters: [Filter.NODELETE] });
    watch(stream, { key: utf8('f') });
    for (let i = 0; i < 3; i++) await stream.next();
    await put('f', '1');
    await put('f', '2');
    await del('f');
    const seen: { [id: string]: string[] } = { 0: [], 1: [], 2: [] };
    for (let count = 0; count < 6; ) {
      const response = await stream.next();
      seen[String(response.watchId)]?.push(...eventsOf(response));
      count += response.events.length;
    }
    expect(seen).toEqual({
      0: ['delete f= was 2'],
      1: ['put f=1', 'put f=2 was 1'],
      2: ['put f=1', 'put f=2', 'delete f='],
    });
    stream.cancel();
  });

  test('a watch from what is compacted ends, and says from where on it could be', async () => {
    await put('old', '1');
    const second = await put('old', '2');
    await put('old', '3');
    await subject.connection.call(KV.method.compact, { revision: second, physical: true }, waitMs);
    const stream = watches();
    watch(stream, { key: utf8('old'), startRevision: second - 1n });
    expect(await stream.next()).toMatchObject({ watchId: 0n, created: true });
    expect(await stream.next()).toMatchObject({ canceled: true, compactRevision: second });
    watch(stream, { key: utf8('old'), startRevision: second });
    expect((await stream.next()).created).toBe(true);
    const events: string[] = [];
    while (events.length < 2) events.push(...eventsOf(await stream.next()));
    expect(events).toEqual(['put old=2', 'put old=3']);
    stream.cancel();
  });

  test('a watch of what comes later than now begins then', async () => {
    const now = await put('later', '0');
    const stream = watches();
    watch(stream, { key: utf8('later'), startRevision: now + 2n });
    await stream.next();
    await put('later', '1');
    await put('later', '2');
    expect(eventsOf(await stream.next())).toEqual(['put later=2']);
    stream.cancel();
  });

  test('progress is told when it is asked for', async () => {
    const stream = watches();
    watch(stream, { key: utf8('progress') });
    await stream.next();
    const revision = await put('elsewhere');
    // etcd asks that all watches of the stream have caught up, and otherwise says nothing.
    let answer: WatchResponse | undefined;
    for (let tries = 0; !answer && tries < 50; tries++) {
      stream.send({ requestUnion: { case: 'progressRequest', value: {} } });
      answer = await Promise.race([stream.next(), sleep(200).then(() => undefined)]);
    }
    expect(answer).toMatchObject({ watchId: -1n, events: [], created: false, canceled: false });
    expect(answer?.header?.revision).toBeGreaterThanOrEqual(revision);
    stream.cancel();
  });

  test('large answers come in fragments where a client takes such', async () => {
    const value = Buffer.alloc(900_000, 'x');
    const first = await put('large/1', value);
    for (const i of [2, 3, 4]) await put(`large/${i}`, value);
    const stream = watches();
    watch(stream, { key: utf8('large/'), rangeEnd: utf8('large0'), startRevision: first, fragment: true });
    await stream.next();
    const parts: [number, boolean][] = [];
    while (parts.reduce((sum, [events]) => sum + events, 0) < 4) {
      const response = await stream.next();
      parts.push([response.events.length, response.fragment]);
    }
    expect(parts).toEqual([
      [2, true],
      [2, false],
    ]);
    stream.cancel();
  });

  test('ten thousand keys are deleted at one revision', async () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => utf8(`many/${String(i).padStart(5, '0')}`));
    const puts = keys.map((key) => ({ request: { case: 'requestPut' as const, value: { key } } }));
    const parts = Array.from({ length: 100 }, (_, i) => puts.slice(i * 100, i * 100 + 100));
    const txns = parts.map((success) => subject.connection.call(KV.method.txn, { success }, waitMs));
    await Promise.all(txns);
    const stream = watches();
    const all = { key: utf8('many/'), rangeEnd: utf8('many0') };
    watch(stream, all);
    const before = (await stream.next()).header?.revision as bigint;
    const answer = await subject.connection.call(KV.method.deleteRange, all, waitMs);
    expect(answer).toMatchObject({ deleted: 10_000n, header: { revision: before + 1n } });
    const gone: string[] = [];
    while (gone.length < keys.length) gone.push(...eventsOf(await stream.next()));
    expect(gone).toEqual(keys.map((key) => `delete ${text(key)}=`));
    const then = { ...all, countOnly: true, revision: before };
    expect((await subject.connection.call(KV.method.range, then, waitMs)).count).toBe(10_000n);
    await subject.connection.call(KV.method.compact, { revision: before + 1n, physical: true }, waitMs);
    expect((await subject.connection.call(KV.method.range, all, waitMs)).count).toBe(0n);
    stream.cancel();
  });

  test('a write that is too large is refused', async () => {
    await expect(put('big', Buffer.alloc(1_600_000))).rejects.toThrow('etcdserver: request is too large');
    const half = { key: utf8('big/1'), value: Buffer.alloc(800_000) };
    const puts = [half, { ...half, key: utf8('big/2') }];
    const success = puts.map((value) => ({ request: { case: 'requestPut' as const, value } }));
    const txn = subject.connection.call(KV.method.txn, { success }, waitMs);
    await expect(txn).rejects.toThrow('etcdserver: request is too large');
  });

  test('a lease that ends takes its keys along; one that is kept alive does not', async () => {
    const [short, kept] = [await grant(2n), await grant(5n)];
    await put('leased/short', '1', short);
    await put('leased/kept', '1', kept);
    const stream = watches();
    watch(stream, { key: utf8('leased/'), rangeEnd: utf8('leased0') });
    await stream.next();
    const keepAlive = new Stream(subject.connection, Lease.method.leaseKeepAlive);
    const over = new AbortController();
    const keeping = (async () => {
      while (!over.signal.aborted) {
        keepAlive.send({ ID: kept });
        expect(await keepAlive.next()).toMatchObject({ ID: kept, TTL: 5n });
        await sleep(300);
      }
    })();
    expect(eventsOf(await stream.next())).toEqual(['delete leased/short=']);
    over.abort();
    await keeping;
    keepAlive.send({ ID: short });
    expect(await keepAlive.next()).toMatchObject({ ID: short, TTL: 0n });
    const look = await subject.connection.call(
      Lease.method.leaseTimeToLive,
      { ID: kept, keys: true },
      waitMs,
    );
    expect(look).toMatchObject({ grantedTTL: 5n, keys: [utf8('leased/kept')] });
    const gone = await subject.connection.call(Lease.method.leaseTimeToLive, { ID: short }, waitMs);
    expect(gone).toMatchObject({ TTL: -1n, grantedTTL: 0n });
    await revoke(kept);
    expect(eventsOf(await stream.next())).toEqual(['delete leased/kept=']);
    keepAlive.cancel();
    stream.cancel();
  });

  test('those who wait for a lock get it in the order in which they came', async () => {
    const leases = [await grant(60n), await grant(60n), await grant(60n)];
    const order: number[] = [];
    const lock = async (i: number) => {
      const answer = await subject.connection.call(
        Lock.method.lock,
        { name: utf8('L'), lease: leases[i] },
        waitMs,
      );
      order.push(i);
      return answer.key;
    };
    const inLine = async (count: number) => {
      const init = { key: utf8('L/'), rangeEnd: utf8('L0'), countOnly: true };
      while ((await subject.connection.call(KV.method.range, init, waitMs)).count < count) await sleep(5);
    };
    const first = lock(0);
    await inLine(1);
    const second = lock(1);
    await inLine(2);
    const third = lock(2);
    await inLine(3);
    expect(order).toEqual([0]);
    expect(text(await first)).toBe(`L/${leases[0]?.toString(16)}`);
    await subject.connection.call(Lock.method.unlock, { key: await first }, waitMs);
    await second;
    expect(order).toEqual([0, 1]);
    await revoke(leases[1] as bigint);
    await third;
    expect(order).toEqual([0, 1, 2]);
  });

  test('a leader is elected, proclaims, is observed, and makes room', async () => {
    const election = utf8('E');
    const leaderOf = async () =>
      text((await subject.connection.call(Election.method.leader, { name: election }, waitMs)).kv?.value);
    await expect(leaderOf()).rejects.toThrow('election: no leader');
    const campaign = async (value: string) => {
      const init = { name: election, lease: await grant(60n), value: utf8(value) };
      return (await subject.connection.call(Election.method.campaign, init, waitMs)).leader;
    };
    const one = await campaign('one');
    const two = campaign('two');
    expect(await leaderOf()).toBe('one');
    await subject.connection.call(
      Election.method.proclaim,
      { leader: one, value: utf8('still one') },
      waitMs,
    );
    expect(await leaderOf()).toBe('still one');
    await subject.connection.call(Election.method.resign, { leader: one }, waitMs);
    expect(await two).toMatchObject({ name: election });
    expect(await leaderOf()).toBe('two');
    const late = subject.connection.call(Election.method.proclaim, { leader: one, value: utf8('x') }, waitMs);
    await expect(late).rejects.toThrow('election: not leader');
  });

  test('the hash of a revision stays, whatever is written later', async () => {
    const hash = async (revision: bigint) =>
      (await subject.connection.call(Maintenance.method.hashKV, { revision }, waitMs)).hash;
    const before = await put('hashed', '1');
    const first = await hash(before);
    const after = await put('hashed', '2');
    expect(await hash(before)).toBe(first);
    expect(await hash(after)).not.toBe(first);
    await expect(hash(after + 1n)).rejects.toThrow('required revision is a future revision');
  });

  /** Lines of an answer of the JSON gateway, as they come. */
  async function* lines(path: string, body: string) {
    const abort = new AbortController();
    const init = { method: 'POST', body, signal: abort.signal };
    const response = await fetch(subject.url + path, init);
    let rest = '';
    try {
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        const all = (rest + Buffer.from(part).toString()).split('\n');
        rest = all.pop() ?? '';
        for (const line of all) yield JSON.parse(line);
      }
    } finally {
      abort.abort();
    }
  }
  const base64 = (it: string) => utf8(it).toString('base64');

  test('the JSON gateway has the streams: a watch, of which every answer is a line', async () => {
    const body = { create_request: { key: base64('json'), progress_notify: true } };
    const answers = lines('/v3/watch', JSON.stringify(body));
    expect((await answers.next()).value).toEqual({
      result: { header: expect.any(Object), created: true },
    });
    const revision = String(await put('json', '1'));
    const kv = { key: base64('json'), create_revision: revision, mod_revision: revision };
    expect((await answers.next()).value).toEqual({
      result: {
        header: expect.objectContaining({ revision }),
        events: [{ kv: { ...kv, version: '1', value: base64('1') } }],
      },
    });
    await answers.return(undefined);
  });

  test('the JSON gateway keeps leases alive, several in one request, and then ends', async () => {
    const ids = [await grant(50n), await grant(60n)];
    const body = ids.map((ID) => JSON.stringify({ ID: String(ID) })).join('\n');
    const answers: unknown[] = [];
    for await (const line of lines('/v3/lease/keepalive', body)) answers.push(line);
    expect(answers).toEqual([
      { result: { header: expect.any(Object), ID: String(ids[0]), TTL: '50' } },
      { result: { header: expect.any(Object), ID: String(ids[1]), TTL: '60' } },
    ]);
  });

  test('the JSON gateway tells observers of an election who leads', async () => {
    const init = { name: utf8('J'), lease: await grant(60n), value: utf8('one') };
    const { leader } = await subject.connection.call(Election.method.campaign, init, waitMs);
    const answers = lines('/v3/election/observe', JSON.stringify({ name: base64('J') }));
    const value = async () => (await answers.next()).value?.result.kv.value;
    expect(await value()).toBe(base64('one'));
    await subject.connection.call(Election.method.proclaim, { leader, value: utf8('two') }, waitMs);
    expect(await value()).toBe(base64('two'));
    await answers.return(undefined);
  });

  test('the JSON gateway says what is wrong with a request', async () => {
    const post = async (path: string, body: string) => {
      const response = await fetch(subject.url + path, { method: 'POST', body });
      return { status: response.status, ...((await response.json()) as object) };
    };
    expect(await post('/v3/kv/range', '{}')).toMatchObject({ status: 400, code: 3 });
    expect(await post('/v3/kv/range', '{')).toMatchObject({ status: 400, code: 3 });
    expect(await post('/v3/lease/revoke', '{"ID":"123456"}')).toMatchObject({ status: 404, code: 5 });
    expect((await fetch(`${subject.url}/v3/nothing`, { method: 'POST' })).status).toBe(404);
  });
});
