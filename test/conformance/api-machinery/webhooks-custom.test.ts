import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { refusal } from '../support/api.ts';
import { type ConformanceCluster, eventually, startConformanceCluster } from '../support/cluster.ts';
import { define, object, type Served } from '../support/definitions.ts';
import { testsOf } from '../support/lines.ts';
import { adds, configurations, configure, hook, refuses } from '../support/webhook.ts';
import { startWebhook, type TestWebhook } from '../support/webhook.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];
let server: TestWebhook;

beforeAll(async () => {
  server = await startWebhook({
    '/deny': refuses('the custom resource contains unwanted data'),
    '/stage-1': adds('stage1'),
    '/stage-2': ({ object: { data } }) =>
      data.stage1 ? [{ op: 'add', path: '/data/stage2', value: 'yes' }] : [],
  });
  cluster = await startConformanceCluster();
  ({ api } = cluster);
});
afterEach(async () => {
  for (const kind of ['Mutating', 'Validating'] as const) await api.delete(configurations(kind));
});
afterAll(async () => {
  await cluster?.stop();
  server?.close();
});

const rule = (served: Served, operations: string[]) => ({
  apiGroups: [served.group],
  resources: [served.plural],
  operations,
});

/** Waits until what is made dry has what a webhook adds. */
async function mutates(served: Served, ns: string): Promise<void> {
  const body = served.object('probe', { data: { own: 'yes' } });
  await eventually(async () => (await api.post(`${served.at(ns)}?dryRun=All`, body)).data.stage1);
}

line('webhook-deny-custom', async () => {
  const ns = await cluster.namespace();
  const served = await define(api);
  const path = served.at(ns, { name: 'there' });
  await api.post(served.at(ns), served.object('there', { data: { a: '1' } }));
  const options = { path: '/deny', ...rule(served, ['CREATE', 'UPDATE', 'DELETE']) };
  await configure(api, 'Validating', [hook(server, ns, options)]);
  await eventually(async () => (await api.call('DELETE', `${path}?dryRun=All`)).code === 403);
  const unwanted = /denied the request: the custom resource contains unwanted data$/;
  expect((await refusal(api.post(served.at(ns), served.object('new')))).message).toMatch(unwanted);
  expect((await refusal(api.patch(path, { data: { a: '2' } }))).message).toMatch(unwanted);
  expect((await refusal(api.delete(path))).message).toMatch(unwanted);
  expect((await api.get(path)).data).toEqual({ a: '1' });
});

line('webhook-mutate-custom', async () => {
  const ns = await cluster.namespace();
  const served = await define(api);
  const on = rule(served, ['CREATE']);
  await configure(api, 'Mutating', [
    hook(server, ns, { path: '/stage-1', ...on }),
    hook(server, ns, { path: '/stage-2', ...on }),
  ]);
  await mutates(served, ns);
  await api.post(served.at(ns), served.object('mutated', { data: { own: 'yes' } }));
  const stored = await api.get(served.at(ns, { name: 'mutated' }));
  expect(stored.data).toEqual({ own: 'yes', stage1: 'yes', stage2: 'yes' });
});

line('webhook-mutate-custom-stored', async () => {
  const ns = await cluster.namespace();
  const served = await define(api, { versions: ['v1', 'v2'] });
  const options = { path: '/stage-1', ...rule(served, ['CREATE', 'UPDATE']) };
  await configure(api, 'Mutating', [hook(server, ns, options)]);
  await mutates(served, ns);
  const path = served.at(ns, { name: 'moving' });
  await api.post(served.at(ns), served.object('moving', { data: { own: 'yes' } }));
  const store = (v1: boolean) => [
    { op: 'replace', path: '/spec/versions/0/storage', value: v1 },
    { op: 'replace', path: '/spec/versions/1/storage', value: !v1 },
  ];
  await api.patch(served.path, store(false), 'json');
  await eventually(async () => (await api.get(served.path)).status.storedVersions.includes('v2'));
  const patched = await api.patch(path, { data: { more: 'yes' } });
  expect(patched).toMatchObject({
    apiVersion: `${served.group}/v1`,
    data: { own: 'yes', stage1: 'yes', more: 'yes' },
  });
  expect((await api.get(served.at(ns, { name: 'moving', version: 'v2' }))).data).toEqual(patched.data);
});

line('webhook-mutate-custom-pruned', async () => {
  const ns = await cluster.namespace();
  const text = { type: 'string' };
  const served = await define(api, { schema: object({ data: object({ own: text, stage1: text }) }) });
  const on = rule(served, ['CREATE']);
  await configure(api, 'Mutating', [
    hook(server, ns, { path: '/stage-1', ...on }),
    hook(server, ns, { path: '/stage-2', ...on }),
  ]);
  await mutates(served, ns);
  await api.post(served.at(ns), served.object('pruned', { data: { own: 'yes' } }));
  expect((await api.get(served.at(ns, { name: 'pruned' }))).data).toEqual({ own: 'yes', stage1: 'yes' });
});
