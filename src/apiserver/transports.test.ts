import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { transportContract } from '../client/contract-transport.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { PassedTransport, passTransport } from '../client/passed-transport.ts';
import { connectHttps } from '../platform/http-client.ts';
import { startApiServer } from './testing-api-server.ts';

const root = { name: 'root', groups: ['system:masters'] };
const jane = { name: 'jane', groups: ['system:authenticated'] };

transportContract('in process', async () => {
  const { api, stop } = await startApiServer();
  return { transport: api.transportFor(root), nobody: api.transportFor(jane), stop };
});

transportContract('over HTTPS', async () => {
  const { origin, client, stop } = await startApiServer();
  const as = async (name: string, ...groups: string[]) =>
    new HttpTransport({
      connect: connectHttps,
      servers: [origin],
      tls: await client(name, ...groups),
      userAgent: 'test',
    });
  const [transport, nobody] = [await as('root', 'system:masters'), await as('jane')];
  return {
    transport,
    nobody,
    async stop() {
      transport.close();
      nobody.close();
      await stop();
    },
  };
});

transportContract('through another thread', async () => {
  const { api, stop } = await startApiServer();
  const passed: { close(): void }[] = [];
  const through = (user: typeof root) => {
    const { port1, port2 } = new MessageChannel();
    passed.push(passTransport(port1, api.transportFor(user)), port1, port2);
    return new PassedTransport(port2);
  };
  return {
    transport: through(root),
    nobody: through(jane),
    async stop() {
      for (const one of passed) one.close();
      await stop();
    },
  };
});

test('a server that cannot be reached is unavailable; the next one of the list is tried', async () => {
  const t = await startApiServer();
  const tls = await t.client('root', 'system:masters');
  const gone = 'https://127.0.0.1:1';
  const options = { connect: connectHttps, tls, userAgent: 'test' };
  const alone = new HttpTransport({ ...options, servers: [gone] });
  const get = { method: 'GET', path: '/api/v1/namespaces/default' } as const;
  await expect(alone.request(get)).rejects.toMatchObject({
    code: 503,
    reason: 'ServiceUnavailable',
    message: 'the API server cannot be reached: connect ECONNREFUSED 127.0.0.1:1',
  });
  const both = new HttpTransport({ ...options, servers: [gone, t.origin] });
  expect(await both.request(get)).toMatchObject({ kind: 'Namespace' });
  both.close();
  await t.stop();
});

test('when the server stops, watches end with an error and requests are refused', async () => {
  const t = await startApiServer();
  const tls = await t.client('root', 'system:masters');
  const transport = new HttpTransport({ connect: connectHttps, tls, userAgent: 'test', servers: [t.origin] });
  let ended: unknown = 'no';
  const onEnd = (error?: Error) => {
    ended = error ?? 'ordinary';
  };
  await transport.watch({ method: 'GET', path: '/api/v1/namespaces' }, { onEvent: () => {}, onEnd });
  await t.stop();
  await expect.poll(() => ended).not.toBe('no');
  await expect(transport.request({ method: 'GET', path: '/api/v1/namespaces' })).rejects.toMatchObject({
    code: 503,
  });
  transport.close();
});
