import { connect, type IncomingHttpHeaders } from 'node:http2';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { systemRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { startApiServer } from '../testing-api-server.ts';
import type { ApiServerOptions } from '../server.ts';

const start = async (options: Partial<ApiServerOptions>) => {
  const server = await startApiServer(options);
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    return server.stop();
  };
  onTestFinished(async () => {
    if (!isStopped) await server.stop();
  });
  const identity = await server.client('root', 'system:masters');
  const session = connect(server.origin, identity);
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
      const stream = session.request({ ':path': path, ':method': method, ...headers });
      let text = '';
      let answered: IncomingHttpHeaders = {};
      stream.on('response', (head) => (answered = head));
      stream.on('data', (chunk: Buffer) => (text += chunk));
      stream.once('error', reject);
      stream.end();
      stream.once('end', () => resolve({ status: Number(answered[':status']), headers: answered, text }));
    });
  return { server, session, ask, stop };
};

describe('pages of other sites', () => {
  const edge = { allowedOrigins: ['//example\\.com(:|$)'] };
  const origin = 'https://example.com:8443';
  const allowed = {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
    'access-control-allow-headers':
      'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
    'access-control-expose-headers': 'Date',
    'access-control-allow-credentials': 'true',
  };

  test('may ask where their origin is allowed, and are told so before', async () => {
    const { ask } = await start({ edge });
    const answer = await ask('/api', { origin });
    expect(answer).toMatchObject({ status: 200, headers: allowed });
    const failure = await ask('/none', { origin });
    expect(failure).toMatchObject({ status: 404, headers: allowed });
    const before = await ask('/api/v1/pods', { origin, 'audit-id': 'a' }, 'OPTIONS');
    const headers = { ...allowed, 'audit-id': 'a', 'cache-control': 'no-cache, private' };
    expect(before).toMatchObject({ status: 204, text: '', headers });
  });

  test('may not where it is not, or nobody says so', async () => {
    const { ask } = await start({ edge });
    for (const headers of [{ origin: 'https://example.com.evil' }, undefined])
      expect((await ask('/api', headers)).headers).not.toHaveProperty('access-control-allow-origin');
    const { status } = await ask('/api/v1/pods', { origin: 'https://other' }, 'OPTIONS');
    expect(status).toBe(405);
    const closed = await start({});
    expect((await closed.ask('/api', { origin })).headers).not.toHaveProperty('access-control-allow-origin');
  });
});

test('browsers are told to stay with TLS', async () => {
  const { ask } = await start({ edge: { transportSecurity: ['max-age=31536000', 'preload'] } });
  for (const path of ['/api', '/none'])
    expect((await ask(path)).headers['strict-transport-security']).toBe('max-age=31536000; preload');
});

test('some of all requests end their connection, and are answered', async () => {
  let chance = 0.02;
  const random = { ...systemRandom, next: () => chance };
  const platform = { clock: systemClock, log: silentLog, random };
  const { ask, session } = await start({ edge: { goawayChance: 0.02 }, platform });
  const gone = vi.fn();
  session.once('goaway', gone);
  expect((await ask('/api')).status).toBe(200);
  expect((await ask('/api')).status).toBe(200);
  expect(gone).not.toHaveBeenCalled();
  chance = 0.019;
  expect((await ask('/api')).status).toBe(200);
  await expect.poll(() => gone.mock.calls.length).toBe(1);
});

test('one connection has as many requests at once as it may', async () => {
  const { session, ask } = await start({ streamsPerConnection: 3 });
  await ask('/api');
  expect(session.remoteSettings.maxConcurrentStreams).toBe(3);
});

describe('a server that is to end', () => {
  test('answers as before for a while, but is not ready', async () => {
    const clock = new VirtualClock();
    const platform = { clock, log: silentLog, random: systemRandom };
    const { server, ask, stop } = await start({ platform, shutdownDelayMs: 70_000 });
    expect((await ask('/readyz')).status).toBe(200);
    const drained = vi.fn();
    void server.api.drain().then(drained);
    const ended = stop();
    for (const elapsedMs of [0, 69_000]) {
      await clock.advance(elapsedMs);
      expect(await ask('/readyz')).toMatchObject({ status: 500, text: expect.stringContaining('shutdown') });
      for (const path of ['/livez', '/healthz', '/api/v1/namespaces'])
        expect((await ask(path)).status).toBe(200);
    }
    expect(drained).not.toHaveBeenCalled();
    await clock.advance(1000);
    await ended;
    expect(drained).toHaveBeenCalled();
  });

  test('tells clients to come back, until those before them have been answered', async () => {
    const { server, session, ask } = await start({ edge: { sendRetryAfter: true } });
    const post = session.request({
      ':path': '/api/v1/namespaces',
      ':method': 'POST',
      'content-type': 'application/json',
    });
    const status = new Promise((resolve) => post.once('response', (head) => resolve(head[':status'])));
    post.write('{"metadata":');
    await ask('/api');
    const drained = vi.fn();
    void server.api.drain().then(drained);
    const other = connect(server.origin, await server.client('root', 'system:masters'));
    onTestFinished(() => other.destroy());
    const seen = await new Promise<IncomingHttpHeaders & { text: string }>((resolve) => {
      const stream = other.request({ ':path': '/api/v1/namespaces' });
      let headers: IncomingHttpHeaders = {};
      let text = '';
      stream.on('response', (head) => (headers = head));
      stream.on('data', (chunk: Buffer) => (text += chunk));
      stream.once('end', () => resolve({ ...headers, text }));
    });
    expect(seen).toMatchObject({
      ':status': 429,
      'retry-after': '5',
      text: 'The apiserver is shutting down, please try again later.\n',
    });
    await expect.poll(() => other.closed).toBe(true);
    expect((await ask('/livez')).status).toBe(200);
    expect(drained).not.toHaveBeenCalled();
    post.end('{"name":"last"}}');
    expect(await status).toBe(201);
    await expect.poll(() => drained.mock.calls.length).toBe(1);
  });
});
