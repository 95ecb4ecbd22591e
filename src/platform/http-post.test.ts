import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../cluster/pki.ts';
import { systemClock } from './clock.ts';
import type { HttpServer } from './http.ts';
import { systemConnector } from './connect.ts';
import { httpPoster, posterOver } from './http-post.ts';
import { listenHttps } from './http-server.ts';
import { systemRandom } from './random.ts';

let authority: KeyPair;
let secure: HttpServer;
const sockets = new Set<object>();
const plain = createServer((request, response) => {
  sockets.add(request.socket);
  if (request.url === '/silent') return;
  const { method, headers } = request;
  request.on('data', () => {});
  request.on('end', () => response.end(`${method} ${headers['content-length']} ${headers['x-a']}`));
});

beforeAll(async () => {
  const means = { clock: systemClock, random: systemRandom };
  authority = await createAuthority(means);
  const pair = await issue(authority, { commonName: 's', hosts: ['else.where'], usages: ['server'] }, means);
  secure = await listenHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { cert: pair.certificate, key: pair.key, clientCa: authority.certificate },
    http1Only: true,
    onRequest: (_, reply) => reply.send(200, { 'content-length': '4' }, [Buffer.from('safe')]),
    onUpgrade() {},
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  plain.closeAllConnections();
  plain.close();
  await secure.close();
});

const common = { headers: { 'x-a': 'b' }, body: Buffer.from('abc'), timeoutMs: 5000, limitBytes: 100 };
const plainUrl = (path: string) =>
  new URL(`http://127.0.0.1:${(plain.address() as AddressInfo).port}${path}`);
const secureUrl = () => new URL(`https://127.0.0.1:${secure.port}/`);

test('the body comes with the headers, and connections are kept', async () => {
  const poster = httpPoster({});
  const answer = { status: 200, text: 'POST 3 b' };
  expect(await poster.post({ ...common, url: plainUrl('/') })).toEqual(answer);
  expect(await poster.post({ ...common, url: plainUrl('/') })).toEqual(answer);
  expect(sockets.size).toBe(1);
  poster.close();
});

test('what is too long, too late or no longer wanted is an error', async () => {
  const poster = httpPoster({});
  const post = (path: string, more: object) => poster.post({ ...common, url: plainUrl(path), ...more });
  await expect(post('/', { limitBytes: 3 })).rejects.toThrow(/3/);
  await expect(post('/silent', { timeoutMs: 20 })).rejects.toThrow(/^context deadline exceeded/);
  const enough = new Error('enough');
  await expect(post('/', { signal: AbortSignal.abort(enough) })).rejects.toBe(enough);
  await expect(post('/silent', { signal: AbortSignal.timeout(20) })).rejects.toThrow(/timeout/);
  poster.close();
});

test('the server must be who the certificate says, unless nobody minds', async () => {
  const ca = authority.certificate;
  const post = async (tls: object) => {
    const poster = httpPoster(tls);
    try {
      return (await poster.post({ ...common, url: secureUrl() })).text;
    } finally {
      poster.close();
    }
  };
  expect(await post({ ca, serverName: 'else.where' })).toBe('safe');
  expect(await post({ insecure: true })).toBe('safe');
  await expect(post({ ca })).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  await expect(post({ serverName: 'else.where' })).rejects.toThrow(/certificate/);
});

test('over connections of a connector: what is asked over one that ends just then is asked again, over a new one it is not', async () => {
  const asked = new Map<object, number>();
  const hasty = createServer((request, response) => {
    const count = (asked.get(request.socket) ?? 0) + 1;
    asked.set(request.socket, count);
    request.resume();
    if (count > 1 || request.url === '/never') request.socket.destroy();
    else response.end('yes');
  });
  await new Promise<void>((resolve) => hasty.listen(0, '127.0.0.1', resolve));
  const to = { host: '127.0.0.1', port: (hasty.address() as AddressInfo).port, timeoutMs: 5000 };
  const poster = posterOver(systemConnector);
  const post = (path: string) => poster.post(to, { ...common, url: new URL(path, 'https://hook.svc') });
  expect(await post('/')).toEqual({ status: 200, text: 'yes' });
  expect(await post('/')).toEqual({ status: 200, text: 'yes' });
  expect([...asked.values()]).toEqual([2, 1]);
  await expect(post('/never')).rejects.toThrow('socket hang up');
  expect([...asked.values()]).toEqual([2, 2, 1]);
  await expect(poster.post({ ...to, port: 1 }, { ...common, url: new URL('https://x') })).rejects.toThrow(
    'ECONNREFUSED',
  );
  hasty.close();
});
