import { request as httpsRequest } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { customresourcedefinitions } from '../../../api/generated/resources.ts';
import type { PatchType, Query, Transport } from '../../../client/transport.ts';
import { systemConnector } from '../../../platform/connect.ts';
import type { AuditEvent } from '../../audit/event.ts';
import { renamedKinds } from '../../extensions/testing.ts';
import type { Kind } from '../../registry/kind.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';
import { startWebhook, type TestWebhook } from './testing-webhook.ts';

let t: TestApiServer;
let hook: TestWebhook;
let api: Transport;
let admin: { cert: string; key: string; ca: string };
const audited: AuditEvent[] = [];
let last = 0;
const fresh = (prefix: string) => `${prefix}-${++last}`;

const group = 'tests.example.com';
const widgetResource = (version: string) => ({
  group,
  version,
  kind: 'Widget',
  plural: 'widgets',
  singular: 'widget',
  namespaced: true,
  shortNames: [],
  categories: [],
  type: '',
});
/** A custom kind whose schema knows one key of `data`; v2 is another form of it. */
const widgets: Kind = {
  resource: widgetResource('v1') as never,
  columns: [],
  prune(object) {
    const { data } = object as unknown as { data?: Record<string, unknown> };
    const unknown = Object.keys(data ?? {}).filter((key) => key.startsWith('unknown'));
    for (const key of unknown) delete data?.[key];
    return unknown.map((key) => `data.${key}`);
  },
};
const widgetsV2: Kind = {
  ...widgets,
  resource: widgetResource('v2') as never,
  storedAs: {
    resource: widgetResource('v1') as never,
    toStored: (object) => structuredClone(object),
    fromStored: (object) => structuredClone(object) as never,
  },
};

beforeAll(async () => {
  hook = await startWebhook({});
  t = await startApiServer({
    outside: systemConnector,
    pods: (options) => systemConnector({ ...options, host: '127.0.0.1' }),
    audit: {
      policy: { rules: [{ level: 'Metadata', namespaces: ['briefly'] }, { level: 'Request' }] },
      sinks: [{ record: (event) => void audited.push(event) }],
    },
  });
  admin = await t.client('root', 'system:masters');
  api = t.api.transportFor({ name: 'root', groups: ['system:masters'], extra: { from: ['test'] } });
  await t.api.dispatcher.serve(widgets);
  await t.api.dispatcher.serve(widgetsV2);
  for (const kind of renamedKinds()) await t.api.dispatcher.serve(kind);
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'exempt', labels: { skip: 'yes' } } });
});
afterAll(async () => {
  await t.stop();
  hook.close();
});
beforeEach(async () => {
  hook.asked.length = 0;
  for (const plural of Object.values(plurals)) await send('DELETE', `${configurations}/${plural}`);
});

const configurations = '/apis/admissionregistration.k8s.io/v1';
const plurals = {
  Mutating: 'mutatingwebhookconfigurations',
  Validating: 'validatingwebhookconfigurations',
};
const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const widgetPath = `/apis/${group}/v1/namespaces/default/widgets`;

interface More {
  contentType?: PatchType;
  query?: Query;
}

const send = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  more: More = {},
) => api.request({ method, path, body, ...more }) as Promise<any>;
const merge = (path: string, body: unknown) =>
  send('PATCH', path, body, { contentType: 'application/merge-patch+json' });

interface WireAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Over the wire, for what callers in the process do not see. */
function wire(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: object; body?: object } = {},
) {
  return new Promise<WireAnswer>((resolve, reject) => {
    const options = { method, headers: { ...headers }, agent: false as const, ...admin };
    const request = httpsRequest(`${t.origin}${path}`, options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

const configMap = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });
const rule = (resources: string[], operations: string[] = ['*'], more: object = {}) => ({
  apiGroups: ['*'],
  apiVersions: ['*'],
  resources,
  operations,
  ...more,
});

interface HookOptions {
  path: string;
  rules: object[];
  labels?: Record<string, string>;
  [field: string]: unknown;
}

const webhook = ({ path, rules, labels: _, ...more }: HookOptions) => ({
  name: `${path.slice(1)}.tests.example.com`,
  rules,
  clientConfig: { url: `https://127.0.0.1:${hook.port}${path}`, caBundle: hook.caBundle },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});

/** Registers webhooks in a configuration of their own; gives the configuration's path. */
async function register(kind: keyof typeof plurals, ...hooks: HookOptions[]): Promise<string> {
  const name = fresh('hooks');
  const metadata = { name, labels: hooks[0]?.labels };
  await send('POST', `${configurations}/${plurals[kind]}`, { metadata, webhooks: hooks.map(webhook) });
  return `${configurations}/${plurals[kind]}/${name}`;
}

/** Adds a key to `data`. */
const addKey =
  (key: string, value = 'yes') =>
  ({ object }: { object: any }) =>
    object.data
      ? [{ op: 'add', path: `/data/${key}`, value }]
      : [{ op: 'add', path: '/data', value: { [key]: value } }];
const deny = (message: string) => () => ({ allowed: false, status: { message } });
const denyText = (path: string, why: string) =>
  `admission webhook "${path.slice(1)}.tests.example.com" denied the request: ${why}`;

describe('mutating webhooks', () => {
  test('change new objects until they are deleted by label', async () => {
    hook.answers['/mutate'] = addKey('mutated');
    const labels = { batch: fresh('batch') };
    for (let i = 0; i < 10; i++) {
      await register('Mutating', { path: '/mutate', rules: [rule(['configmaps'], ['CREATE'])], labels });
    }
    const query = { labelSelector: `batch=${labels.batch}` };
    const list = `${configurations}/${plurals.Mutating}`;
    expect((await send('GET', list, undefined, { query })).items).toHaveLength(10);
    expect((await send('POST', configMaps, configMap(fresh('cm')))).data).toEqual({ mutated: 'yes' });
    await send('DELETE', list, undefined, { query });
    expect((await send('GET', list, undefined, { query })).items).toEqual([]);
    expect((await send('POST', configMaps, configMap(fresh('cm')))).data).toBeUndefined();
  });

  test('follow updates and patches of their rules', async () => {
    hook.answers['/mutate'] = addKey('mutated');
    const path = await register('Mutating', { path: '/mutate', rules: [rule(['configmaps'], ['CREATE'])] });
    const stored = structuredClone(await send('GET', path));
    stored.webhooks[0].rules[0].operations = ['UPDATE'];
    await send('PUT', path, stored);
    expect((await send('POST', configMaps, configMap(fresh('cm')))).data).toBeUndefined();
    const patch = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }];
    await send('PATCH', path, patch, { contentType: 'application/json-patch+json' });
    expect((await send('POST', configMaps, configMap(fresh('cm')))).data).toEqual({ mutated: 'yes' });
  });

  test('run in their order, each on what the one before has made', async () => {
    hook.answers['/first'] = addKey('first');
    hook.answers['/second'] = ({ object }) => (object.data?.first ? addKey('second')({ object }) : {});
    const rules = [rule(['configmaps'], ['CREATE'])];
    await register('Mutating', { path: '/first', rules }, { path: '/second', rules });
    const { data } = await send('POST', configMaps, configMap(fresh('cm')));
    expect(data).toEqual({ first: 'yes', second: 'yes' });
  });

  test('run again where they want to and a later one has changed the object', async () => {
    hook.answers['/early'] = ({ object }) => (object.data?.late ? addKey('saw')({ object }) : {});
    hook.answers['/late'] = ({ object }) => (object.data?.late ? {} : addKey('late')({ object }));
    const rules = [rule(['configmaps'], ['CREATE'])];
    await register(
      'Mutating',
      { path: '/early', rules, reinvocationPolicy: 'IfNeeded' },
      { path: '/late', rules },
    );
    expect((await send('POST', configMaps, configMap(fresh('cm')))).data).toEqual({
      late: 'yes',
      saw: 'yes',
    });
    expect(hook.asked.map(({ path }) => path)).toEqual(['/early', '/late', '/early']);
  });

  test('what they add gets its defaults, and built-in plugins see it', async () => {
    const container = { name: 'init', image: 'init' };
    hook.answers['/pod'] = ({ object }) =>
      object.spec.initContainers ? {} : [{ op: 'add', path: '/spec/initContainers', value: [container] }];
    await register('Mutating', { path: '/pod', rules: [rule(['pods'], ['CREATE'])] });
    const { spec } = await send('POST', pods, {
      metadata: { name: fresh('pod') },
      spec: { containers: [{ name: 'main', image: 'main' }] },
    });
    expect(spec.initContainers[0]).toMatchObject({ name: 'init', terminationMessagePolicy: 'File' });
    expect(spec.initContainers[0].volumeMounts).toHaveLength(1);
  });

  test('change custom objects; what the schema does not know is pruned', async () => {
    hook.answers['/known'] = addKey('known');
    hook.answers['/unknown'] = addKey('unknown');
    const rules = [rule(['widgets'], ['CREATE'])];
    await register('Mutating', { path: '/known', rules }, { path: '/unknown', rules });
    expect((await send('POST', widgetPath, configMap(fresh('w')))).data).toEqual({ known: 'yes' });
  });

  test('see custom objects in the version that they ask for, whatever the request is in', async () => {
    hook.answers['/v2'] = addKey('seen');
    const rules = [rule(['widgets'], ['CREATE', 'UPDATE'], { apiVersions: ['v2'] })];
    await register('Mutating', { path: '/v2', rules });
    const name = fresh('w');
    const created = await send('POST', widgetPath, configMap(name));
    expect([created.apiVersion, created.data]).toEqual([`${group}/v1`, { seen: 'yes' }]);
    expect(hook.asked[0]).toMatchObject({
      kind: { group, version: 'v2', kind: 'Widget' },
      requestKind: { group, version: 'v1', kind: 'Widget' },
      resource: { group, version: 'v2', resource: 'widgets' },
      requestResource: { group, version: 'v1', resource: 'widgets' },
      object: { apiVersion: `${group}/v2` },
    });
    const patched = await merge(`${widgetPath}/${name}`, { data: { more: 'x' } });
    expect(patched.data).toEqual({ seen: 'yes', more: 'x' });
    await register('Mutating', { path: '/exact', rules, matchPolicy: 'Exact' });
    await send('POST', widgetPath, configMap(fresh('w')));
    expect(hook.asked.some(({ path }) => path === '/exact')).toBe(false);
  });

  test('see and change objects of a definition in another version of it, as its webhook converts them', async () => {
    const path = '/apis/example.com/v1/namespaces/default/widgets';
    const rules = [rule(['widgets'], ['*'], { apiGroups: ['example.com'], apiVersions: ['v2'] })];
    hook.answers['/address'] = ({ object }) =>
      object
        ? [{ op: 'replace', path: '/spec/address', value: `${object.spec.address}.` }]
        : { allowed: true };
    await register('Mutating', { path: '/address', rules });
    hook.answers['/check'] = ({ object, oldObject }) => ({
      allowed: (object ?? oldObject).spec.address !== 'no.',
    });
    await register('Validating', { path: '/check', rules });
    const named = (name: string, host: string) => ({ metadata: { name }, spec: { host } });
    const made = await send('POST', path, named('one', 'a'));
    expect([made.apiVersion, made.spec]).toEqual(['example.com/v1', { host: 'a.' }]);
    expect(hook.asked[0]).toMatchObject({
      kind: { version: 'v2' },
      requestKind: { version: 'v1' },
      object: { apiVersion: 'example.com/v2', spec: { address: 'a' } },
    });
    expect(hook.asked[1]?.object.spec).toEqual({ address: 'a.' });
    await merge(`${path}/one`, { spec: { host: 'b' } });
    expect(hook.asked.at(-1)).toMatchObject({
      object: { spec: { address: 'b.' } },
      oldObject: { apiVersion: 'example.com/v2', spec: { address: 'a.' } },
    });
    await expect(send('POST', path, named('two', 'no'))).rejects.toThrow('denied the request');
    const hopeless = { metadata: { name: 'three', labels: { hopeless: 'yes' } }, spec: { host: 'c' } };
    await expect(send('POST', path, hopeless)).rejects.toMatchObject({
      code: 500,
      message: expect.stringContaining('no'),
    });
    await send('DELETE', `${path}/one`);
    expect(hook.asked.at(-1)?.oldObject).toMatchObject({
      apiVersion: 'example.com/v2',
      spec: { address: 'b.' },
    });
  });

  test('change a scale through its own form', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const labels = { app: 'a' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const name = fresh('web');
    await send('POST', deployments, {
      metadata: { name },
      spec: { selector: { matchLabels: labels }, template },
    });
    hook.answers['/scale'] = () => [{ op: 'replace', path: '/spec/replicas', value: 7 }];
    await register('Mutating', { path: '/scale', rules: [rule(['deployments/scale'], ['UPDATE'])] });
    await merge(`${deployments}/${name}/scale`, { spec: { replicas: 2 } });
    expect((await send('GET', `${deployments}/${name}`)).spec.replicas).toBe(7);
    expect(hook.asked[0]).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      subResource: 'scale',
      object: { kind: 'Scale', spec: { replicas: 2 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 } },
    });
  });

  test('cannot make of an object what is none', async () => {
    hook.answers['/broken'] = () => [{ op: 'replace', path: '/data', value: 'text' }];
    await register('Mutating', { path: '/broken', rules: [rule(['configmaps'], ['CREATE'])] });
    const refused = send('POST', configMaps, configMap(fresh('cm')));
    await expect(refused).rejects.toMatchObject({ status: { code: 500, reason: 'InternalError' } });
  });

  test('cannot change what is deleted', async () => {
    const name = fresh('cm');
    await send('POST', configMaps, configMap(name));
    hook.answers['/delete'] = () => [{ op: 'add', path: '/data', value: {} }];
    await register('Mutating', { path: '/delete', rules: [rule(['configmaps'], ['DELETE'])] });
    await expect(send('DELETE', `${configMaps}/${name}`)).rejects.toThrow(
      'admission webhook "delete.tests.example.com" attempted to modify the object, which is not supported for this operation',
    );
  });
});

describe('validating webhooks', () => {
  test('refuse new objects until they are deleted by label', async () => {
    hook.answers['/deny'] = deny('no');
    const labels = { batch: fresh('batch') };
    for (let i = 0; i < 10; i++) {
      await register('Validating', { path: '/deny', rules: [rule(['configmaps'], ['CREATE'])], labels });
    }
    const query = { labelSelector: `batch=${labels.batch}` };
    const list = `${configurations}/${plurals.Validating}`;
    expect((await send('GET', list, undefined, { query })).items).toHaveLength(10);
    const name = fresh('cm');
    await expect(send('POST', configMaps, configMap(name))).rejects.toThrow(denyText('/deny', 'no'));
    await send('DELETE', list, undefined, { query });
    await send('POST', configMaps, configMap(name));
  });

  test('follow updates and patches of their rules', async () => {
    hook.answers['/deny'] = deny('no');
    const path = await register('Validating', { path: '/deny', rules: [rule(['configmaps'], ['CREATE'])] });
    const stored = structuredClone(await send('GET', path));
    stored.webhooks[0].rules[0].operations = ['UPDATE'];
    await send('PUT', path, stored);
    await send('POST', configMaps, configMap(fresh('cm')));
    const patch = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }];
    await send('PATCH', path, patch, { contentType: 'application/json-patch+json' });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow('denied the request');
  });

  test('refuse create, update and patch; namespaces can be exempt', async () => {
    hook.answers['/deny'] = ({ object }) =>
      object.data?.bad ? { allowed: false, status: { message: 'the configmap is bad', code: 403 } } : {};
    const namespaceSelector = { matchExpressions: [{ key: 'skip', operator: 'NotIn', values: ['yes'] }] };
    const rules = [rule(['configmaps'], ['CREATE', 'UPDATE'])];
    await register('Validating', { path: '/deny', rules, namespaceSelector });
    const name = fresh('cm');
    const bad = configMap(name, { bad: 'yes' });
    const refused = denyText('/deny', 'the configmap is bad');
    await expect(send('POST', configMaps, bad)).rejects.toMatchObject({
      message: refused,
      status: { code: 403 },
    });
    await send('POST', configMaps, configMap(name));
    await expect(send('PUT', `${configMaps}/${name}`, bad)).rejects.toThrow(refused);
    await expect(merge(`${configMaps}/${name}`, { data: { bad: 'yes' } })).rejects.toThrow(refused);
    expect((await send('GET', `${configMaps}/${name}`)).data).toBeUndefined();
    await send('POST', '/api/v1/namespaces/exempt/configmaps', bad);
  });

  test('refuse create, update and delete of custom objects', async () => {
    const name = fresh('w');
    await send('POST', widgetPath, configMap(name));
    hook.answers['/deny'] = deny('not this one');
    await register('Validating', { path: '/deny', rules: [rule(['widgets'])] });
    const refused = denyText('/deny', 'not this one');
    await expect(send('POST', widgetPath, configMap(fresh('w')))).rejects.toThrow(refused);
    await expect(merge(`${widgetPath}/${name}`, { data: { a: 'b' } })).rejects.toThrow(refused);
    await expect(send('DELETE', `${widgetPath}/${name}`)).rejects.toThrow(refused);
    await expect(send('DELETE', widgetPath)).rejects.toThrow(refused);
    const removal = hook.asked.find(({ operation }) => operation === 'DELETE');
    expect(removal).toMatchObject({ name, object: null, oldObject: { metadata: { name } } });
    expect(removal?.options).toMatchObject({ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' });
  });

  test('refuse without explanation, and never with a code of success', async () => {
    hook.answers['/deny'] = () => ({ allowed: false, status: { code: 200, status: 'Success' } });
    await register('Validating', { path: '/deny', rules: [rule(['configmaps'], ['CREATE'])] });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toMatchObject({
      message: 'admission webhook "deny.tests.example.com" denied the request without explanation',
      status: { code: 400, status: 'Failure' },
    });
  });

  test('hear of status and of objects that an object selector names', async () => {
    hook.answers['/deny'] = deny('no status');
    const objectSelector = { matchLabels: { watched: 'yes' } };
    await register('Validating', { path: '/deny', rules: [rule(['pods/status'])], objectSelector });
    const [plain, watched] = [fresh('pod'), fresh('pod')];
    const spec = { containers: [{ name: 'main', image: 'main' }] };
    await send('POST', pods, { metadata: { name: plain }, spec });
    await send('POST', pods, { metadata: { name: watched, labels: { watched: 'yes' } }, spec });
    await merge(`${pods}/${plain}/status`, { status: { message: 'x' } });
    const refused = merge(`${pods}/${watched}/status`, { status: { message: 'x' } });
    await expect(refused).rejects.toThrow(denyText('/deny', 'no status'));
  });
});

describe('what a webhook is told', () => {
  test.each([
    ['', '7s'],
    ['?timeout=60s', '7s'],
    ['?timeout=4500ms', '5s'],
    ['?timeout=3s', '3s'],
  ])('no more time than the request still has (%s)', async (query, told) => {
    hook.answers['/time'] = () => ({});
    for (const kind of ['Mutating', 'Validating'] as const)
      await register(kind, { path: '/time', rules: [rule(['configmaps'])], timeoutSeconds: 7 });
    await wire('POST', `${configMaps}${query}`, {
      headers: { 'content-type': 'application/json' },
      body: { apiVersion: 'v1', kind: 'ConfigMap', ...configMap(fresh('cm')) },
    });
    expect(hook.asked.map(({ query: asked }) => asked)).toEqual([`timeout=${told}`, `timeout=${told}`]);
  });

  test('the request as it is', async () => {
    hook.answers['/look'] = () => ({});
    await register('Validating', { path: '/look', rules: [rule(['configmaps'])], timeoutSeconds: 7 });
    const name = fresh('cm');
    const query = { fieldManager: 'me', dryRun: 'All' };
    await send('POST', configMaps, configMap(name, { a: 'b' }), { query });
    const [asked] = hook.asked;
    expect(asked).toMatchObject({
      path: '/look',
      query: 'timeout=7s',
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
      requestResource: { group: '', version: 'v1', resource: 'configmaps' },
      name,
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: 'root', groups: ['system:masters'], extra: { from: ['test'] } },
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name, namespace: 'default' },
        data: { a: 'b' },
      },
      oldObject: null,
      dryRun: true,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'], fieldManager: 'me' },
    });
    expect(asked?.uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a namespace stands in itself', async () => {
    hook.answers['/ns'] = () => ({});
    const namespaceSelector = { matchLabels: { team: 'a' } };
    await register('Validating', { path: '/ns', rules: [rule(['namespaces'])], namespaceSelector });
    const name = fresh('ns');
    await send('POST', '/api/v1/namespaces', { metadata: { name, labels: { team: 'a' } } });
    await merge(`/api/v1/namespaces/${name}`, { metadata: { annotations: { a: 'b' } } });
    await send('POST', '/api/v1/namespaces', { metadata: { name: fresh('ns') } });
    expect(hook.asked.map(({ operation, namespace }) => [operation, namespace])).toEqual([
      ['CREATE', name],
      ['UPDATE', name],
    ]);
  });

  test('has no name where the server makes it up, nor where a collection is deleted', async () => {
    hook.answers['/names'] = () => ({});
    await register('Mutating', { path: '/names', rules: [rule(['configmaps', 'namespaces'])] });
    await register('Validating', { path: '/names', rules: [rule(['configmaps', 'namespaces'])] });
    const labels = { collected: fresh('yes') };
    await send('POST', configMaps, { metadata: { generateName: 'made-', labels } });
    await send('DELETE', configMaps, undefined, {
      query: { labelSelector: `collected=${labels.collected}` },
    });
    await send('POST', '/api/v1/namespaces', { metadata: { generateName: 'made-' } });
    const told = ['CREATE', 'DELETE', 'CREATE'].flatMap((operation, i) =>
      Array.from({ length: 2 }, () => [operation, undefined, i === 2 ? undefined : 'default']),
    );
    expect(hook.asked.map(({ operation, name, namespace }) => [operation, name, namespace])).toEqual(told);
  });
});

describe('connections', () => {
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
  const connect = (path: string) => wire('POST', path, { headers });

  test('to a pod are refused by name of the subresource', async () => {
    hook.answers['/attach'] = deny('attaching to pods is not allowed');
    const rules = [rule(['pods/attach'], ['CONNECT'])];
    await register('Validating', { path: '/attach', rules });
    const name = fresh('pod');
    const spec = { containers: [{ name: 'main', image: 'main' }] };
    await send('POST', pods, { metadata: { name }, spec });
    const { status, text } = await connect(`${pods}/${name}/attach?container=main&stdin=1&stdout=true`);
    expect(status).toBe(400);
    expect(JSON.parse(text).message).toBe(denyText('/attach', 'attaching to pods is not allowed'));
    expect(hook.asked[0]).toMatchObject({
      operation: 'CONNECT',
      kind: { group: '', version: 'v1', kind: 'PodAttachOptions' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: 'attach',
      name,
      object: { kind: 'PodAttachOptions', apiVersion: 'v1', stdin: true, stdout: true, container: 'main' },
      options: null,
    });
    const exec = await connect(`${pods}/${name}/exec?command=ls`);
    expect(exec.text).not.toContain('denied');
  });
});

describe('matchConditions', () => {
  const skip = { name: 'not-me', expression: "object.metadata.name != 'skip-me'" };

  test.each(Object.keys(plurals) as (keyof typeof plurals)[])('%s: are stored as sent', async (kind) => {
    const rules = [rule(['configmaps'])];
    const path = await register(kind, { path: '/c', rules, matchConditions: [skip] });
    const stored = structuredClone(await send('GET', path));
    expect(stored.webhooks[0].matchConditions).toEqual([skip]);
    const other = [{ name: 'other', expression: 'true' }];
    stored.webhooks[0].matchConditions = other;
    stored.webhooks[0].rules = [];
    await send('PUT', path, stored);
    expect((await send('GET', path)).webhooks[0].matchConditions).toEqual(other);
  });

  test('exempt an object by its name', async () => {
    hook.answers['/mutate'] = addKey('mutated');
    const rules = [rule(['configmaps'], ['CREATE'])];
    await register('Mutating', { path: '/mutate', rules, matchConditions: [skip] });
    expect((await send('POST', configMaps, configMap('skip-me'))).data).toBeUndefined();
    expect((await send('POST', configMaps, configMap(fresh('cm')))).data).toEqual({ mutated: 'yes' });
  });

  test.each(Object.keys(plurals) as (keyof typeof plurals)[])(
    '%s: that do not compile are refused',
    async (kind) => {
      const bad = { name: 'bad', expression: '... [] bad expression' };
      const refused = register(kind, { path: '/c', rules: [rule(['pods'])], matchConditions: [bad] });
      await expect(refused).rejects.toMatchObject({
        status: { reason: 'Invalid', code: 422 },
        message: expect.stringMatching(
          /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: .*: compilation failed: ERROR: <input>:1:1: Syntax error/,
        ),
      });
    },
  );

  test('must be of type bool', async () => {
    const text = { name: 'text', expression: "'yes'" };
    const refused = register('Validating', { path: '/c', rules: [rule(['pods'])], matchConditions: [text] });
    await expect(refused).rejects.toThrow('must evaluate to bool but got string');
  });

  test('that fail refuse the request, or skip the webhook, as the failure policy says', async () => {
    const broken = { name: 'broken', expression: 'object.data.missing == "x"' };
    const rules = [rule(['configmaps'], ['CREATE'])];
    await register('Validating', {
      path: '/never',
      rules,
      matchConditions: [broken],
      failurePolicy: 'Ignore',
    });
    await send('POST', configMaps, configMap(fresh('cm')));
    // What several of them say is said once.
    const matchConditions = [broken, { ...broken, name: 'again' }];
    await register('Validating', { path: '/never', rules, matchConditions });
    await expect(send('POST', configMaps, configMap('broken', { here: 'yes' }))).rejects.toMatchObject({
      message: `configmaps "broken" is forbidden: expression '${broken.expression}' resulted in error: no such key: missing`,
      status: { code: 403 },
    });
    expect(hook.asked).toEqual([]);
  });

  test('may ask who the user is and what they may do', async () => {
    hook.answers['/deny'] = deny('jane');
    const expression =
      "request.userInfo.username == 'jane' && !authorizer.group('').resource('secrets').check('get').allowed() && authorizer.requestResource.check('create').allowed()";
    const matchConditions = [{ name: 'jane', expression }];
    await register('Validating', { path: '/deny', rules: [rule(['configmaps'])], matchConditions });
    await send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'maps' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }],
    });
    await send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'maps' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'maps' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
    });
    await send('POST', configMaps, configMap(fresh('cm')));
    const jane = t.api.transportFor({ name: 'jane', groups: [] });
    const body = configMap(fresh('cm'));
    await expect(jane.request({ method: 'POST', path: configMaps, body })).rejects.toThrow(
      denyText('/deny', 'jane'),
    );
  });
});

describe('a webhook that cannot be asked', () => {
  const rules = [rule(['configmaps'], ['CREATE'])];

  test('is waited for as long as it says, and then failed or passed over', async () => {
    hook.answers['/hang'] = () => undefined;
    await register('Validating', { path: '/hang', rules, timeoutSeconds: 1 });
    const url = `https://127.0.0.1:${hook.port}/hang?timeout=1s`;
    const why = `failed calling webhook "hang.tests.example.com": failed to call webhook: Post "${url}": context deadline exceeded`;
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toMatchObject({
      message: `Internal error occurred: ${why}`,
      status: { code: 500, reason: 'InternalError', details: { causes: [{ message: why }] } },
    });
    await send('DELETE', `${configurations}/${plurals.Validating}`);
    await register('Mutating', { path: '/hang', rules, timeoutSeconds: 1, failurePolicy: 'Ignore' });
    await send('POST', configMaps, configMap(fresh('cm')));
  });

  test('fails closed without an authority to trust', async () => {
    const url = `https://127.0.0.1:${hook.port}/closed`;
    const text = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    await register('Validating', { path: '/closed', rules, clientConfig: { url } });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(text);
    expect(hook.asked).toEqual([]);
  });

  test('fails closed where nobody listens', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
    await new Promise((resolve) => server.close(resolve));
    await register('Mutating', { path: '/gone', rules, clientConfig: { url: `https://127.0.0.1:${port}/` } });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
      `Post "https://127.0.0.1:${port}/?timeout=10s": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
  });

  test('fails closed with an answer that is none', async () => {
    hook.answers['/odd'] = () => ({ uid: 'another' });
    await register('Validating', { path: '/odd', rules });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
      /received invalid webhook response: expected response.uid="[0-9a-f-]+", got "another"$/,
    );
    hook.answers['/odd'] = () => ({ allowed: 'false' as never });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
      'json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool',
    );
    hook.answers['/odd'] = () => [{ op: 'remove', path: '/data' }];
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
      'validating webhook may not return response.patch',
    );
  });
});

describe('reviews', () => {
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const resourceAttributes = { verb: 'get', resource: 'pods' };
  const rules = [rule(['subjectaccessreviews'], ['CREATE'])];

  test('are about whom a webhook makes them', async () => {
    hook.answers['/who'] = () => [{ op: 'add', path: '/spec/groups', value: ['system:masters'] }];
    await register('Mutating', { path: '/who', rules });
    const { status } = await send('POST', path, { spec: { user: 'jane', resourceAttributes } });
    expect(status.allowed).toBe(true);
  });

  test('are refused by webhooks, once they make sense', async () => {
    hook.answers['/deny'] = deny('nobody is to know');
    await register('Validating', { path: '/deny', rules });
    await expect(send('POST', path, { spec: { resourceAttributes } })).rejects.toThrow('spec.user: Invalid');
    expect(hook.asked).toEqual([]);
    await expect(send('POST', path, { spec: { user: 'jane', resourceAttributes } })).rejects.toThrow(
      denyText('/deny', 'nobody is to know'),
    );
  });
});

describe('what webhooks do not do', () => {
  test('apply to the configurations of admission', async () => {
    hook.answers['/all'] = deny('everything');
    const rules = [rule(['*/*'])];
    const path = await register('Validating', { path: '/all', rules });
    await register('Mutating', { path: '/all', rules });
    await register('Mutating', { path: '/all', rules });
    await send('DELETE', path);
    await send('DELETE', `${configurations}/${plurals.Mutating}`);
    expect(hook.asked).toEqual([]);
  });

  test('let in definitions of resources that they refuse', async () => {
    const known = t.api.dispatcher.find({
      ...customresourcedefinitions,
      resource: 'customresourcedefinitions',
    });
    if (!known) await t.api.dispatcher.serve({ resource: customresourcedefinitions as never, columns: [] });
    hook.answers['/crd'] = deny('no such kind here');
    const rules = [rule(['customresourcedefinitions'], ['CREATE'], { apiGroups: ['apiextensions.k8s.io'] })];
    await register('Validating', { path: '/crd', rules });
    const names = { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    const versions = [{ name: 'v1', served: true, storage: true, schema }];
    const spec = { group: 'x.example.com', scope: 'Namespaced', names, versions };
    const body = { metadata: { name: 'foos.x.example.com' }, spec };
    const refused = send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body);
    await expect(refused).rejects.toThrow(denyText('/crd', 'no such kind here'));
  });
});

test('a webhook behind a service is reached at an endpoint, and known by the name of the service', async () => {
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'tests' } });
  await send('POST', '/api/v1/namespaces/tests/services', {
    metadata: { name: 'hook' },
    spec: { ports: [{ port: 443, targetPort: 8443 }], selector: { app: 'hook' } },
  });
  const clientConfig = {
    service: { namespace: 'tests', name: 'hook', path: '/served' },
    caBundle: hook.caBundle,
  };
  const rules = [rule(['configmaps'], ['CREATE'])];
  await register('Mutating', { path: '/served', rules, clientConfig });
  await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
    'failed to call webhook: Post "https://hook.tests.svc:443/served?timeout=10s": no endpoints available for service "hook"',
  );
  await send('POST', '/apis/discovery.k8s.io/v1/namespaces/tests/endpointslices', {
    metadata: { name: 'hook', labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: hook.port }],
    endpoints: [{ addresses: ['10.9.8.7'] }],
  });
  hook.answers['/served'] = addKey('served');
  expect((await send('POST', configMaps, configMap(fresh('cm')))).data).toEqual({ served: 'yes' });
});

describe('what webhooks answer', () => {
  const rules = [rule(['configmaps'], ['CREATE'])];
  const json = { 'content-type': 'application/json' };
  const create = () =>
    wire('POST', configMaps, {
      headers: json,
      body: { apiVersion: 'v1', kind: 'ConfigMap', ...configMap(fresh('cm')) },
    });
  const noted = () => audited.at(-1)?.annotations;
  /** The series of these webhooks, without the times that they took. */
  const series = async (name: string) => {
    const { text } = await wire('GET', '/metrics');
    const own = text.split('\n').filter((line) => line.includes(`name="${name}.tests.example.com"`));
    return own
      .filter((line) => !/_(bucket|sum)\{/.test(line))
      .map((line) => line.replace(/^apiserver_admission_webhook_/, ''));
  };
  const labels = (more: object) =>
    Object.entries(more)
      .map(([key, value]) => `${key}="${value}"`)
      .join(',');
  const asked = (name: string, type: string, more: { code?: string; rejected: string }) =>
    labels({
      ...(more.code && { code: more.code }),
      name: `${name}.tests.example.com`,
      operation: 'CREATE',
      rejected: more.rejected,
      type,
    });
  const refused = (name: string, type: string, why: string, code: string) =>
    labels({
      error_type: why,
      name: `${name}.tests.example.com`,
      operation: 'CREATE',
      rejection_code: code,
      type,
    });

  test('is counted, and whether it changed the object is noted, where it refuses too', async () => {
    hook.answers['/counted'] = addKey('counted');
    const path = await register('Mutating', { path: '/counted', rules });
    const name = 'counted.tests.example.com';
    const [configuration] = path.split('/').slice(-1);
    const note = (mutated: boolean) => ({
      'mutation.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({
        configuration,
        webhook: name,
        mutated,
      }),
    });
    await create();
    expect(noted()).toMatchObject(note(true));
    hook.answers['/counted'] = () => ({ allowed: false, status: { code: 418, message: 'no' } });
    await create();
    expect(noted()).toMatchObject(note(false));
    hook.answers['/counted'] = () => [{ op: 'remove', path: '/none' }];
    await create();
    expect(noted()).toMatchObject(note(false));
    expect((await series('counted')).sort()).toEqual([
      `admission_duration_seconds_count{${asked('counted', 'admit', { rejected: 'false' })}} 1`,
      `admission_duration_seconds_count{${asked('counted', 'admit', { rejected: 'true' })}} 2`,
      `rejection_count{${refused('counted', 'admit', 'apiserver_internal_error', '0')}} 1`,
      `rejection_count{${refused('counted', 'admit', 'no_error', '418')}} 1`,
      `request_total{${asked('counted', 'admit', { code: '0', rejected: 'true' })}} 1`,
      `request_total{${asked('counted', 'admit', { code: '200', rejected: 'false' })}} 1`,
      `request_total{${asked('counted', 'admit', { code: '418', rejected: 'true' })}} 1`,
    ]);
  });

  test('is counted where it is none, by whether the request goes on', async () => {
    hook.answers['/mumbling'] = () => ({ uid: 'another' });
    const configuration = await register('Validating', { path: '/mumbling', rules });
    expect((await create()).status).toBe(500);
    await send('DELETE', configuration);
    await register('Validating', { path: '/mumbling', rules, failurePolicy: 'Ignore' });
    expect((await create()).status).toBe(201);
    expect((await series('mumbling')).sort()).toEqual([
      `admission_duration_seconds_count{${asked('mumbling', 'validating', { rejected: 'false' })}} 1`,
      `admission_duration_seconds_count{${asked('mumbling', 'validating', { rejected: 'true' })}} 1`,
      'fail_open_count{name="mumbling.tests.example.com",type="validating"} 1',
      `rejection_count{${refused('mumbling', 'validating', 'calling_webhook_error', '503')}} 1`,
      `request_total{${asked('mumbling', 'validating', { code: '503', rejected: 'false' })}} 1`,
      `request_total{${asked('mumbling', 'validating', { code: '503', rejected: 'true' })}} 1`,
    ]);
  });
});

test('conditions that keep a request away, or fail, are counted', async () => {
  hook.answers['/conditions'] = () => ({});
  const rules = [rule(['configmaps'], ['CREATE'])];
  const matchConditions = [{ name: 'mine', expression: "object.metadata.name == 'mine'" }];
  await register('Validating', { path: '/conditions', rules, matchConditions });
  const failing = [{ name: 'broken', expression: "object.data.none == 'x'" }];
  await register('Mutating', { path: '/broken', rules, matchConditions: failing, failurePolicy: 'Ignore' });
  await send('POST', configMaps, configMap(fresh('cm')));
  const { text } = await wire('GET', '/metrics');
  const away = 'kind="webhook",name="conditions.tests.example.com",operation="CREATE",type="validating"';
  const broken = 'kind="webhook",name="broken.tests.example.com",operation="CREATE",type="admit"';
  for (const line of [
    `apiserver_admission_match_condition_exclusions_total{${away}} 1`,
    `apiserver_admission_match_condition_evaluation_seconds_count{${away}} 1`,
    `apiserver_admission_match_condition_evaluation_errors_total{${broken}} 1`,
    `apiserver_admission_match_condition_evaluation_seconds_count{${broken}} 1`,
  ])
    expect(text.split('\n')).toContain(line);
});

test('what a webhook has changed is noted where bodies are recorded', async () => {
  hook.answers['/noted'] = addKey('noted');
  const path = await register('Mutating', { path: '/noted', rules: [rule(['configmaps'], ['CREATE'])] });
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'briefly' } });
  const patchKey = 'patch.webhook.admission.k8s.io/round_0_index_0';
  const noted = async (namespace: string) => {
    await wire('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
      headers: { 'content-type': 'application/json' },
      body: { apiVersion: 'v1', kind: 'ConfigMap', ...configMap(fresh('cm')) },
    });
    return audited.at(-1)?.annotations?.[patchKey];
  };
  expect(JSON.parse((await noted('default')) as string)).toMatchObject({
    configuration: path.split('/').at(-1),
    webhook: 'noted.tests.example.com',
    patch: [{ op: 'add' }],
    patchType: 'JSONPatch',
  });
  expect(await noted('briefly')).toBeUndefined();
});

test('warnings go to the client, annotations to the audit event', async () => {
  hook.answers['/warn'] = () => ({ warnings: ['mind the gap'], auditAnnotations: { why: 'because' } });
  await register('Validating', { path: '/warn', rules: [rule(['configmaps'], ['CREATE'])] });
  const json = { 'content-type': 'application/json' };
  const body = { apiVersion: 'v1', kind: 'ConfigMap', ...configMap(fresh('cm')) };
  const { headers } = await wire('POST', configMaps, { headers: json, body });
  expect(headers.warning).toBe('299 - "mind the gap"');
  expect(audited.at(-1)?.annotations).toEqual({
    'authorization.k8s.io/decision': 'allow',
    'authorization.k8s.io/reason': '',
    'warn.tests.example.com/why': 'because',
  });
});

test('discovery names the kinds', async () => {
  const read = async (path: string) => JSON.parse((await wire('GET', path)).text);
  const groups = (await read('/apis')).groups.map((g: any) => g.name);
  expect(groups).toContain('admissionregistration.k8s.io');
  const names = (await read(configurations)).resources.map((r: any) => r.name);
  expect(names).toEqual(expect.arrayContaining(Object.values(plurals)));
  expect(names).toContain('validatingadmissionpolicies/status');
});
