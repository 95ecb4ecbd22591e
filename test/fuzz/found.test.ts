import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeProtobuf } from '../../src/machinery/protobuf.ts';
import { type Arena, ask, busyMs, openArena } from './arena.ts';
import { token } from './make-request.ts';

/** What the fuzzer has found, so that it stays away. */

let arena: Arena;
beforeAll(async () => {
  arena = await openArena('local');
});
afterAll(() => arena.stop());

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } };
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

test('who writes without a name is one manager, however often', async () => {
  const made = await send('POST', configMaps, { body: { metadata: { name: 'nameless' }, data: { a: '1' } } });
  const body = { ...made.json, data: { a: '1', b: '2' } };
  const { json } = await send('PUT', `${configMaps}/nameless`, { body });
  expect(json.metadata.managedFields).toHaveLength(1);
  expect(json.metadata.managedFields[0].fieldsV1['f:data']).toEqual({ '.': {}, 'f:a': {}, 'f:b': {} });
});

test('a cause that names no object as it should is refused, and stored nowhere', async () => {
  for (const object of [5, {}, { apiVersion: 5, kind: 'Pod' }, { apiVersion: 'v1', kind: 'Pod', name: [] }]) {
    const headers = { 'k8ts-cause': encodeURIComponent(JSON.stringify({ reason: 'x', object })) };
    const { code } = await send('POST', configMaps, { body: { metadata: { generateName: 'g' } }, headers });
    expect(code).toBe(400);
  }
  expect(arena.takeErrors()).toEqual([]);
});

test('numbers beyond all bounds are refused', async () => {
  expect(() => encodeProtobuf({ ...deployment, spec: { replicas: Number.POSITIVE_INFINITY } })).toThrow(
    '64 bits',
  );
  const things = '/apis/example.com/v1/namespaces/default/things';
  for (const number of ['1e400', '-1e400']) {
    const spec = `{"size":1,"any":{"n":${number}}}`;
    const body = `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"big"},"spec":${spec}}`;
    expect((await send('POST', things, { body })).code).toBe(400);
    const headers = { 'content-type': 'application/merge-patch+json' };
    const patch = `{"spec":{"any":${number}}}`;
    expect((await send('PATCH', `${things}/seed`, { body: patch, headers })).code).toBe(400);
    const scaled = `{"metadata":{"name":"d"},"spec":{"replicas":${number}}}`;
    expect((await send('POST', '/apis/apps/v1/namespaces/default/deployments', { body: scaled })).code).toBe(
      400,
    );
  }
});

/** Far more than any of these takes where it grows with its size, and far less than with the square of it. */
const boundMs = 20_000;
const many = (count: number, of: (i: number) => object) => Array.from({ length: count }, (_, i) => of(i));

test.each([
  ['a path of slashes', () => send('GET', `/x${'/'.repeat(200_000)}y`)],
  [
    'an object with thousands of managers',
    () => {
      const managedFields = many(12_000, (i) => ({
        manager: `m${i}`,
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { [`f:k${i}`]: {} } },
      }));
      return send('POST', configMaps, { body: { metadata: { name: 'managed', managedFields } } });
    },
  ],
  [
    'a container with thousands of variables and ports',
    () => {
      const env = many(20_000, (i) => ({ name: `E${i}`, value: 'x' }));
      const ports = many(15_000, (i) => ({ containerPort: i + 1 }));
      const containers = [{ name: 'a', image: 'b', env, ports }];
      return send('POST', '/api/v1/namespaces/default/pods', {
        body: { metadata: { name: 'large' }, spec: { containers } },
      });
    },
  ],
])(
  '%s is answered in time that grows with its size',
  async (_, work) => {
    const { value, cpuMs } = await busyMs(work);
    expect(value.code).not.toBe(413);
    expect(cpuMs).toBeLessThan(boundMs);
  },
  120_000,
);

/** A little less than an object may hold, where each has a value in it. */
const count = 49_000;
const same = (item: unknown) => Array(count).fill(item);
const keyed = (key: (i: number) => string, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [key(i), value]));
const named = { name: 'x' };
const containers = [{ name: 'c', image: 'i' }];
const request = { request: 'eA==', signerName: 'a.b/c' };

/** Lists and maps that are as wrong as an object has room for. */
const wrongAllOver: [what: string, path: string, body: object][] = [
  ['labels', configMaps, { metadata: { ...named, labels: keyed(String, '-') } }],
  ['annotations', configMaps, { metadata: { ...named, annotations: keyed((i) => `-${i}`, '') } }],
  ['finalizers', configMaps, { metadata: { ...named, finalizers: same('-') } }],
  ['owners', configMaps, { metadata: { ...named, ownerReferences: same({}) } }],
  ['keys', configMaps, { metadata: named, data: keyed((i) => `/${i}`, '') }],
  [
    'usages',
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    { metadata: named, spec: { ...request, usages: same('a') } },
  ],
  [
    'tolerations',
    '/api/v1/namespaces/default/pods',
    { metadata: named, spec: { containers, tolerations: same({ key: '-' }) } },
  ],
  ['ports', '/api/v1/namespaces/default/services', { metadata: named, spec: { ports: same({}) } }],
  ['rules', '/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: named, rules: same({}) }],
  ['taints', '/api/v1/nodes', { metadata: named, spec: { taints: same({ key: '-' }) } }],
];

test.each(wrongAllOver)(
  '%s that are all wrong are refused, quickly',
  async (_what, path, body) => {
    const { value, cpuMs } = await busyMs(() => send('POST', path, { body }));
    expect(value.code).toBe(422);
    expect(cpuMs).toBeLessThan(boundMs / 4);
    expect(arena.takeErrors()).toEqual([]);
  },
  120_000,
);
