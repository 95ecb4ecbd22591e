import { connect, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestServer } from './test-server.ts';
import { withoutUrlAuthority } from './url-authority.ts';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});

afterAll(() => server.stop());

/** A connection whose bytes go out one by one. */
function slowly(url: string): Duplex {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1').setNoDelay(true);
  const slow = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      for (const byte of chunk) socket.write(Buffer.of(byte));
      done();
    },
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => slow.push(chunk) || socket.pause());
  socket.on('end', () => slow.push(null));
  return slow;
}

/** The status of a call, or why there is none. */
function call(session: ClientHttp2Session, authority: string): Promise<unknown> {
  return new Promise((resolve) => {
    const path = '/etcdserverpb.Maintenance/Status';
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': authority,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('response', (headers) => resolve(headers[':status']));
    stream.on('error', (error) => resolve(error.message));
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
}

const authorities = [
  'http://127.0.0.1:2379',
  'https://etcd.example:2379',
  '127.0.0.1:2379',
  'http://\u00ff~{}|^',
  'a',
];

test.for(authorities)('a call whose authority is %s is answered, and those after it', async (authority) => {
  for (const createConnection of [undefined, () => slowly(server.url)]) {
    const session = connect(server.url, createConnection ? { createConnection } : {});
    const statuses = [await call(session, authority), await call(session, authority)];
    session.close();
    expect(statuses).toEqual([200, 200]);
  }
});

/** What a server makes of a client that sends these chunks, each once the one before it was read. */
async function reading(chunks: readonly Buffer[]) {
  const written: Buffer[] = [];
  const connection = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      done();
    },
  });
  const ready = withoutUrlAuthority(connection);
  for (const chunk of chunks) {
    connection.push(chunk);
    await new Promise(setImmediate);
  }
  return { connection, ready, written };
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const acknowledgement = Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0]);
const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);

test('who waits for settings gets them, and what acknowledges them is taken out wherever it comes', async () => {
  for (const later of [
    [acknowledgement, ping],
    [ping, acknowledgement],
  ]) {
    const { connection, ready, written } = await reading([Buffer.concat([preface, settings]), ...later]);
    await ready;
    expect(Buffer.concat(written)).toEqual(settings);
    expect(connection.read()).toEqual(Buffer.concat([preface, settings, ping]));
  }
});

test('who asks at once is left alone', async () => {
  const all = Buffer.concat([preface, settings, ping]);
  const { connection, ready, written } = await reading([all]);
  await ready;
  expect(written).toEqual([]);
  expect(connection.read()).toEqual(all);
});

test('a connection that sends much and asks for nothing is ended', async () => {
  const { connection } = await reading([
    preface,
    ...Array.from({ length: 40 }, () => Buffer.alloc(9 * 1024, settings)),
  ]);
  expect(connection.destroyed).toBe(true);
});
