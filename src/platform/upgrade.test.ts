import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { dialUpgrade } from './upgrade.ts';

/** A server that switches protocols, says its last words, and hangs up over what it has not read. */
async function rudeServer(words: string) {
  const server = createServer().listen(0, '127.0.0.1');
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n');
    socket.once('data', () => {
      socket.pause();
      socket.write(words, () => (socket as Socket).resetAndDestroy());
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

test('what a server said before it hung up over unread input is read, though writing to it has failed', async () => {
  const server = await rudeServer('last words');
  const headers = { Upgrade: 'test' };
  const { socket } = await dialUpgrade({ url: server.url, method: 'POST', headers, timeoutMs: 5000 });
  socket.on('error', () => {});
  const chunk = Buffer.alloc(1 << 20);
  const write = () => new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
  for (let i = 0; i < 32; i++) await write();
  let said = '';
  socket.on('data', (bytes: Buffer) => {
    said += bytes;
  });
  await once(socket, 'close');
  expect(said).toBe('last words');
  server.close();
});
