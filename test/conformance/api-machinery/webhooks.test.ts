import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Any, at, refusal } from '../support/api.ts';
import { type ConformanceCluster, eventually, fresh, startConformanceCluster } from '../support/cluster.ts';
import { testsOf } from '../support/lines.ts';
import { configMap, pod } from '../support/objects.ts';
import { adds, configurations, configure, hook, isDenied, isMutated, refuses } from '../support/webhook.ts';
import { type HookKind, startWebhook, type TestWebhook } from '../support/webhook.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];
let server: TestWebhook;

beforeAll(async () => {
  server = await startWebhook({
    '/add': adds('added'),
    '/add-first': adds('first'),
    '/add-second': ({ object }) =>
      object.data.first ? [{ op: 'add', path: '/data/second', value: '1' }] : [],
    '/deny': refuses('this webhook denies all requests'),
    '/deny-bad': ({ object, name }) =>
      object?.data?.['webhook-e2e-test'] === 'webhook-disallow' || name?.startsWith('bad-')
        ? { allowed: false, status: { code: 403, message: 'the object contains unwanted data' } }
        : {},
    '/hang': () => undefined,
    '/init-container': () => [
      {
        op: 'add',
        path: '/spec/initContainers',
        value: [{ name: 'added', image: 'registry.test/init:1', resources: {} }],
      },
    ],
    '/label': () => [{ op: 'add', path: '/metadata/labels', value: { mutated: 'yes' } }],
  });
  cluster = await startConformanceCluster({ nodes: 1 });
  ({ api } = cluster);
});
afterEach(async () => {
  for (const kind of ['Mutating', 'Validating'] as const) await api.delete(configurations(kind));
});
afterAll(async () => {
  await cluster?.stop();
  server?.close();
});

const maps = (ns: string, name?: string) => at('v1', 'configmaps', { ns, name });

/** Ten configurations act; deleted as a collection, they no longer do. */
async function showCollection(kind: HookKind, path: string, acts: (ns: string) => Promise<boolean>) {
  const ns = await cluster.namespace();
  const labels = { 'e2e-list-test-uuid': fresh('list') };
  for (let i = 0; i < 10; i++) await configure(api, kind, [hook(server, ns, { path })], labels);
  const selected = `${configurations(kind)}?labelSelector=e2e-list-test-uuid%3D${labels['e2e-list-test-uuid']}`;
  expect(await api.names(selected)).toHaveLength(10);
  await eventually(() => acts(ns));
  await api.delete(selected);
  expect(await api.names(selected)).toEqual([]);
  await eventually(async () => !(await acts(ns)));
}

line('webhook-list-mutating', () => showCollection('Mutating', '/add', (ns) => isMutated(api, ns, 'added')));
line('webhook-list-validating', () => showCollection('Validating', '/deny', (ns) => isDenied(api, ns)));

/** A hook acts on what its rules name after an update and a patch. */
async function showUpdate(kind: HookKind, path: string, acts: (ns: string) => Promise<boolean>) {
  const ns = await cluster.namespace();
  const configuration = await configure(api, kind, [hook(server, ns, { path })]);
  await eventually(() => acts(ns));
  await api.update(configuration, ({ webhooks: [first] }) =>
    Object.assign(first.rules[0], { operations: ['UPDATE'] }),
  );
  await eventually(async () => !(await acts(ns)));
  const patch = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }];
  await api.patch(configuration, patch, 'json');
  await eventually(() => acts(ns));
}

line('webhook-update-mutating', () => showUpdate('Mutating', '/add', (ns) => isMutated(api, ns, 'added')));
line('webhook-update-validating', () => showUpdate('Validating', '/deny', (ns) => isDenied(api, ns)));

line('webhook-conditions-kept', async () => {
  const conditions = [{ name: 'no-leases', expression: "request.resource.resource != 'leases'" }];
  const others = [
    { name: 'named', expression: "object.metadata.name != 'skip'" },
    { name: 'created', expression: "request.operation == 'CREATE'" },
  ];
  for (const kind of ['Mutating', 'Validating'] as const) {
    const more = { matchConditions: conditions };
    const configuration = await configure(api, kind, [hook(server, 'no-such', { path: '/deny', more })]);
    expect((await api.get(configuration)).webhooks[0].matchConditions).toEqual(conditions);
    await api.update(configuration, ({ webhooks: [first] }) =>
      Object.assign(first, { matchConditions: others }),
    );
    expect((await api.get(configuration)).webhooks[0].matchConditions).toEqual(others);
  }
});

line('webhook-deny-attach', async () => {
  const ns = await cluster.namespace();
  const options = { path: '/deny', resources: ['pods/attach'], operations: ['CONNECT'] };
  await api.post(at('v1', 'pods', { ns }), pod('to-be-attached'));
  const path = at('v1', 'pods', { ns, name: 'to-be-attached' });
  await eventually(async () => (await api.get(path)).status.phase === 'Running');
  await configure(api, 'Validating', [hook(server, ns, options)]);
  const attach = () => api.call('POST', `${path}/attach?stdout=true&container=main`);
  const answer = await eventually(async () => {
    const given = await attach();
    return given.code === 403 && given;
  });
  expect(answer.body.message).toMatch(
    /^admission webhook "hook-\d+\.k8s\.io" denied the request: this webhook denies all requests$/,
  );
  expect((await attach()).code).toBe(403);
});

line('webhook-deny-create', async () => {
  const ns = await cluster.namespace();
  const exempt = await cluster.namespace({ exempt: 'yes' });
  const namespaceSelector = {
    matchExpressions: [
      { key: 'exempt', operator: 'NotIn', values: ['yes'] },
      { key: 'kubernetes.io/metadata.name', operator: 'In', values: [ns, exempt] },
    ],
  };
  const denying = { path: '/deny-bad', resources: ['pods', 'configmaps'], operations: ['CREATE', 'UPDATE'] };
  const hanging = {
    path: '/hang',
    resources: ['pods'],
    more: {
      namespaceSelector,
      timeoutSeconds: 1,
      objectSelector: { matchLabels: { hangs: 'yes' } },
    },
  };
  await configure(api, 'Validating', [
    hook(server, ns, { ...denying, more: { namespaceSelector } }),
    hook(server, ns, hanging),
  ]);
  const bad = { 'webhook-e2e-test': 'webhook-disallow' };
  const pods = at('v1', 'pods', { ns });
  await eventually(async () => (await api.call('POST', pods, { body: pod('bad-pod') })).code === 403);
  expect((await refusal(api.post(pods, pod('bad-pod')))).message).toContain(
    'the object contains unwanted data',
  );
  expect((await refusal(api.post(maps(ns), configMap('map', { data: bad })))).message).toContain(
    'unwanted data',
  );
  const late = await refusal(api.post(pods, pod('late', { labels: { hangs: 'yes' } })));
  expect(late).toMatchObject({ code: 500, reason: 'InternalError' });
  expect(late.message).toMatch(/failed calling webhook .*(deadline exceeded|timeout)/i);
  expect(await api.has(`${pods}/late`)).toBe(false);

  await api.post(maps(ns), configMap('good', { data: { mine: '1' } }));
  const put = refusal(api.update(maps(ns, 'good'), (object) => Object.assign(object, { data: bad })));
  expect((await put).message).toContain('unwanted data');
  expect((await refusal(api.patch(maps(ns, 'good'), { data: bad }))).message).toContain('unwanted data');
  expect((await api.get(maps(ns, 'good'))).data).toEqual({ mine: '1' });
  await api.post(maps(exempt), configMap('exempt', { data: bad }));
});

line('webhook-deny-definition', async () => {
  const options = {
    path: '/deny',
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    more: { objectSelector: { matchLabels: { denied: 'yes' } } },
  };
  await configure(api, 'Validating', [hook(server, undefined, options)]);
  const all = at('apiextensions.k8s.io/v1', 'customresourcedefinitions');
  const definition = {
    metadata: { name: 'denied.example.com', labels: { denied: 'yes' } },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'denied', kind: 'Denied' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  };
  const dry = () => api.call('POST', `${all}?dryRun=All`, { body: definition });
  await eventually(async () => (await dry()).code === 403);
  expect((await refusal(api.post(all, definition))).message).toContain('denied the request');
  expect(await api.has(`${all}/denied.example.com`)).toBe(false);
});

line('webhook-timeout', async () => {
  const ns = await cluster.namespace();
  const slow = await startWebhook({ '/slow': () => later({}, 1500) });
  const create = () => api.post(maps(ns), configMap(fresh('slow')));
  const withHook = async (more: object) => {
    const configuration = await configure(api, 'Validating', [
      // The second hook shows, without its delay, when the configuration is known.
      hook(slow, ns, {
        path: '/slow',
        more: { ...more, objectSelector: { matchExpressions: marker('DoesNotExist') } },
      }),
      hook(server, ns, { path: '/deny', more: { objectSelector: { matchExpressions: marker('Exists') } } }),
    ]);
    const probe = configMap('probe', { labels: { probe: 'yes' } });
    await eventually(async () => (await api.call('POST', maps(ns), { body: probe })).code === 403);
    return configuration;
  };
  let configuration = await withHook({ timeoutSeconds: 1, failurePolicy: 'Fail' });
  expect((await refusal(create())).message).toMatch(/failed calling webhook/);
  await api.delete(configuration);
  configuration = await withHook({ timeoutSeconds: 1, failurePolicy: 'Ignore' });
  await create();
  await api.delete(configuration);
  configuration = await withHook({ timeoutSeconds: 10, failurePolicy: 'Fail' });
  await create();
  // The default is ten seconds, too.
  expect((await api.get(configuration)).webhooks[1].timeoutSeconds).toBe(10);
  slow.close();
});
const later = <T>(value: T, afterMs: number) =>
  new Promise<T>((resolve) => setTimeout(() => resolve(value), afterMs));
const marker = (operator: string) => [{ key: 'probe', operator }];

line('webhook-discovery', async () => {
  const { groups } = await api.get('/apis');
  const group = groups.find(({ name }: Any) => name === 'admissionregistration.k8s.io');
  const v1 = { groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' };
  expect(group.versions).toContainEqual(v1);
  expect((await api.get('/apis/admissionregistration.k8s.io')).versions).toContainEqual(v1);
  const { resources } = await api.get('/apis/admissionregistration.k8s.io/v1');
  const names = resources.map(({ name }: Any) => name);
  expect(names).toEqual(
    expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']),
  );
});

line('webhook-order', async () => {
  const ns = await cluster.namespace();
  await configure(api, 'Mutating', [
    hook(server, ns, { path: '/add-first' }),
    hook(server, ns, { path: '/add-second' }),
  ]);
  await eventually(() => isMutated(api, ns, 'first'));
  const made = await api.post(maps(ns), configMap('ordered', { data: { start: '1' } }));
  expect(Object.keys(made.data).sort()).toEqual(['first', 'second', 'start']);
});

line('webhook-conditions-skip', async () => {
  const ns = await cluster.namespace();
  const more = { matchConditions: [{ name: 'skip', expression: "object.metadata.name != 'skip-me'" }] };
  await configure(api, 'Mutating', [hook(server, ns, { path: '/add', more })]);
  await eventually(() => isMutated(api, ns, 'added'));
  const skipped = await api.post(maps(ns), configMap('skip-me', { data: { own: '1' } }));
  expect(skipped.data).toEqual({ own: '1' });
});

line('webhook-defaulting', async () => {
  const ns = await cluster.namespace();
  await configure(api, 'Mutating', [hook(server, ns, { path: '/init-container', resources: ['pods'] })]);
  const made = await eventually(async () => {
    const body = pod(fresh('pod'));
    const given = await api.post(at('v1', 'pods', { ns }), body);
    return given.spec.initContainers && given;
  });
  expect(made.spec.initContainers).toEqual([
    expect.objectContaining({
      name: 'added',
      terminationMessagePolicy: 'File',
      terminationMessagePath: '/dev/termination-log',
      imagePullPolicy: 'IfNotPresent',
    }),
  ]);
});

line('webhook-self-protection', async () => {
  const ns = await cluster.namespace();
  const own = { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], operations: ['*'] };
  await configure(api, 'Validating', [hook(server, undefined, { ...own, path: '/deny' })]);
  await configure(api, 'Mutating', [
    hook(server, undefined, { ...own, path: '/label' }),
    hook(server, ns, { path: '/add' }),
  ]);
  await eventually(() => isMutated(api, ns, 'added'));
  for (const kind of ['Mutating', 'Validating'] as const) {
    const path = await configure(api, kind, [hook(server, 'no-such', { path: '/deny' })]);
    expect((await api.get(path)).metadata.labels).toBeUndefined();
    await api.delete(path);
    expect(await api.has(path)).toBe(false);
  }
});

line('webhook-conditions-invalid', async () => {
  for (const kind of ['Mutating', 'Validating'] as const) {
    const more = { matchConditions: [{ name: 'bad', expression: "object.metadata.name == 'a" }] };
    const status = await refusal(configure(api, kind, [hook(server, 'no-such', { path: '/deny', more })]));
    expect(status).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(status.message).toContain('compilation failed');
  }
});

line('webhook-fail-closed', async () => {
  const ns = await cluster.namespace();
  const stranger = await startWebhook({ '/deny': () => ({}) });
  // It is the server's certificate that nobody vouches for.
  const clientConfig = { url: `https://127.0.0.1:${stranger.port}/deny`, caBundle: server.caBundle };
  await configure(api, 'Validating', [hook(stranger, ns, { path: '/deny', more: { clientConfig } })]);
  const status = await eventually(async () => {
    const answer = await api.call('POST', maps(ns), { body: configMap(fresh('closed')) });
    return answer.code >= 300 && answer.body;
  });
  expect(status.message).toMatch(/failed calling webhook "hook-\d+\.k8s\.io".*certificate/);
  expect(stranger.asked).toEqual([]);
  stranger.close();
});
