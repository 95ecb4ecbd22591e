import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, issue } from '../cluster/pki.ts';
import { systemClock } from './clock.ts';
import type { HttpServer } from './http.ts';
import { listenHttps } from './http-server.ts';
import { type HttpsGetter, httpsGetter } from './https-get.ts';
import { systemRandom } from './random.ts';

let server: HttpServer;
let getter: HttpsGetter;
/** One a connection. */
const peers = new Set<object>();

beforeAll(async () => {
  const means = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(means);
  const pair = await issue(authority, { commonName: 's', hosts: ['127.0.0.1'], usages: ['server'] }, means);
  server = await listenHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { cert: pair.certificate, key: pair.key, clientCa: authority.certificate },
    http1Only: true,
    onRequest: ({ target, peer }, reply) => {
      if (peer) peers.add(peer);
      const body = Buffer.from(`this is ${target}`);
      const headers = { 'content-length': String(body.length) };
      if (target !== '/silent') reply.send(target === '/' ? 200 : 404, headers, [body]);
    },
    onUpgrade() {},
  });
  const client = await issue(authority, { commonName: 'c', usages: ['client'] }, means);
  getter = httpsGetter({ ca: authority.certificate, cert: client.certificate, key: client.key });
});
afterAll(async () => {
  getter.close();
  await server.close();
});

const get = (target: string, more: object = {}) =>
  getter.get({ host: '127.0.0.1', port: server.port, target, timeoutMs: 5000, limitBytes: 100, ...more });

test('an answer comes with its status', async () => {
  expect(await get('/')).toEqual({ status: 200, text: 'this is /' });
  expect(await get('/none')).toEqual({ status: 404, text: 'this is /none' });
  expect(peers.size).toBe(1);
});

test('what is too long, too late or no longer wanted is an error', async () => {
  await expect(get('/', { limitBytes: 3 })).rejects.toThrow(/3/);
  await expect(get('/silent', { timeoutMs: 20 })).rejects.toThrow(/abort/);
  await expect(get('/', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow();
  expect(await get('/')).toMatchObject({ status: 200 });
});
