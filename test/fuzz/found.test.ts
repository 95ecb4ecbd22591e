import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Arena, ask, openArena } from './arena.ts';
import { token } from './make-request.ts';

/** What the fuzzer has found, so that it stays away. */

let arena: Arena;
beforeAll(async () => {
  arena = await openArena('local');
});
afterAll(() => arena.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';

async function send(method: string, target: string, options: { body?: unknown; headers?: object } = {}) {
  const { body, headers } = options;
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? '');
  const all = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers };
  const bytes = body === undefined ? new Uint8Array() : Buffer.from(text);
  const reply = await arena.channel.send({ method, target, headers: all, body: bytes });
  return { code: reply.code, json: JSON.parse(reply.body.toString()) };
}

test('a collection is deleted by requests over the network, which are classes with getters', async () => {
  for (const name of ['x', 'y']) {
    await send('POST', configMaps, { body: { metadata: { name, labels: { gone: 'soon' } } } });
  }
  const { code, json } = await send('DELETE', `${configMaps}?labelSelector=gone`);
  expect(code).toBe(200);
  expect(json.items).toHaveLength(2);
  expect((await send('GET', `${configMaps}?labelSelector=gone`)).json.items).toEqual([]);
  expect(arena.takeErrors()).toEqual([]);
});

test('reviews without a spec are told what they lack', async () => {
  const reviews = ['authentication.k8s.io/v1/tokenreviews', 'authorization.k8s.io/v1/subjectaccessreviews'];
  for (const path of reviews) {
    const { code } = await send('POST', `/apis/${path}`, { body: {} });
    expect(code).toBeGreaterThanOrEqual(400);
    expect(code).toBeLessThan(500);
  }
  expect(arena.takeErrors()).toEqual([]);
});

test('half a character is stored as the replacement character, as protobuf has it', async () => {
  await send('POST', configMaps, { body: '{"metadata":{"name":"half"},"data":{"a":"\\ud800"}}' });
  await send('PATCH', `${configMaps}/half`, {
    body: '{"data":{"b":"\\udc00"}}',
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  const { json } = await send('GET', `${configMaps}/half`);
  expect(json.data).toEqual({ a: '\ufffd', b: '\ufffd' });
});

test('a write whose answer could not be written as asked changes nothing', async () => {
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  const body = { metadata: { name: 'unanswerable' } };
  const { code, json } = await send('POST', configMaps, { body, headers: { accept } });
  expect(code).toBe(406);
  expect(json.message).toContain(
    'you requested PartialObjectMetadataList, but the requested object is not a list',
  );
  const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const odd = await send('POST', `${configMaps}?includeObject=All`, { body, headers: asTable });
  expect(odd.code).toBe(400);
  expect((await ask(arena.channel, 'GET', `${configMaps}/unanswerable`)).code).toBe(404);
});
