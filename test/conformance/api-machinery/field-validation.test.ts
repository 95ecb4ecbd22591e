import { afterAll, beforeAll, expect } from 'vitest';
import { at } from '../support/api.ts';
import { type ConformanceCluster, startConformanceCluster } from '../support/cluster.ts';
import { anything, define, object } from '../support/definitions.ts';
import { testsOf } from '../support/lines.ts';
import { deployment } from '../support/objects.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];

beforeAll(async () => {
  cluster = await startConformanceCluster();
  ({ api } = cluster);
});
afterAll(() => cluster?.stop());

const strict = 'fieldValidation=Strict';

/** Sends text, since an object cannot hold a key twice: as a new object and as an applied one. */
async function send(path: string, name: string, text: string) {
  const created = await api.call('POST', `${path}?${strict}`, { body: text });
  const applied = await api.call('PATCH', `${path}/${name}?${strict}&fieldManager=test`, {
    body: text,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
  return { created, applied };
}

/** Neither is taken, and both say why. */
async function refused(path: string, name: string, text: string): Promise<string> {
  const { created, applied } = await send(path, name, text);
  expect([created.code, applied.code]).toEqual([400, 400]);
  expect(created.body.reason).toBe('BadRequest');
  expect(await api.has(`${path}/${name}`)).toBe(false);
  return `${created.body.message}\n${applied.body.message}`;
}

const spec = object({
  size: { type: 'integer' },
  parts: { type: 'array', items: object({ name: { type: 'string' } }) },
});
const valid = { spec: { size: 1, parts: [{ name: 'a' }] } };

line('fields-custom-no-schema', async () => {
  const ns = await cluster.namespace();
  const served = await define(api);
  const body = JSON.stringify(served.object('free', { anything: { goes: [1] }, spec: { free: true } }));
  const { created, applied } = await send(served.at(ns), 'free', body);
  expect([created.code, applied.code]).toEqual([201, 200]);
  expect(applied.body.anything).toEqual({ goes: [1] });
});

line('fields-custom-valid', async () => {
  const ns = await cluster.namespace();
  const served = await define(api, { schema: object({ spec }) });
  const { created, applied } = await send(
    served.at(ns),
    'valid',
    JSON.stringify(served.object('valid', valid)),
  );
  expect([created.code, applied.code]).toEqual([201, 200]);
  expect(applied.body.spec).toEqual(valid.spec);
});

line('fields-custom-unknown', async () => {
  const ns = await cluster.namespace();
  const served = await define(api, { schema: object({ spec }) });
  const body = { spec: { ...valid.spec, extra: 1, parts: [{ name: 'a', extra: 2 }] }, extra: 3 };
  const said = await refused(served.at(ns), 'odd', JSON.stringify(served.object('odd', body)));
  for (const field of ['extra', 'spec.extra', 'spec.parts[0].extra']) {
    expect(said.split(`unknown field "${field}"`)).toHaveLength(2);
  }
  expect(said).toMatch(/strict decoding error/);
  expect(said).toContain('.spec.extra: field not declared in schema');
});

line('fields-custom-duplicate', async () => {
  const ns = await cluster.namespace();
  const kept = await define(api, { schema: object({ spec: anything }) });
  const { apiVersion, kind } = kept.object('twice');
  const text = `{"apiVersion":"${apiVersion}","kind":"${kind}","metadata":{"name":"twice"},"spec":{"unknown":1,"unknown":2}}`;
  const created = await api.call('POST', `${kept.at(ns)}?${strict}`, { body: text });
  expect(created.code).toBe(400);
  expect(created.body.message).toContain('strict decoding error: duplicate field "spec.unknown"');
  const yaml = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: twice}\nspec:\n  unknown: 1\n  unknown: 2\n`;
  const headers = { 'content-type': 'application/yaml' };
  const asYaml = await api.call('POST', `${kept.at(ns)}?${strict}`, { body: yaml, headers });
  expect(asYaml.code).toBe(400);
  expect(asYaml.body.message).toContain('key "unknown" already set in map');
  const applied = await api.call('PATCH', `${kept.at(ns, { name: 'twice' })}?${strict}&fieldManager=test`, {
    body: yaml,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
  expect(applied.code).toBe(400);
  expect(await api.has(kept.at(ns, { name: 'twice' }))).toBe(false);
});

/** A Deployment as text, with more in its spec and metadata. */
function deploymentText(name: string, more: { spec?: string; metadata?: string; template?: string }): string {
  const text = JSON.stringify(deployment(name, 1));
  return text
    .replace('"spec":{"replicas"', `"spec":{${more.spec ?? ''}"replicas"`)
    .replace('"metadata":{"name"', `"metadata":{${more.metadata ?? ''}"name"`)
    .replace('"template":{"metadata":{', `"template":{"metadata":{${more.template ?? ''}`);
}

line('fields-typed', async () => {
  const ns = await cluster.namespace();
  const path = at('apps/v1', 'deployments', { ns });
  const text = deploymentText('odd', { spec: '"unknown":1,"paused":true,"paused":false,' });
  const created = await api.call('POST', `${path}?${strict}`, { body: text });
  expect(created.code).toBe(400);
  expect(created.body.message).toContain('strict decoding error');
  expect(created.body.message).toContain('unknown field "spec.unknown"');
  expect(created.body.message).toContain('duplicate field "spec.paused"');
  expect(await api.has(`${path}/odd`)).toBe(false);

  await api.post(path, deployment('there', 0));
  const patch = '{"spec":{"unknown":1,"paused":true,"paused":false}}';
  for (const type of ['merge', 'strategic-merge']) {
    const headers = { 'content-type': `application/${type}-patch+json` };
    const patched = await api.call('PATCH', `${path}/there?${strict}`, { body: patch, headers });
    expect(patched.code).toBe(422);
    expect(patched.body.message).toContain('unknown field "spec.unknown"');
    expect(patched.body.message).toContain('duplicate field "spec.paused"');
  }
  const warned = await api.call('POST', `${path}?fieldValidation=Warn`, { body: text });
  expect(warned.code).toBe(201);
  expect(warned.headers.warning).toContain('299 - "unknown field \\"spec.unknown\\""');
  const ignored = deploymentText('ignored', { spec: '"unknown":1,' });
  const silent = await api.call('POST', `${path}?fieldValidation=Ignore`, { body: ignored });
  expect([silent.code, silent.headers.warning]).toEqual([201, undefined]);
});

line('fields-custom-metadata', async () => {
  const ns = await cluster.namespace();
  const template = { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: anything } };
  const served = await define(api, { schema: object({ spec: object({ template }) }) });
  const embedded = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', unknownInner: 1 }, spec: {} };
  const odd = served.object('odd', { spec: { template: embedded } });
  odd.metadata.unknownOuter = 1;
  const said = await refused(served.at(ns), 'odd', JSON.stringify(odd));
  expect(said).toContain('unknown field "metadata.unknownOuter"');
  expect(said).toContain('unknown field "spec.template.metadata.unknownInner"');
});

line('fields-typed-metadata', async () => {
  const ns = await cluster.namespace();
  const path = at('apps/v1', 'deployments', { ns });
  const text = deploymentText('odd', { metadata: '"unknownMeta":1,', template: '"unknownInner":1,' });
  const said = await refused(path, 'odd', text);
  expect(said).toContain('unknown field "metadata.unknownMeta"');
  expect(said).toContain('unknown field "spec.template.metadata.unknownInner"');
});
