import { afterEach, beforeEach, expect, test } from 'vitest';
import { testCertificate } from '../apiserver/corridor/testing-server.ts';
import { connectHttps, type HttpClient } from './http-client.ts';
import type { HttpServer } from './http.ts';
import { listenHttps } from './http-server.ts';

const streamsPerConnection = 4;

let server: HttpServer;
let client: HttpClient;

beforeEach(async () => {
  const {
    certificate: cert,
    key,
    ca,
  } = await testCertificate({
    commonName: 'server',
    hosts: ['127.0.0.1'],
    usages: ['server'],
  });
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
