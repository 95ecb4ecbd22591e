import { afterEach, beforeEach, expect, test } from 'vitest';
import { testCertificate } from '../apiserver/corridor/testing-server.ts';
import { connectHttps, type HttpClient } from './http-client.ts';
import type { HttpServer } from './http.ts';
import { listenHttps } from './http-server.ts';

const streamsPerConnection = 4;

let server: HttpServer;
let client: HttpClient;
let ca: string;

beforeEach(async () => {
  const made = await testCertificate({ commonName: 'server', hosts: ['127.0.0.1'], usages: ['server'] });
  const { certificate: cert, key } = made;
  ca = made.ca;
  server = await listenHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { cert, key },
    limits: { streamsPerConnection },
    onRequest: (request, reply) => {
      if (request.target === '/watch') reply.open(200, {}).write(Buffer.from('x'));
      else reply.send(200, {}, [Buffer.from('y')]);
    },
  });
  client = connectHttps({ origin: `https://127.0.0.1:${server.port}`, tls: { ca } });
});
afterEach(async () => {
  client.close();
  await server.close(0);
});

const ask = (target: string) => client.call({ method: 'GET', target, timeoutMs: 2000 });

test('where more calls go on than a connection can hold, another is answered all the same', async () => {
  expect((await ask('/get')).status).toBe(200);
  const watches = await Promise.all(Array.from({ length: 3 * streamsPerConnection }, () => ask('/watch')));
  expect((await ask('/get')).status).toBe(200);
  for (const watch of watches) watch.abort();
  expect((await ask('/get')).status).toBe(200);
});

test('with other certificates what is under way goes on, and what comes next shows them', async () => {
  const begun = ask('/get');
  client.setTls({ ca });
  expect((await begun).status).toBe(200);

  const watch = await ask('/watch');
  const ended = new Promise((resolve) => watch.read({ onChunk: () => {}, onEnd: resolve }));
  client.setTls({});
  await expect(ask('/get')).rejects.toThrow(/certificate/);
  client.setTls({ ca });
  expect((await ask('/get')).status).toBe(200);
  const isOver = await Promise.race([ended.then(() => true), ask('/get').then(() => false)]);
  expect(isOver).toBe(false);
  client.close();
  await ended;
});
