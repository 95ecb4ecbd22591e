import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { listenPlainHttp } from './plain-http-server.ts';

const host = '127.0.0.1';
const hello = () =>
  listenPlainHttp({
    host,
    port: 0,
    onRequest: ({ method, target }, reply) => reply.send(200, {}, [Buffer.from(`${method} ${target}`)]),
  });

test('whoever asks is answered, several times on one connection', async () => {
  const server = await hello();
  for (const path of ['/', '/a?b=c'])
    expect(await (await fetch(`http://${host}:${server.port}${path}`)).text()).toBe(`GET ${path}`);
  await server.close();
});

test('a port that another has is refused', async () => {
  const first = await hello();
  await expect(listenPlainHttp({ host, port: first.port, onRequest: () => {} })).rejects.toThrow(
    'EADDRINUSE',
  );
  await first.close();
});

test('closing does not wait for clients that hold their connection, and frees the port', async () => {
  const server = await hello();
  const socket = connect(server.port, host);
  await once(socket, 'connect');
  const gone = once(socket, 'close');
  await server.close();
  await gone;
  const again = await listenPlainHttp({ host, port: server.port, onRequest: () => {} });
  await again.close();
});
