import { describe, expect, test } from 'vitest';
import type { Container, ContainerPort, EnvVar } from '../../api/core/v1.ts';
import {
  configmaps,
  daemonsets,
  deployments,
  persistentvolumes,
  pods,
  replicasets,
  replicationcontrollers,
  services,
  statefulsets,
  validatingwebhookconfigurations,
} from '../../api/generated/resources.ts';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { encodeProtobuf } from '../../machinery/protobuf.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { createTestCluster, type TestApi, type TestRequest } from './testing.ts';

// Who owns what while several write one object, case by case as upstream tries it (test/integration/apiserver/apply).

const mediaTypes = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

/** Writes of one object, each in the name of a manager. */
function writersOf<T extends KubernetesObject>(api: TestApi, resource: Resource<T>, name: string) {
  const { group, version, kind } = resource;
  const type = { apiVersion: group ? `${group}/${version}` : version, kind };
  const patch =
    (mediaType: string, subresource = '') =>
    (fieldManager: string, body: object, query: Record<string, string> = {}) =>
      api.object(`patch`, resource, {
        name,
        subresource,
        mediaType,
        body: mediaType === mediaTypes.apply ? { ...type, metadata: { name }, ...body } : body,
        query: { fieldManager, ...query },
      });
  const write =
    (verb: string) =>
    (fieldManager: string, body: object): Promise<Stored<T>> =>
      api.object(verb, resource, {
        ...(verb === 'update' && { name }),
        body: { metadata: { name }, ...body } as TestRequest['body'],
        query: { fieldManager },
      });
  return {
    apply: patch(mediaTypes.apply),
    applyStatus: patch(mediaTypes.apply, 'status'),
    merge: patch(mediaTypes.merge),
    mergeStatus: patch(mediaTypes.merge, 'status'),
    mergeScale: patch(mediaTypes.merge, 'scale'),
    strategic: patch(mediaTypes.strategic),
    json: patch(mediaTypes.json),
    create: write('create'),
    update: write('update'),
    get: () => api.object('get', resource, { name }),
  };
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const versionOf = (object: Stored<KubernetesObject>) => object.metadata.resourceVersion;

/** `manager operation subresource` of each entry, and what it owns. */
const entriesOf = ({ metadata }: Stored<KubernetesObject>): [string, unknown][] =>
  (metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) => [
    [manager, operation, subresource].filter(Boolean).join(' '),
    fieldsV1,
  ]);

const managersOf = (object: Stored<KubernetesObject>) => entriesOf(object).map(([manager]) => manager);

const ownersOfReplicas = (object: Stored<KubernetesObject>) =>
  (object.metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('"f:replicas":{}'))
    .map(({ manager }) => manager);

const labels = { app: 'nginx' };
const container = { name: 'nginx', image: 'nginx:latest' };
const selector = { matchLabels: labels };
const podOf = (containers: readonly object[], more = {}) => ({
  metadata: { labels },
  spec: { ...more, containers },
});
const deployment = (spec: object = {}, template = podOf([container])) => ({
  spec: { selector, template, ...spec },
});
const port = (name: string, containerPort: number) => ({ name, containerPort });
const variable = (name: string, value: string) => ({ name, value });

describe('a write that says nothing new', () => {
  test('is no write: of an update', async () => {
    const api = await createTestCluster();
    const { apply, update, get } = writersOf(api, pods, 'p');
    await apply('a', {
      metadata: { name: 'p', labels: { a: '1', c: '2', b: '3' } },
      spec: { containers: [container] },
    });
    await api.clock.advance(1000);
    const before = await get();
    expect(versionOf(await update('b', before))).toBe(versionOf(before));
  });

  test('is no write: of an apply with an empty map', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, deployments, 'd');
    const template = { ...podOf([container]), metadata: { labels, annotations: {} } };
    const before = await apply('a', deployment({ template }));
    await api.clock.advance(1000);
    expect(versionOf(await apply('a', deployment({ template })))).toBe(versionOf(before));
  });

  test('is no write: of an apply with metadata of null', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, configmaps, 'c');
    const body = {
      metadata: { name: 'c', creationTimestamp: null, resourceVersion: null },
      data: { k: 'v' },
    };
    const before = await apply('a', body);
    await api.clock.advance(1200);
    expect(await apply('a', body)).toEqual(before);
  });

  const claims = [
    {
      metadata: { name: 'nginx' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ];
  const limited = { name: 'nginx', image: 'nginx', resources: { limits: { memory: '2048Mi' } } };
  const set = deployment({ serviceName: 'nginx', volumeClaimTemplates: claims }, podOf([limited]));

  test('is no write: of an apply whose one piece lacks defaults, and whose quantity has another form', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, statefulsets, 's');
    const before = await apply('a', set);
    await api.clock.advance(1200);
    expect(versionOf(await apply('a', set))).toBe(versionOf(before));
  });

  test('is no write: of the same in an update', async () => {
    const api = await createTestCluster();
    const { create, update } = writersOf(api, statefulsets, 's');
    const before = await create('a', set);
    await api.clock.advance(1200);
    expect(versionOf(await update('a', set))).toBe(versionOf(before));
  });

  test('is one where an empty marker goes for which there is a default', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, pods, 'p');
    const containers = [{ ...container, volumeMounts: [{ mountPath: '/cache', name: 'v' }] }];
    const pod = (volume: object) => ({ spec: { containers, volumes: [{ name: 'v', ...volume }] } });
    const before = await apply('a', pod({ emptyDir: {} }));
    await api.clock.advance(1000);
    expect(versionOf(await apply('a', pod({})))).not.toBe(versionOf(before));
  });
});

describe('apply', () => {
  test('creates, and takes the same from another', async () => {
    const api = await createTestCluster();
    const { apply, get } = writersOf(api, services, 's');
    const service = { spec: { ports: [{ port: 8080, protocol: 'UDP' }] } };
    await apply('a', service);
    await apply('b', service);
    expect(managersOf(await get()).sort()).toEqual(['a Apply', 'b Apply']);
  });

  test('does not create what has a uid', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, pods, 'p');
    const uid = '88e00824-7f0e-11e8-94a1-c8d3ffb15800';
    const body = { metadata: { name: 'p', uid }, spec: { containers: [container] } };
    expect(await refusal(apply('a', body))).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  test('of another version of the kind than the path has is a bad request', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, deployments, 'd');
    await apply('a', deployment());
    const other = { ...deployment({ replicas: 100 }), apiVersion: 'extensions/v1beta' };
    expect(await refusal(apply('a', other))).toMatchObject({ code: 400 });
  });

  test('of nothing leaves no manager', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, configmaps, 'c');
    await apply('a', {});
    expect((await apply('a', {})).metadata.managedFields).toBeUndefined();
  });

  test('takes away what its manager alone had, down to the default', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, deployments, 'd');
    await apply(
      'a',
      deployment({ replicas: 3 }, podOf([{ ...container, ports: [port('p', 80)] }], { hostname: 'h' })),
    );
    const { spec } = await apply('a', deployment());
    expect(spec?.replicas).toBe(1);
    expect(spec?.template.spec?.hostname).toBeUndefined();
    expect(spec?.template.spec?.containers[0]?.ports).toBeUndefined();
  });

  test('leaves what another has too', async () => {
    const api = await createTestCluster();
    const { apply, update } = writersOf(api, deployments, 'd');
    const whole = deployment({ replicas: 3 }, podOf([container], { hostname: 'h' }));
    await apply('a', whole);
    await apply('b', whole);
    const left = await apply('a', deployment());
    expect(left.spec).toMatchObject({ replicas: 3, template: { spec: { hostname: 'h' } } });
    const taken = { ...left, spec: { ...left.spec, replicas: 4 } };
    await update('c', taken);
    expect((await apply('b', deployment())).spec?.replicas).toBe(4);
  });

  test('takes away an element that another changed', async () => {
    const api = await createTestCluster();
    const { apply, strategic } = writersOf(api, deployments, 'd');
    await apply('a', deployment());
    const containers = [{ name: 'nginx', workingDir: '/home' }];
    await strategic('b', { spec: { template: { spec: { containers } } } });
    const { spec } = await apply('a', deployment({}, podOf([{ ...container, name: 'other' }])));
    expect(spec?.template.spec?.containers.map(({ name }) => name)).toEqual(['other']);
  });

  test('tells elements apart by the default of a key', async () => {
    const api = await createTestCluster();
    const { apply } = writersOf(api, deployments, 'd');
    const withPort = (ports: object) => deployment({}, podOf([{ ...container, ports: [ports] }]));
    await apply('a', withPort(port('foo', 80)));
    const status = await refusal(apply('b', withPort({ ...port('bar', 80), protocol: 'TCP' })));
    expect(status?.details?.causes).toHaveLength(1);
  });

  test('by kubectl owns what the client applied before, but for what differs from it', async () => {
    const api = await createTestCluster();
    const { apply, create, get } = writersOf(api, deployments, 'd');
    const template = podOf([container]);
    const before = {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'd', labels },
      spec: { replicas: 3, template },
    };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(before) };
    await create('kubectl-create', {
      ...deployment({ replicas: 100000 }),
      metadata: { name: 'd', annotations, labels },
    });
    const metadata = { name: 'd', labels: { app: 'new' } };
    expect(await refusal(apply('kubectl', { metadata, spec: { replicas: 3, template } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    await apply('kubectl', { metadata, spec: { template: podOf([{ ...container, image: 'new' }]) } });
    const { spec } = await get();
    expect(spec?.replicas).toBe(100000);
    expect(spec?.template.spec?.containers[0]?.image).toBe('new');
  });
});

describe('managers', () => {
  test('of updates are thrown together, the oldest of more than ten', async () => {
    const api = await createTestCluster();
    const { apply, merge } = writersOf(api, validatingwebhookconfigurations, 'w');
    let last = await apply('applier', { metadata: { name: 'w', labels: { applier: 'true' } } });
    for (let i = 0; i < 20; i++)
      last = await merge(`updater${i}`, { metadata: { labels: { [`updater${i}`]: 'new' } } });
    const managers = managersOf(last);
    expect(managers).toHaveLength(11);
    expect(managers.slice(0, 2)).toEqual(['applier Apply', 'ancient-changes Update']);
  });

  test('of updates keep one entry, with the time of the last', async () => {
    const api = await createTestCluster();
    const { apply, merge, get } = writersOf(api, configmaps, 'c');
    await apply('a', { metadata: { name: 'c', labels: { l: '1' } }, data: { key: 'value' } });
    await merge('b', { data: { more: 'value' } });
    await api.clock.advance(1000);
    await merge('b', { data: { key: 'new' } });
    const object = await get();
    expect(entriesOf(object)).toEqual([
      ['a Apply', { 'f:metadata': { 'f:labels': { 'f:l': {} } } }],
      ['b Update', { 'f:data': { 'f:key': {}, 'f:more': {} } }],
    ]);
    expect(object.metadata.managedFields?.map(({ time }) => time)).toEqual([
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:01Z',
    ]);
  });

  const spec = { containers: [container] };
  const all = (object: Stored<KubernetesObject>, change: Partial<ManagedFieldsEntry>) => ({
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: object.metadata.managedFields?.map((entry) => ({ ...entry, ...change })),
    },
  });

  test('who are made one keep what the last of them has', async () => {
    const api = await createTestCluster();
    const { apply, update, get } = writersOf(api, pods, 'p');
    await apply('a', { metadata: { name: 'p', labels: { a: '1' } }, spec });
    await apply('b', { metadata: { labels: { b: '2' } } });
    const pod = await get();
    expect(pod.metadata.labels).toEqual({ a: '1', b: '2' });
    const updated = await update('u', all(pod, { manager: 'one' }));
    expect(entriesOf(updated)).toEqual([['one Apply', { 'f:metadata': { 'f:labels': { 'f:b': {} } } }]]);
  });

  test('who are made one are still told apart by what they did', async () => {
    const api = await createTestCluster();
    const { apply, merge, update, get } = writersOf(api, pods, 'p');
    await apply('a', { spec });
    await merge('b', { metadata: { labels: { a: '1' } } });
    await merge('c', { metadata: { labels: { b: '2' } } });
    const updated = await update('u', all(await get(), { manager: 'one' }));
    expect(entriesOf(updated)).toHaveLength(2);
    expect(entriesOf(updated)[1]).toEqual(['one Update', { 'f:metadata': { 'f:labels': { 'f:b': {} } } }]);
  });

  test('of subresources that are made one keep what the last has', async () => {
    const api = await createTestCluster();
    const { apply, applyStatus, update, get } = writersOf(api, pods, 'p');
    await apply('a', { spec });
    await apply('b', { metadata: { labels: { a: '1' } } });
    await applyStatus('b', { metadata: { labels: { b: '2' } } });
    const pod = await get();
    expect(pod.metadata.labels).toEqual({ a: '1', b: '2' });
    expect(managersOf(pod)).toEqual(['a Apply', 'b Apply', 'b Apply status']);
    const updated = await update('u', all(pod, { subresource: '' }));
    expect(entriesOf(updated)).toHaveLength(2);
    expect(entriesOf(updated)[1]).toEqual(['b Apply', { 'f:metadata': { 'f:labels': { 'f:b': {} } } }]);
  });

  test('who update subresources keep what the last has', async () => {
    const api = await createTestCluster();
    const { apply, merge, mergeStatus, update, get } = writersOf(api, pods, 'p');
    await apply('a', { spec });
    await merge('b', { metadata: { labels: { a: '1' } } });
    await mergeStatus('b', { status: { phase: 'Running' } });
    const pod = await get();
    expect(managersOf(pod)).toEqual(['a Apply', 'b Update', 'b Update status']);
    const updated = await update('u', all(pod, { subresource: '' }));
    expect(entriesOf(updated)).toHaveLength(2);
    expect(entriesOf(updated)[1]).toEqual(['b Update', { 'f:status': { 'f:phase': {} } }]);
  });

  test('are not changed by what a write of the status says of them', async () => {
    const api = await createTestCluster();
    const { apply, mergeStatus } = writersOf(api, pods, 'p');
    const before = await apply('a', { spec });
    const fieldsV1 = { 'f:spec': { 'f:containers': { 'k:{"name":"t"}': { '.': {}, 'f:name': {} } } } };
    const claimed = { manager: 't', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 };
    const after = await mergeStatus('b', {
      metadata: { managedFields: [claimed] },
      status: { conditions: [{ type: 'My', status: 'True' }] },
    });
    expect(managersOf(after)).toEqual(['a Apply', 'b Update status']);
    expect(after.metadata.managedFields?.[0]).toEqual(before.metadata.managedFields?.[0]);
  });

  test('are forgotten by any way of writing an entry of nothing, and by none afterwards', async () => {
    const managedFields = [{}];
    const reset = { metadata: { managedFields } };
    const operation = [{ op: 'replace', path: '/metadata/managedFields', value: managedFields }];
    const ways = [
      (w: ReturnType<typeof writersOf>) => w.merge('b', reset),
      (w: ReturnType<typeof writersOf>) => w.strategic('b', reset),
      (w: ReturnType<typeof writersOf>) => w.json('b', operation),
      (w: ReturnType<typeof writersOf>) => w.update('b', { metadata: { name: 'c', managedFields, labels } }),
    ];
    for (const way of ways) {
      const api = await createTestCluster();
      const writers = writersOf(api, configmaps, 'c');
      await writers.apply('a', { metadata: { name: 'c', labels } });
      await way(writers);
      const { metadata } = await writers.get();
      expect(metadata).toMatchObject({ labels });
      expect(metadata.managedFields).toBeUndefined();
      const later = await writers.merge('b', { metadata: { labels: { app: 'v1' } } });
      expect(later.metadata.managedFields).toBeUndefined();
    }
  });

  test('that make no sense fail nothing', async () => {
    const managedFields = [
      {
        manager: 'a',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2019-07-08T09:31:18Z',
        fieldsType: '',
        fieldsV1: {},
      },
    ];
    const metadata = { name: 'c', managedFields, labels };
    const api = await createTestCluster();
    await writersOf(api, configmaps, 'c').create('a', { metadata });
    expect(managersOf(await writersOf(api, configmaps, 'c').get())).toEqual(['a Update']);
    await writersOf(api, configmaps, 'c').update('a', { metadata });
    const operation = [{ op: 'replace', path: '/metadata/managedFields', value: managedFields }];
    await writersOf(api, configmaps, 'c').json('a', operation);
    expect(managersOf(await writersOf(api, configmaps, 'c').get())).toEqual(['a Update']);
  });

  test.each([
    '{"f:metadata":{}}{"trailing":"data"}',
    '{"f:metadata":{"f:finalizers":{"v:\\"a\\" {\\"trailing\\":1}":{}}}}',
    '{"f:metadata":{"f:ownerReferences":{"k:{\\"uid\\":\\"abc\\"} {\\"trailing\\":1}":{}}}}',
    '{"f:metadata":',
  ])('whose fields are no set in protobuf are ignored: %s', async (wrong) => {
    const api = await createTestCluster();
    const { get } = writersOf(api, configmaps, 'c');
    const long = 'x'.repeat(wrong.length - '{"f:":{}}'.length);
    const entry = { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' };
    const managedFields = [{ ...entry, fieldsV1: { [`f:${long}`]: {} } }];
    const write = (verb: string, data: Record<string, string>) => {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', managedFields }, data };
      const bytes = Buffer.from(encodeProtobuf(body));
      bytes.write(wrong, bytes.indexOf(`{"f:${long}":{}}`));
      const mediaType = 'application/vnd.kubernetes.protobuf';
      const name = verb === 'create' ? {} : { name: 'c' };
      return api.send(verb, configmaps, { ...name, mediaType, body: bytes, query: { fieldManager: 'a' } });
    };
    await write('create', { foo: 'bar' });
    expect(entriesOf(await get())).toEqual([['a Update', { 'f:data': { '.': {}, 'f:foo': {} } }]]);
    await write('update', { foo: 'baz', more: 'x' });
    expect(entriesOf(await get())).toEqual([
      ['a Update', { 'f:data': { '.': {}, 'f:foo': {}, 'f:more': {} } }],
    ]);
  });

  test('of a version that is gone come back with what they apply', async () => {
    const api = await createTestCluster();
    const { create, apply, get } = writersOf(api, deployments, 'd');
    const fieldsV1 = { 'f:metadata': { 'f:labels': { 'f:sidecar_version': {} } } };
    const managedFields = [{ manager: 's', operation: 'Apply', apiVersion: 'extensions/v1beta1', fieldsV1 }];
    await create('a', { ...deployment(), metadata: { name: 'd', labels, managedFields } });
    const containers = [{ name: 'sidecar', image: 'sidecar:latest' }];
    const metadata = { name: 'd', labels: { sidecar_version: 'release' } };
    await apply('s', { metadata, spec: { template: { spec: { containers } } } });
    const object = await get();
    expect(object.metadata.managedFields).toHaveLength(2);
    const [own] = object.metadata.managedFields?.filter(({ manager }) => manager === 's') ?? [];
    expect(own).toMatchObject({ operation: 'Apply', apiVersion: 'apps/v1', fieldsType: 'FieldsV1' });
    const sidecar = { '.': {}, 'f:image': {}, 'f:name': {} };
    expect(own?.fieldsV1).toEqual({
      'f:metadata': { 'f:labels': { 'f:sidecar_version': {} } },
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"sidecar"}': sidecar } } } },
    });
  });

  test('of a scale are apart from those of the whole', async () => {
    const api = await createTestCluster();
    const { apply, mergeScale, get } = writersOf(api, deployments, 'd');
    await apply('m', deployment({ replicas: 3 }));
    await mergeScale('m', { spec: { replicas: 32 } });
    const entries = entriesOf(await get());
    expect(entries.map(([manager]) => manager)).toEqual(['m Apply', 'm Update scale']);
    expect(entries[1]?.[1]).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  test('of a scale stay who they are when only its status is written', async () => {
    const api = await createTestCluster();
    const { apply, mergeScale, get } = writersOf(api, deployments, 'd');
    await apply('a', deployment({ replicas: 1 }));
    await mergeScale('s', { status: { replicas: 42 } });
    const object = await get();
    expect(object.spec?.replicas).toBe(1);
    expect(ownersOfReplicas(object)).toEqual(['a']);
  });

  const scaled = [
    deployments,
    statefulsets,
    replicasets,
    replicationcontrollers,
  ] as Resource<KubernetesObject>[];
  test.each(scaled.map((resource) => [resource.kind, resource] as const))(
    'of the replicas of a %s, whoever scales it',
    async (_, resource) => {
      const api = await createTestCluster();
      const { apply, mergeScale, get } = writersOf(api, resource, 'test');
      const own = resource.plural === 'replicationcontrollers' ? { selector: labels } : {};
      const body = deployment({
        replicas: 1,
        serviceName: resource === statefulsets ? 's' : undefined,
        ...own,
      });
      const scaleTo = (replicas: number) => ({
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'test', namespace: 'default' },
        spec: { replicas },
      });
      const send = (verb: string, replicas: number, query: Record<string, string>) =>
        api.object(verb, resource, {
          name: 'test',
          subresource: 'scale',
          body: scaleTo(replicas),
          query,
          ...(verb === 'patch' && { mediaType: mediaTypes.apply }),
        });
      const expectReplicas = async (replicas: number, ...managers: string[]) => {
        const object = await get();
        expect(object).toMatchObject({ spec: { replicas } });
        expect(ownersOfReplicas(object).sort()).toEqual(managers);
      };
      await apply('a', body);
      await expectReplicas(1, 'a');
      await mergeScale('scaler', { spec: { replicas: 5 } });
      await expectReplicas(5, 'scaler');
      expect(await refusal(apply('a', body))).toMatchObject({ reason: 'Conflict' });
      await apply('a', body, { force: 'true' });
      await expectReplicas(1, 'a');
      const status = await refusal(send('patch', 17, { fieldManager: 'b' }));
      expect(status?.reason).toBe('Conflict');
      expect(status?.message).toContain('"a"');
      await send('patch', 17, { fieldManager: 'b', force: 'true' });
      await expectReplicas(17, 'b');
      await send('update', 7, { fieldManager: 'c' });
      await expectReplicas(7, 'c');
      await send('patch', 7, { fieldManager: 'd' });
      await expectReplicas(7, 'c', 'd');
      await mergeScale('scaler', { spec: { replicas: 5 } });
      await expectReplicas(5, 'scaler');
    },
  );

  test('of what was one piece before stay, and do not keep others from its parts', async () => {
    const api = await createTestCluster();
    const { create, strategic, apply } = writersOf(api, persistentvolumes, 'pv');
    const claimRef = { namespace: 'default', name: 'pvc' };
    const volume = {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '16Mi' },
      hostPath: { path: '/tmp/data' },
    };
    const uid = '2018e302-7b12-406c-9fa2-e52535d29e48';
    const bound = {
      ...claimRef,
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      resourceVersion: '15499',
      uid,
    };
    const made = await create('a', {
      metadata: { name: 'pv', labels: { type: 'local' } },
      spec: { ...volume, claimRef: bound },
    });
    const entry = { apiVersion: 'v1', fieldsType: 'FieldsV1', time: '2022-06-08T23:46:32Z' };
    const applied = {
      'f:metadata': { 'f:labels': { 'f:type': {} } },
      'f:spec': {
        'f:accessModes': {},
        'f:capacity': { 'f:storage': {} },
        'f:hostPath': { 'f:path': {} },
        'f:storageClassName': {},
      },
    };
    const managedFields = [
      { ...entry, fieldsV1: applied, manager: 'a', operation: 'Apply' },
      {
        ...entry,
        fieldsV1: { 'f:status': { 'f:phase': {} } },
        manager: 'kcm',
        operation: 'Update',
        subresource: 'status',
      },
      {
        ...entry,
        fieldsV1: { 'f:spec': { 'f:claimRef': {} } },
        manager: 'kcm',
        operation: 'Update',
        time: '2022-06-08T23:46:37Z',
      },
    ];
    await strategic('a', { metadata: { managedFields } });
    const after = await apply('a', {
      metadata: { name: 'pv', labels: { type: 'local' } },
      spec: { ...volume, storageClassName: '', claimRef },
    });
    expect(after.spec?.claimRef).toEqual(made.spec?.claimRef);
    expect(entriesOf(after)).toEqual([
      [
        'a Apply',
        { ...applied, 'f:spec': { ...applied['f:spec'], 'f:claimRef': { 'f:name': {}, 'f:namespace': {} } } },
      ],
      ['kcm Update status', { 'f:status': { 'f:phase': {} } }],
      ['kcm Update', { 'f:spec': { 'f:claimRef': {} } }],
    ]);
  });
});

describe('elements that bear the same key', () => {
  const daemonSet = (ports: readonly ContainerPort[], env: readonly EnvVar[]) => ({
    metadata: { name: 'd', labels },
    spec: { selector, template: podOf([{ name: 'nginx', image: 'nginx', ports, env }]) },
  });
  const applied = (ports: readonly ContainerPort[], env: readonly EnvVar[]) => ({
    metadata: { name: 'd', labels },
    spec: { selector, template: { spec: { containers: [{ name: 'nginx', image: 'nginx', ports, env }] } } },
  });
  const ownedBy = (object: Stored<KubernetesObject>, manager: string) => {
    const [entry] = object.metadata.managedFields?.filter((e) => e.manager === manager) ?? [];
    const path = ['f:spec', 'f:template', 'f:spec', 'f:containers', 'k:{"name":"nginx"}'];
    const own = path.reduce<Record<string, unknown> | undefined>(
      (fields, name) => fields?.[name] as Record<string, unknown> | undefined,
      entry?.fieldsV1 as Record<string, unknown>,
    );
    return { ports: own?.['f:ports'], env: own?.['f:env'] };
  };
  const only = (object: Stored<KubernetesObject>) =>
    (object as unknown as { spec: { template: { spec: { containers: Container[] } } } }).spec.template.spec
      .containers[0] as Container;
  const counts = (object: Stored<KubernetesObject>) => [only(object).ports?.length, only(object).env?.length];
  const element = (...names: string[]) => ({
    '.': {},
    ...Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
  });
  const path = (name: string) => `k:{"name":"${name}"}`;
  const at = (number: number) => `k:{"containerPort":${number},"protocol":"TCP"}`;
  const named = element('name', 'value');
  const opened = element('containerPort', 'name', 'protocol');
  const asked = element('containerPort', 'name');

  test('are owned together, and are one after an apply', async () => {
    const api = await createTestCluster();
    const { create, apply, update } = writersOf(api, daemonsets, 'd');
    const made = await create(
      'create',
      daemonSet(
        [port('port0', 1), port('port1', 80), port('port2', 80)],
        [variable('ENV0', '/e'), variable('PATH', '/bin'), variable('PATH', '$PATH:/usr/bin')],
      ),
    );
    expect(counts(made)).toEqual([3, 3]);
    const created = {
      ports: { '.': {}, [at(1)]: opened, [at(80)]: {} },
      env: { '.': {}, [path('ENV0')]: named, [path('PATH')]: {} },
    };
    expect(ownedBy(made, 'create')).toEqual(created);

    const added = await apply('apply', applied([port('port3', 443)], [variable('HOME', '/usr/home')]));
    expect(counts(added)).toEqual([4, 4]);
    const appliedFirst = { ports: { [at(443)]: asked }, env: { [path('HOME')]: named } };
    expect(ownedBy(added, 'apply')).toEqual(appliedFirst);
    expect(ownedBy(added, 'create')).toEqual(created);

    const changed = await update(
      'update',
      daemonSet(
        [port('port0', 1), port('port3', 443), port('port4', 80), port('port5', 80)],
        [
          variable('ENV0', '/e'),
          variable('PATH', '/bin'),
          variable('PATH', '$PATH:/usr/bin:/usr/local/bin'),
          variable('HOME', '/usr/home'),
        ],
      ),
    );
    expect(counts(changed)).toEqual([4, 4]);
    expect(ownedBy(changed, 'apply')).toEqual(appliedFirst);
    expect(ownedBy(changed, 'create')).toEqual({
      ports: { '.': {}, [at(1)]: opened },
      env: { '.': {}, [path('ENV0')]: named },
    });
    expect(ownedBy(changed, 'update')).toEqual({ ports: { [at(80)]: {} }, env: { [path('PATH')]: {} } });

    const forced = await apply('apply', applied([port('port80', 80)], [variable('PATH', '/bin')]), {
      force: 'true',
    });
    expect(counts(forced)).toEqual([2, 2]);
    expect(ownedBy(forced, 'apply')).toEqual({ ports: { [at(80)]: asked }, env: { [path('PATH')]: named } });
    expect(ownedBy(forced, 'update')).toEqual({ ports: undefined, env: undefined });
  });
});
