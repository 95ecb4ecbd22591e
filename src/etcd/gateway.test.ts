import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

const base64 = (text: string) => Buffer.from(text).toString('base64');
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { method: 'POST', body: JSON.stringify(body), headers });
const count = async (key: string) => {
  const answer = await post('/v3/kv/range', { key: base64(key) });
  return ((await answer.json()) as { count?: string }).count;
};

test.each([
  ['another site', 'https://example.com'],
  ['a file, or a frame in a sandbox', 'null'],
  ['a name that leads here now (DNS rebinding)', 'http://rebound.example.com:2379'],
])('a page in a browser may ask for nothing: that of %s', async (_whose, origin) => {
  const body = { key: base64('from a page'), value: base64('1') };
  const simple = { origin, host: origin.replace(/^https?:\/\//, ''), 'content-type': 'text/plain' };
  const answer = await post('/v3/kv/put', body, simple);
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ code: 7, message: expect.stringContaining('browser') });
  expect(await count('from a page')).toBeUndefined();
});

test('what is no page is answered whatever it calls its body, as etcd does', async () => {
  const type = 'application/x-www-form-urlencoded';
  const body = { key: base64('from curl'), value: base64('1') };
  expect((await post('/v3/kv/put', body, { 'content-type': type })).status).toBe(200);
  expect(await count('from curl')).toBe('1');
});

test.each([
  ['a key that is none', '/v3/election/proclaim', { leader: { key: '', rev: 0 } }, 'key is not provided'],
  [
    'a lease that is not there',
    '/v3/election/proclaim',
    { leader: { key: base64('p'), rev: 0, lease: 77 } },
    'requested lease not found',
  ],
])(
  'a proclamation under %s is refused, and what is written after it is answered',
  async (_what, path, body, why) => {
    const refused = await post(path, body);
    expect({ status: refused.status, ...((await refused.json()) as object) }).toMatchObject({
      message: `etcdserver: ${why}`,
    });
    expect((await post('/v3/kv/put', { key: base64('after') })).status).toBe(200);
  },
);

test.each([{ sort_order: -1 }, { sort_order: 1, sort_target: -1 }, { sort_order: 3 }])(
  'an order that there is not is refused: %j',
  async (sort) => {
    for (const key of ['sorted/1', 'sorted/2']) await post('/v3/kv/put', { key: base64(key) });
    const answer = await post('/v3/kv/range', {
      key: base64('sorted/'),
      range_end: base64('sorted0'),
      ...sort,
    });
    expect(await answer.json()).toMatchObject({ message: 'etcdserver: invalid sort option' });
  },
);
