import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CallError } from '../store/etcd/call-error.ts';
import { KV, Lease, Watch } from '../store/etcd/generated/etcd/rpc_pb.js';
import { eventsOf, ofBoth, Stream, utf8, waitMs, watch } from './test-subjects.ts';

/** Numbers that no client of sense sends are answered as etcd answers them. */

const largest = 2n ** 63n - 1n;
const smallest = -(2n ** 63n);

ofBoth((subject) => {
  const put = async (key: string, value: string, lease = 0n) => {
    const init = { key: utf8(key), value: utf8(value), lease };
    return (await subject.connection.call(KV.method.put, init, waitMs)).header?.revision ?? 0n;
  };
  const refusal = (call: Promise<unknown>) =>
    call.then(
      () => 'none',
      (error) => (error instanceof CallError ? `${error.status}: ${error.message}` : error),
    );

  /** What comes of a watch, in a few words: its end, or its first events. */
  async function outcome(startRevision: bigint): Promise<unknown> {
    const stream = new Stream(subject.connection, Watch.method.watch);
    watch(stream, { key: utf8('w'), startRevision });
    expect(await stream.next()).toMatchObject({ created: true, canceled: false });
    const next = await stream.next();
    stream.cancel();
    if (!next.canceled) return eventsOf(next);
    const { compactRevision, cancelReason, header } = next;
    return [compactRevision, cancelReason, header?.revision];
  }

  test('a watch from before the first revision', async () => {
    await put('w', '1');
    await put('w', '2');
    const everything = ['put w=1', 'put w=2'];
    expect(await outcome(1n)).toEqual(everything);
    // Where nothing has been compacted, -1 is from now on.
    const stream = new Stream(subject.connection, Watch.method.watch);
    watch(stream, { key: utf8('w'), startRevision: -1n });
    expect(await stream.next()).toMatchObject({ created: true });
    // etcd begins a moment later, and passes over what is written before.
    const first = stream.next();
    const writing = new AbortController();
    const written = (async () => {
      while (!writing.signal.aborted) await put('w', '3').then(() => sleep(50));
    })();
    expect(new Set(eventsOf(await first))).toEqual(new Set(['put w=3']));
    writing.abort();
    await written;
    stream.cancel();
    for (const before of [-2n, -100n, smallest]) expect(await outcome(before)).toEqual([-1n, '', 0n]);
    const newest = await put('other', '1');
    await subject.connection.call(KV.method.compact, { revision: newest, physical: true }, waitMs);
    for (const before of [1n, -1n, -2n, smallest]) expect(await outcome(before)).toEqual([newest, '', 0n]);
  });

  test('leases have any time and any id but none that would be too long', async () => {
    const { leaseGrant, leaseRevoke, leaseTimeToLive, leaseKeepAlive } = Lease.method;
    const grant = (TTL: bigint, ID = 0n) => subject.connection.call(leaseGrant, { TTL, ID }, waitMs);
    const shortest = (await grant(1n)).TTL;
    for (const TTL of [0n, -1n, smallest]) expect((await grant(TTL)).TTL).toBe(shortest);
    expect((await grant(9_000_000_000n, 9n)).TTL).toBe(9_000_000_000n);
    for (const TTL of [9_000_000_001n, largest])
      expect(await refusal(grant(TTL))).toBe('OutOfRange: etcdserver: too large lease TTL');
    for (const id of [-1n, smallest, largest]) {
      expect(await grant(100n, id)).toMatchObject({ ID: id, TTL: 100n });
      expect(await refusal(grant(100n, id))).toBe('FailedPrecondition: etcdserver: lease already exists');
      await put(`on ${id}`, 'v', id);
      const keepAlive = new Stream(subject.connection, leaseKeepAlive);
      for (const [ID, TTL] of [
        [id, 100n],
        [id ^ 2n, 0n],
      ] as const) {
        keepAlive.send({ ID });
        expect(await keepAlive.next()).toMatchObject({ ID, TTL });
      }
      keepAlive.cancel();
      const told = await subject.connection.call(leaseTimeToLive, { ID: id, keys: true }, waitMs);
      expect(told).toMatchObject({ grantedTTL: 100n, keys: [utf8(`on ${id}`)] });
      await subject.connection.call(leaseRevoke, { ID: id }, waitMs);
      const { kvs } = await subject.connection.call(KV.method.range, { key: utf8(`on ${id}`) }, waitMs);
      expect(kvs).toEqual([]);
    }
    const left = await subject.connection.call(leaseTimeToLive, { ID: 9n }, waitMs);
    expect(left.TTL).toBeGreaterThan(8_999_999_000n);
  });
});
