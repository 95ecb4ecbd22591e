import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../cluster/pki.ts';
import { systemClock } from './clock.ts';
import { secured } from './connect.ts';
import { systemDialer } from './dial.ts';
import { callOver, wholeBody } from './http1-call.ts';
import { httpPoster } from './http-post.ts';
import { httpsGetter } from './https-get.ts';
import { systemRandom } from './random.ts';
import { dialUpgrade } from './upgrade.ts';

/** What no server should answer. Whoever asks one must be done with it in time, and hang up. */

let pair: KeyPair;
let ca: string;
beforeAll(async () => {
  const platform = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(platform);
  ca = authority.certificate;
  pair = await issue(authority, { commonName: 'server', hosts: ['127.0.0.1'], usages: ['server'] }, platform);
});

const open = new Set<Socket>();
const servers: Server[] = [];
afterEach(async () => {
  for (const socket of open) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Its port. */
async function serve(onSocket: (socket: Socket) => void, isSecure = false): Promise<number> {
  const take = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
    onSocket(socket);
  };
  const server = isSecure
    ? createTlsServer({ cert: pair.certificate, key: pair.key }, take)
    : createServer(take);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const host = '127.0.0.1';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
const switches = (socket: Socket) => void socket.once('data', () => socket.write(switching));

/** Answers and goes on for ever, as fast as it is read. */
const endless = (code: number) => (socket: Socket) => {
  const more = () => {
    while (socket.writable && socket.write(Buffer.alloc(64 * 1024, 'x')));
  };
  socket.once('data', () => {
    socket.write(`HTTP/1.1 ${code} X\r\n\r\n`);
    more();
  });
  socket.on('drain', more);
};

const timeoutMs = 300;
const limitBytes = 1000;

test.each([
  [
    'a probe',
    false,
    (port: number) =>
      systemDialer.httpGet({ url: `http://${host}:${port}/`, headers: [], timeoutMs, bodyBytes: 10 }),
  ],
  [
    'a post',
    false,
    (port: number) =>
      httpPoster({}).post({
        url: new URL(`http://${host}:${port}/`),
        headers: {},
        body: Buffer.alloc(1),
        timeoutMs,
        limitBytes,
      }),
  ],
  [
    'a get',
    true,
    (port: number) => httpsGetter({ ca }).get({ host, port, target: '/', timeoutMs, limitBytes }),
  ],
])(
  '%s is over when its server switches to a protocol that nobody asked for',
  async (_what, isSecure, ask) => {
    const port = await serve(switches, isSecure);
    await expect(ask(port)).rejects.toThrow(/switch/);
    await expect.poll(() => open.size).toBe(0);
  },
);

test('an upgrade that is refused without end is over after some of that', async () => {
  const port = await serve(endless(403));
  const asked = dialUpgrade({
    url: `http://${host}:${port}/`,
    method: 'GET',
    headers: { Upgrade: 'x' },
    timeoutMs: 10_000,
  });
  await expect(asked).rejects.toMatchObject({ statusCode: 403 });
  await expect.poll(() => open.size).toBe(0);
});

test('a body that is longer than it may be is hung up on', async () => {
  const port = await serve(endless(200));
  const socket = connect(port, host);
  const answer = await callOver(socket, { method: 'GET', target: '/', headers: {}, timeoutMs: 10_000 });
  await expect(wholeBody(answer, limitBytes)).rejects.toThrow('body is larger than 1000 bytes');
  await expect.poll(() => open.size).toBe(0);
});

test('a server that never says who it is has only so long, over a connection that stands already', async () => {
  const port = await serve((socket) => void socket.resume());
  const socket = connect(port, host);
  await expect(secured(socket, { insecure: true }, timeoutMs)).rejects.toThrow('TLS handshake timeout');
  await expect.poll(() => open.size).toBe(0);
});
