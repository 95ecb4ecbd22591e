import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { LeaseKeepAliveRequestSchema } from '../store/etcd/generated/etcd/rpc_pb.js';
import { until } from '../store/test-support.ts';
import { TestServer } from './test-server.ts';

/** How often a lease was kept alive is how often the clock was read. */
let looks = 0;
const monotonic = () => {
  looks++;
  return systemClock.monotonic();
};
const clock = { ...systemClock, monotonic };

let server: TestServer;
let session: ClientHttp2Session;
beforeEach(async () => {
  server = await TestServer.start({ platform: { ...systemPlatform(silentLog), clock } });
  // Nothing of an answer may be sent to this client.
  session = connect(server.url, { settings: { initialWindowSize: 0 } });
});
afterEach(async () => {
  session.destroy();
  await server.stop();
});

function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

test('who asks on and takes no answers is not heard any further, and is answered in full once it does', async () => {
  const granted = JSON.parse(await server.post('/v3/lease/grant', { TTL: 1000 })) as { ID: string };
  const count = 20_000;
  const message = frame(
    toBinary(LeaseKeepAliveRequestSchema, create(LeaseKeepAliveRequestSchema, { ID: BigInt(granted.ID) })),
  );
  const stream = session.request({
    ':method': 'POST',
    ':path': '/etcdserverpb.Lease/LeaseKeepAlive',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  looks = 0;
  stream.end(Buffer.concat(Array.from({ length: count }, () => message)));
  let before = -1;
  await until(async () => {
    const isStill = looks > 0 && looks - before < 100;
    before = looks;
    await sleep(100);
    return isStill;
  }, 30_000);
  expect(looks).toBeLessThan(count / 2);
  let answered = 0;
  stream.on('data', (piece: Buffer) => {
    answered += piece.length;
  });
  session.settings({ initialWindowSize: 2 ** 24 });
  await once(stream, 'end');
  expect(looks).toBeGreaterThanOrEqual(count);
  expect(answered).toBeGreaterThan(count * 10);
}, 60_000);

test('who asks much in one request of the JSON gateway lets others be served meanwhile', async () => {
  const granted = JSON.parse(await server.post('/v3/lease/grant', { TTL: 1000 })) as { ID: string };
  const count = 3000;
  looks = 0;
  const body = `{"ID":"${granted.ID}"}\n`.repeat(count);
  const asking = fetch(`${server.url}/v3/lease/keepalive`, { method: 'POST', body });
  await until(() => looks > 0, 30_000);
  await server.post('/v3/lease/leases', {});
  expect(looks).toBeLessThan(count);
  const answer = await (await asking).text();
  expect(answer.trim().split('\n')).toHaveLength(count);
}, 60_000);
