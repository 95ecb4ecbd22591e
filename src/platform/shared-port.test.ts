import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listenShared, type SharedPort } from './shared-port.ts';

let shared: SharedPort;
const taken: unknown[] = [];
const open: Socket[] = [];

beforeEach(async () => {
  shared = await listenShared({
    host: '127.0.0.1',
    port: 0,
    limits: { startMs: 100, headersMs: 100, requestMs: 200 },
    onHttp2: (connection) => void taken.push(connection),
    onRequest: async (request, reply) => {
      if (request.target === '/watch') reply.open(200, {}).write(Buffer.from('x'));
      else reply.send(200, {}, [await request.body(1000).catch(() => Buffer.alloc(0))]);
    },
  });
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await shared.close();
});

/** What is answered on a connection until it ends. */
function answered(said: string): Promise<string> {
  const socket = connect(shared.port, '127.0.0.1');
  open.push(socket);
  socket.write(said);
  return text(socket);
}

const head = 'POST / HTTP/1.1\r\nHost: x\r\n';

test.each([
  ['nothing', '', ''],
  ['half of a head', head, '408 Request Timeout'],
  ['half of a body', `${head}Content-Length: 10\r\n\r\nabc`, '408 Request Timeout'],
])('a client that says %s is hung up on', async (_what, said, answer) => {
  expect(await answered(said)).toContain(answer);
});

test('a client that has asked is left alone, in either protocol', async () => {
  const session = connectHttp2(`http://127.0.0.1:${shared.port}`).on('error', () => {});
  const watch = answered('GET /watch HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await Promise.race([watch, new Promise((resolve) => setTimeout(resolve, 600))])).toBeUndefined();
  expect(session.destroyed).toBe(false);
  session.destroy();
});
