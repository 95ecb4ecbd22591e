import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { endWhenIdle, joinStreams } from './join-streams.ts';

const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) {
    if ('destroy' in one) one.destroy();
    else one.close();
  }
});

/** Both ends of a connection on loopback. */
async function pair(): Promise<[near: Socket, far: Socket]> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const near = await accepted;
  open.push(server, near, far);
  return [near, far];
}

async function joined() {
  const [[a, client], [b, backend]] = await Promise.all([pair(), pair()]);
  return { client, backend, over: joinStreams(a, b) };
}

const read = (socket: Socket) =>
  new Promise<Buffer>((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });

test('a client that reads slowly gets all that a backend sent before it hung up', async () => {
  const { client, backend, over } = await joined();
  const sent = Buffer.alloc(8 << 20, 'x');
  backend.end(sent);
  let size = 0;
  for await (const chunk of client) {
    size += (chunk as Buffer).length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(size).toBe(sent.length);
  await over;
});

test('a client that does not read holds the backend back', async () => {
  const { client, backend } = await joined();
  client.pause();
  let taken = 0;
  const chunk = Buffer.alloc(1 << 20);
  const stuck = new Promise<void>((resolve) => {
    const more = () => {
      // Kernels keep a few megabytes; a hundred would have to be in this process.
      while (taken < 100 && backend.write(chunk)) taken++;
      if (taken >= 100) resolve();
      else backend.once('drain', more);
    };
    more();
    const check = () => (backend.writableLength > 0 ? resolve() : setImmediate(check));
    setImmediate(check);
  });
  await stuck;
  expect(taken).toBeLessThan(100);
});

test('each side learns that the other has gone', async () => {
  const first = await joined();
  const backendGone = read(first.backend);
  first.client.destroy();
  await Promise.all([backendGone, first.over]);
  const second = await joined();
  const clientGone = read(second.client);
  second.backend.resetAndDestroy();
  await Promise.all([clientGone, second.over]);
});

test('a connection over which nothing goes ends', async () => {
  const [near, far] = await pair();
  endWhenIdle(near, 20);
  expect((await read(far)).length).toBe(0);
});
