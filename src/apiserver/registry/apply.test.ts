import { describe, expect, test } from 'vitest';
import { configmaps, deployments, pods } from '../../api/generated/resources.ts';
import type { ConfigMap } from '../../api/core/v1.ts';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { createTestCluster, type TestApi } from './testing.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const mediaType = 'application/apply-patch+yaml';
const map = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a' },
  data,
});

const apply = (api: TestApi, body: unknown, fieldManager: string, more: Record<string, string> = {}) =>
  api.send('patch', configmaps, { name: 'a', mediaType, body, query: { fieldManager, ...more } });

const owners = (entries: ManagedFieldsEntry[] = []) =>
  entries.map((e) =>
    `${e.manager} ${e.operation} ${e.subresource ?? ''} ${JSON.stringify(e.fieldsV1)}`.replace('  ', ' '),
  );

describe('server-side apply', () => {
  test('creates, then changes what it owns', async () => {
    const api = await createTestCluster();
    expect(await apply(api, map({ x: '1', y: '1' }), 'alice')).toMatchObject({
      code: 201,
      object: { kind: 'ConfigMap', data: { x: '1', y: '1' }, metadata: { namespace: 'default' } },
    });
    const changed = await apply(api, map({ x: '2' }), 'alice');
    expect(changed).toMatchObject({ code: 200, object: { data: { x: '2' } } });
    const now = await api.object('get', configmaps, { name: 'a' });
    expect(now.data).toEqual({ x: '2' });
    expect(owners(now.metadata.managedFields)).toEqual(['alice Apply {"f:data":{"f:x":{}}}']);
  });

  test('replaces half a character by the sign for what cannot be shown', async () => {
    const api = await createTestCluster();
    // JSON.stringify writes it as an escape, as a client does.
    const half = JSON.parse('"\\ud800!"') as string;
    const { object } = (await apply(api, map({ x: half }), 'alice')) as { object: Stored<ConfigMap> };
    expect(object.data).toEqual({ x: '\ufffd!' });
  });

  test('that changes nothing writes nothing', async () => {
    const api = await createTestCluster();
    await apply(api, map({ x: '1' }), 'alice');
    const { revision } = await api.store.status();
    await api.clock.advance(5000);
    await apply(api, map({ x: '1' }), 'alice');
    expect((await api.store.status()).revision).toBe(revision);
  });

  test('reports what others own, unless it is forced', async () => {
    const api = await createTestCluster();
    await apply(api, map({ x: '1' }), 'alice');
    const status = await failure(apply(api, map({ x: '2' }), 'bob'));
    expect(status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "alice": .data.x',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.x' }],
      },
    });
    expect(await apply(api, map({ x: '2' }), 'bob', { force: 'true' })).toMatchObject({
      object: { data: { x: '2' } },
    });
    const now = await api.object('get', configmaps, { name: 'a' });
    expect(owners(now.metadata.managedFields)).toEqual(['bob Apply {"f:data":{"f:x":{}}}']);
  });

  test('takes YAML, and asks for a manager, the right kind and the right name', async () => {
    const api = await createTestCluster();
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n';
    expect(await apply(api, yaml, 'alice')).toMatchObject({ code: 201 });
    expect((await failure(apply(api, yaml, '')))?.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
    expect((await failure(apply(api, { ...map({}), kind: 'Secret' }, 'alice')))?.message).toBe(
      'invalid object type: /v1, Kind=Secret',
    );
    expect((await failure(apply(api, { ...map({}), metadata: { name: 'b' } }, 'alice')))?.code).toBe(400);
    expect((await failure(apply(api, '- a', 'alice')))?.message).toBe(
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
    expect((await failure(apply(api, 'a: [', 'alice')))?.message).toMatch(
      /^error decoding YAML: error converting YAML to JSON: yaml: /,
    );
    expect((await failure(apply(api, 'null', 'alice')))?.message).toBe('invalid object type: /, Kind=');
    expect((await failure(apply(api, { ...map({}), nope: 1 }, 'alice')))?.message).toBe(
      'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .nope: field not declared in schema',
    );
  });

  test('is checked for duplicate fields, after all else', async () => {
    const api = await createTestCluster();
    const twice = (x: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "0"\ndata:\n  x: "${x}"\n`;
    const why =
      'error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "data" already set in map';
    await apply(api, twice('1'), 'alice');
    expect(api.warnings).toEqual(['line 7: key "data" already set in map']);
    const strict = { fieldValidation: 'Strict' };
    expect((await failure(apply(api, twice('1'), 'alice', strict)))?.message).toBe(
      `error strict decoding YAML: ${why}`,
    );
    expect((await failure(apply(api, twice('2'), 'bob', strict)))?.reason).toBe('Conflict');
    expect(await apply(api, twice('3'), 'alice', { fieldValidation: 'Ignore' })).toMatchObject({
      object: { data: { x: '3' } },
    });
  });

  test('binds to a revision where it names one, but for what it creates', async () => {
    const api = await createTestCluster();
    const at = (resourceVersion: string) => ({
      ...map({ x: '1' }),
      metadata: { name: 'a', resourceVersion },
    });
    const created = (await apply(api, at('7'), 'alice')) as unknown as {
      code: number;
      object: Stored<ConfigMap>;
    };
    expect(created.code).toBe(201);
    const { resourceVersion } = created.object.metadata;
    expect(await apply(api, at(resourceVersion), 'alice')).toMatchObject({ code: 200 });
    expect(await failure(apply(api, at('7'), 'alice'))).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  test('by a further manager of the same values shares them, at no time', async () => {
    const api = await createTestCluster();
    await apply(api, map({ x: '1' }), 'alice');
    await api.clock.advance(5000);
    await apply(api, map({ x: '1' }), 'bob');
    const entries = (await api.object('get', configmaps, { name: 'a' })).metadata.managedFields;
    expect(entries?.map((e) => [e.manager, e.time !== undefined])).toEqual([
      ['bob', false],
      ['alice', true],
    ]);
  });

  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const deployment = (replicas: number) => ({
    metadata: { name: 'd' },
    spec: { replicas, selector: { matchLabels: { a: 'b' } }, template },
  });
  const scale = (replicas: number) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'd' },
    spec: { replicas },
  });
  const applyScale = (api: TestApi, body: object, query: Record<string, string>) =>
    api.object('patch', deployments, { name: 'd', subresource: 'scale', mediaType, body, query });
  const ownersOf = async (api: TestApi) =>
    owners((await api.object('get', deployments, { name: 'd' })).metadata.managedFields);

  test('of a scale owns the replicas, and nobody else does', async () => {
    const api = await createTestCluster();
    await api.send('create', deployments, { body: deployment(1), userAgent: 'maker/1' });
    expect(await failure(applyScale(api, scale(4), { fieldManager: 'hpa' }))).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "maker" using autoscaling/v1: .spec.replicas',
    });
    const answer = await applyScale(api, scale(4), { fieldManager: 'hpa', force: 'true' });
    expect(answer).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
    const now = await ownersOf(api);
    expect(now).toContain('hpa Apply scale {"f:spec":{"f:replicas":{}}}');
    expect(now.filter((o) => o.includes('f:replicas'))).toHaveLength(1);
    const { revision } = await api.store.status();
    await applyScale(api, scale(4), { fieldManager: 'hpa' });
    expect((await api.store.status()).revision).toBe(revision);
  });

  test('of a scale is checked as a scale', async () => {
    const api = await createTestCluster();
    await api.send('create', deployments, { body: deployment(1) });
    const odd = { ...scale(2), spec: { replicas: 2, paused: true } };
    expect((await failure(applyScale(api, odd, { fieldManager: 'a', force: 'true' })))?.message).toBe(
      'failed to create typed patch object (/d; autoscaling/v1, Kind=Scale): .spec.paused: field not declared in schema',
    );
    const other = { ...deployment(2), apiVersion: 'apps/v1', kind: 'Deployment' };
    expect((await failure(applyScale(api, other, { fieldManager: 'a' })))?.message).toBe(
      'invalid object type: apps/v1, Kind=Deployment',
    );
  });

  test('an update of the scale gives the replicas to who scales', async () => {
    const api = await createTestCluster();
    await api.send('create', deployments, { body: deployment(1), userAgent: 'maker/1' });
    await api.send('update', deployments, {
      name: 'd',
      subresource: 'scale',
      body: scale(3),
      userAgent: 'kubectl/1',
    });
    expect(await ownersOf(api)).toContain('kubectl Update scale {"f:spec":{"f:replicas":{}}}');
    await api.send('patch', deployments, {
      name: 'd',
      subresource: 'scale',
      mediaType: 'application/merge-patch+json',
      body: { spec: { replicas: 5 } },
      userAgent: 'hpa/1',
    });
    const now = (await ownersOf(api)).filter((o) => o.includes('f:replicas'));
    expect(now).toEqual(['hpa Update scale {"f:spec":{"f:replicas":{}}}']);
  });
});

describe('managed fields', () => {
  test('say who wrote what, and how', async () => {
    const api = await createTestCluster();
    const body = { metadata: { name: 'a', labels: { l: '1' } }, data: { x: '1' } };
    const made = await api.object('create', configmaps, { body, userAgent: 'kubectl-create/v1.36' });
    expect(made.metadata.managedFields).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:data': { '.': {}, 'f:x': {} },
          'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } },
        },
      },
    ]);
    const patch = {
      mediaType: 'application/merge-patch+json',
      body: { data: { x: '2' } },
      query: { fieldManager: 'bob' },
    };
    const changed = await api.object('patch', configmaps, { name: 'a', ...patch });
    expect(owners(changed.metadata.managedFields)).toEqual([
      'bob Update {"f:data":{"f:x":{}}}',
      'kubectl-create Update {"f:data":{},"f:metadata":{"f:labels":{".":{},"f:l":{}}}}',
    ]);
  });

  test('of the status are those of its subresource', async () => {
    const api = await createTestCluster();
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    const body = { metadata: { name: 'd' }, spec, status: { replicas: 9 } };
    const made = await api.object('create', deployments, { body });
    expect(JSON.stringify(made.metadata.managedFields)).not.toContain('f:status');
    const status = { ...made, status: { replicas: 1 } };
    const changed = await api.object('update', deployments, {
      name: 'd',
      subresource: 'status',
      body: status,
      userAgent: 'controller/1',
    });
    expect(owners(changed.metadata.managedFields)).toContain(
      'controller Update status {"f:status":{"f:replicas":{}}}',
    );
  });

  test('of a subresource are of what it can set', async () => {
    const api = await createTestCluster();
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await api.send('create', pods, { body: pod, userAgent: 'maker/1' });
    const debug = { name: 'd', image: 'x', targetContainerName: 'c' };
    await api.send('patch', pods, {
      name: 'p',
      subresource: 'ephemeralcontainers',
      mediaType: 'application/strategic-merge-patch+json',
      body: { metadata: { labels: { l: '1' } }, spec: { ephemeralContainers: [debug] } },
      userAgent: 'debugger/1',
    });
    const status = { phase: 'Running' };
    await api.send('patch', pods, {
      name: 'p',
      subresource: 'status',
      mediaType: 'application/merge-patch+json',
      body: { metadata: { labels: { m: '1' } }, spec: { priority: 3 }, status },
      userAgent: 'kubelet/1',
    });
    const { managedFields } = (await api.object('get', pods, { name: 'p' })).metadata;
    const of = (manager: string) => managedFields?.find((e) => e.manager === manager)?.fieldsV1;
    expect(Object.keys(of('debugger') ?? {})).toEqual(['f:spec']);
    expect(of('debugger')).toMatchObject({ 'f:spec': { 'f:ephemeralContainers': {} } });
    expect(of('kubelet')).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:m': {} } },
      'f:status': { 'f:phase': {} },
    });
  });

  test('are reset by a list that is empty, or holds nothing', async () => {
    for (const managedFields of [[], [{}]]) {
      const api = await createTestCluster();
      await apply(api, map({ x: '1' }), 'alice');
      const body = { ...map({ x: '1' }), metadata: { name: 'a', managedFields } };
      await api.send('update', configmaps, { name: 'a', body });
      expect((await api.object('get', configmaps, { name: 'a' })).metadata.managedFields).toBeUndefined();
      const merge = 'application/merge-patch+json';
      await apply(api, map({ x: '1' }), 'alice', { force: 'true' });
      await api.send('patch', configmaps, {
        name: 'a',
        mediaType: merge,
        body: { metadata: { managedFields } },
      });
      expect((await api.object('get', configmaps, { name: 'a' })).metadata.managedFields).toBeUndefined();
    }
  });

  test('that make no sense are not taken from who sends them', async () => {
    const api = await createTestCluster();
    await apply(api, map({ x: '1' }), 'alice');
    const { managedFields } = (await api.object('get', configmaps, { name: 'a' })).metadata;
    const [entry] = managedFields as [ManagedFieldsEntry];
    for (const wrong of [
      { ...entry, fieldsV1: { 'k:{x}': {} } },
      { ...entry, operation: 'Steal' },
      { ...entry, apiVersion: '' },
      { ...entry, fieldsType: 'FieldsV2' },
    ]) {
      const body = { ...map({ x: '1' }), metadata: { name: 'a', managedFields: [wrong] } };
      const answer = await api.object('update', configmaps, { name: 'a', body });
      expect(answer.metadata.managedFields).toEqual(managedFields);
    }
  });

  test('that admission has spoilt are put back, with a warning', async () => {
    const spoil = {
      name: 'Spoiler',
      admit({ object }: { object?: KubernetesObject }) {
        if (object?.kind !== 'ConfigMap') return;
        object.metadata.managedFields = [{ manager: 'm', operation: 'Update', fieldsType: 'FieldsV1' }];
      },
    };
    const api = await createTestCluster({ admission: [spoil] });
    await apply(api, map({ x: '1' }), 'alice');
    const { managedFields } = (await api.object('get', configmaps, { name: 'a' })).metadata;
    expect(owners(managedFields)).toEqual(['alice Apply {"f:data":{"f:x":{}}}']);
    expect(api.warnings).toEqual([
      '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: apiVersion must not be empty',
    ]);
  });
});
