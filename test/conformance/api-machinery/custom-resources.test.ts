import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import { createAuthority, issue } from '../../../src/cluster/pki.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import type { Any } from '../support/api.ts';
import { type ConformanceCluster, eventually, startConformanceCluster } from '../support/cluster.ts';
import { define, object, type Served } from '../support/definitions.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];
let converter: { server: Server; conversion: object };

beforeAll(async () => {
  converter = await startConverter();
  cluster = await startConformanceCluster();
  ({ api } = cluster);
});
afterAll(async () => {
  await cluster?.stop();
  converter?.server.close();
  converter?.server.closeAllConnections();
});

/** v1 has `hostPort: "host:port"`, v2 has `host` and `port`. */
function convert(from: Any, desired: string): Any {
  const { hostPort, host, port, ...rest } = from;
  const isV1 = desired.endsWith('/v1');
  const [first, second] = hostPort ? hostPort.split(':') : [host, port];
  return {
    ...rest,
    apiVersion: desired,
    ...(isV1 ? { hostPort: `${first}:${second}` } : { host: first, port: second }),
  };
}

async function startConverter() {
  const platform = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(platform);
  const names = { commonName: 'converter', hosts: ['127.0.0.1'] };
  const pair = await issue(authority, { ...names, usages: ['server'] }, platform);
  const server = createServer({ cert: pair.certificate, key: pair.key }, async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { request } = JSON.parse(Buffer.concat(chunks).toString());
    const convertedObjects = request.objects.map((one: Any) => convert(one, request.desiredAPIVersion));
    const response = { uid: request.uid, result: { status: 'Success' }, convertedObjects };
    outgoing.end(
      JSON.stringify({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const clientConfig = {
    url: `https://127.0.0.1:${port}/convert`,
    caBundle: Buffer.from(authority.certificate).toString('base64'),
  };
  const webhook = { clientConfig, conversionReviewVersions: ['v1'] };
  return { server, conversion: { strategy: 'Webhook', webhook } };
}

const text = { type: 'string' };
const version = (name: string, properties: object, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: object(properties) },
});

const converted = () =>
  define(api, {
    versions: [version('v1', { hostPort: text }, true), version('v2', { host: text, port: text }, false)],
    more: { conversion: converter.conversion },
  });

line('conversion-single', async () => {
  const ns = await cluster.namespace();
  const served = await converted();
  await api.post(served.at(ns), served.object('one', { hostPort: 'localhost:8080' }));
  const read = await api.get(served.at(ns, { name: 'one', version: 'v2' }));
  expect(read).toMatchObject({ apiVersion: `${served.group}/v2`, host: 'localhost', port: '8080' });
  expect(read).not.toHaveProperty('hostPort');
  const back = await api.get(served.at(ns, { name: 'one' }));
  expect(back).toMatchObject({ apiVersion: `${served.group}/v1`, hostPort: 'localhost:8080' });
});

line('conversion-mixed-list', async () => {
  const ns = await cluster.namespace();
  const served = await converted();
  await api.post(served.at(ns), served.object('first', { hostPort: 'localhost:1' }));
  const store = [
    { op: 'replace', path: '/spec/versions/0/storage', value: false },
    { op: 'replace', path: '/spec/versions/1/storage', value: true },
  ];
  await api.patch(served.path, store, 'json');
  await eventually(async () => {
    expect((await api.get(served.path)).status.storedVersions).toEqual(['v1', 'v2']);
    return true;
  });
  await api.post(served.at(ns), served.object('second', { hostPort: 'localhost:2' }));
  const list = await api.get(served.at(ns, { version: 'v2' }));
  expect(list.items).toMatchObject([
    { apiVersion: `${served.group}/v2`, host: 'localhost', port: '1' },
    { apiVersion: `${served.group}/v2`, host: 'localhost', port: '2' },
  ]);
  const old = await api.get(served.at(ns));
  expect(old.items.map(({ hostPort }: Any) => hostPort)).toEqual(['localhost:1', 'localhost:2']);
});

line('definition-watch', async () => {
  const ns = await cluster.namespace();
  const served = await define(api);
  const watch = await api.watch(served.at(ns));
  for (const name of ['a', 'b']) {
    await api.post(served.at(ns), served.object(name, { spec: { size: 1 } }));
    expect((await watch.next('ADDED', name)).object).toMatchObject({ kind: served.kind, spec: { size: 1 } });
    await api.patch(served.at(ns, { name }), { spec: { size: 2 } });
    expect((await watch.next('MODIFIED', name)).object.spec).toEqual({ size: 2 });
    await api.delete(served.at(ns, { name }));
    await watch.next('DELETED', name);
  }
  expect(watch.seen).toHaveLength(6);
  watch.close();
});

line('definition-status', async () => {
  const { path } = await define(api);
  const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'set by a test' });
  expect((await api.get(`${path}/status`)).status.acceptedNames.kind).toBeTruthy();
  await api.update(`${path}/status`, ({ status }) => status.conditions.push(condition('StatusUpdate')));
  expect((await api.get(path)).status.conditions).toContainEqual(
    expect.objectContaining(condition('StatusUpdate')),
  );
  const { conditions } = (await api.get(path)).status;
  await api.patch(`${path}/status`, { status: { conditions: [...conditions, condition('StatusPatched')] } });
  expect((await api.get(path)).status.conditions).toContainEqual(
    expect.objectContaining(condition('StatusPatched')),
  );
});

/** Sets the defaults of the properties `a` and `b`, and waits until new objects have them. */
async function setDefaults(served: Served, ns: string, defaults: { a?: string; b?: string }): Promise<void> {
  await api.update(served.path, ({ spec }) => {
    const { properties } = spec.versions[0].schema.openAPIV3Schema;
    properties.a = { ...text, ...(defaults.a ? { default: defaults.a } : {}) };
    properties.b = { ...text, ...(defaults.b ? { default: defaults.b } : {}) };
  });
  await eventually(async () => {
    const { a, b } = await api.post(`${served.at(ns)}?dryRun=All`, served.object('probe'));
    expect({ a, b }).toEqual(defaults);
    return true;
  });
}

line('definition-defaulting', async () => {
  const ns = await cluster.namespace();
  const served = await define(api, { schema: object({ a: text, b: text }) });
  const path = served.at(ns, { name: 'one' });
  await api.post(served.at(ns), served.object('one'));
  expect(await api.get(path)).not.toHaveProperty('a');
  await setDefaults(served, ns, { a: 'A' });
  expect(await api.get(path)).toMatchObject({ a: 'A' });
  const second = await api.post(served.at(ns), served.object('two'));
  expect(second).toMatchObject({ a: 'A' });
  await setDefaults(served, ns, { b: 'B' });
  // What was only shown is gone; what was written with the second stays.
  expect(await api.get(path)).not.toHaveProperty('a');
  expect(await api.get(path)).toMatchObject({ b: 'B' });
  expect(await api.get(served.at(ns, { name: 'two' }))).toMatchObject({ a: 'A', b: 'B' });
});
