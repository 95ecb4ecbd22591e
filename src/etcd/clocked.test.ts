import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { Connection } from '../store/etcd/connection.ts';
import { KV, Lease, Watch, type WatchResponse } from '../store/etcd/generated/etcd/rpc_pb.js';
import { until } from '../store/test-support.ts';
import { TestServer } from './test-server.ts';

/** What the server does when time has passed, on a clock that moves only when told to. */

let clock: VirtualClock;
let server: TestServer;
let connection: Connection;
beforeEach(async () => {
  clock = new VirtualClock();
  const platform = { ...systemPlatform(silentLog), clock };
  server = await TestServer.start({ platform, progressEveryMs: 5000 });
  connection = new Connection(server.url, { tls: {}, clock: systemClock });
});
afterEach(async () => {
  connection.close();
  await server.stop();
});

const key = Buffer.from('a');
const waitMs = 10_000;
const put = (lease = 0n) => connection.call(KV.method.put, { key, lease }, waitMs);
const stands = async () => (await connection.call(KV.method.range, { key }, waitMs)).count === 1n;

test('a lease lasts as long as was granted, counted from when it was last kept alive', async () => {
  const { ID } = await connection.call(Lease.method.leaseGrant, { TTL: 10n }, waitMs);
  await put(ID);
  await clock.advance(9000);
  const left = await connection.call(Lease.method.leaseTimeToLive, { ID }, waitMs);
  expect(left).toMatchObject({ TTL: 1n, grantedTTL: 10n });
  const kept: bigint[] = [];
  const keepAlive = connection.open(Lease.method.leaseKeepAlive, {
    onMessage: ({ TTL }) => kept.push(TTL),
    onEnd() {},
  });
  keepAlive.send({ ID });
  await until(() => kept.length === 1);
  await clock.advance(9000);
  expect(await stands()).toBe(true);
  await clock.advance(2000);
  await until(async () => !(await stands()));
  keepAlive.send({ ID });
  await until(() => kept.length === 2);
  expect(kept).toEqual([10n, 0n]);
  keepAlive.cancel();
});

test('a watch on which nothing came is told how far it is, where it asked for that', async () => {
  const came: WatchResponse[] = [];
  const stream = connection.open(Watch.method.watch, { onMessage: (it) => came.push(it), onEnd() {} });
  const create = (progressNotify: boolean) =>
    stream.send({ requestUnion: { case: 'createRequest', value: { key, progressNotify } as never } });
  create(true);
  create(false);
  await until(() => came.length === 2);
  await connection.call(KV.method.put, { key: Buffer.from('b') }, waitMs);
  await clock.advance(5000);
  await until(() => came.length === 3);
  expect(came[2]).toMatchObject({ watchId: 0n, events: [], header: { revision: 2n } });
  await put();
  await until(() => came.length === 5);
  await clock.advance(5000);
  await clock.advance(5000);
  await until(() => came.length === 6);
  expect(came[5]).toMatchObject({ watchId: 0n, events: [], header: { revision: 3n } });
  stream.cancel();
});
