import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import {
  configmaps,
  ingressclasses,
  ingresses,
  limitranges,
  nodes,
  persistentvolumeclaims,
  pods,
  priorityclasses,
  resourcequotas,
  runtimeclasses,
  secrets,
  serviceaccounts,
  services,
  storageclasses,
} from '../../api/generated/resources.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { createTestCluster, type TestApi } from '../registry/testing.ts';
import type { AdmissionPlugin } from './admission.ts';
import { runtimeClass } from './runtime-class.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const named = (name: string) => ({ metadata: { name } });
const pod = (name: string, resources: object = {}, spec: object = {}) => ({
  ...named(name),
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
});
const cpu = (requests: string, limits?: string) => ({
  requests: { cpu: requests },
  ...(limits && { limits: { cpu: limits } }),
});

describe('ServiceAccount', () => {
  const because = 'because service account careful does not reference that secret';
  const env = [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }];
  const envFrom = [{ secretRef: { name: 'other' } }];
  const container = (more: object) => ({ name: 'c', image: 'i', ...more });

  async function withCareful(): Promise<TestApi> {
    const api = await createTestCluster();
    const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
    const body = { metadata: { name: 'careful', annotations }, secrets: [{ name: 'own' }] };
    await api.send('create', serviceaccounts, { body });
    return api;
  }
  const spec = (more: object = {}) => ({ serviceAccountName: 'careful', ...more });

  test.each([
    ['container c with envVar E', { containers: [container({ env })] }],
    ['container c with envFrom', { containers: [container({ envFrom })] }],
    ['init container i with envFrom', { initContainers: [{ ...container({ envFrom }), name: 'i' }] }],
  ])('lets no %s see a secret that is not the account\u2019s', async (what, more) => {
    const api = await withCareful();
    const refused = await failure(api.send('create', pods, { body: pod('p', {}, spec(more)) }));
    expect(refused?.message).toBe(
      `pods "p" is forbidden: ${what} referencing secret.secretName="other" is not allowed ${because}`,
    );
    const own = { containers: [container({ envFrom: [{ secretRef: { name: 'own' } }] })] };
    expect(await failure(api.send('create', pods, { body: pod('q', {}, spec(own)) }))).toBeUndefined();
  });

  test.each([
    ['envVar E', { env }],
    ['envFrom', { envFrom }],
  ])('nor a container that is added later, with %s', async (what, more) => {
    const api = await withCareful();
    const made = await api.object('create', pods, { body: pod('p', {}, spec()) });
    const ephemeralContainers = [{ ...container(more), name: 'debug' }];
    const body = { ...made, spec: { ...made.spec, ephemeralContainers } };
    const asked = { name: 'p', subresource: 'ephemeralcontainers', body };
    expect((await failure(api.send('update', pods, asked)))?.message).toBe(
      `pods "p" is forbidden: ephemeral container debug with ${what} referencing secret.secretName="other" is not allowed ${because}`,
    );
  });
});

test.each<[string, string, object]>([
  ['service accounts', 'reference service accounts', { serviceAccountName: 'default' }],
  ['secrets in a volume', 'reference secrets', { volumes: [{ name: 'v', secret: { secretName: 's' } }] }],
  [
    'secrets in the environment',
    'reference secrets',
    { containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 's' } }] }] },
  ],
  ['secrets to pull images with', 'reference secrets', { imagePullSecrets: [{ name: 's' }] }],
])('ServiceAccount lets mirror pods have no %s', async (_, what, more) => {
  const api = await createTestCluster();
  const { spec, ...rest } = pod('m', {}, { nodeName: 'n', ...more });
  const metadata = { ...rest.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } };
  expect((await failure(api.send('create', pods, { body: { spec, metadata } })))?.message).toBe(
    `pods "m" is forbidden: a mirror pod may not ${what}`,
  );
});

describe('ResourceQuota', () => {
  async function withQuota(hard: Record<string, string>, spec: object = {}): Promise<TestApi> {
    const api = await createTestCluster();
    const made = await api.object('create', resourcequotas, {
      body: { ...named('q'), spec: { hard, ...spec } },
    });
    const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
    const body = { ...made, status: { hard, used } };
    await api.send('update', resourcequotas, { name: 'q', subresource: 'status', body });
    return api;
  }
  const usedOf = async (api: TestApi) =>
    (await api.object('get', resourcequotas, { name: 'q' })).status?.used;

  test('counts what pods ask for, and refuses what is beyond', async () => {
    const api = await withQuota({ pods: '5', 'requests.cpu': '1', 'limits.cpu': '2' });
    await api.send('create', pods, { body: pod('a', cpu('600m', '1')) });
    expect(await usedOf(api)).toEqual({ pods: '1', 'requests.cpu': '600m', 'limits.cpu': '1' });
    expect(await failure(api.send('create', pods, { body: pod('b', cpu('600m', '1')) }))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
    });
    expect((await failure(api.send('create', pods, { body: pod('c') })))?.message).toBe(
      'pods "c" is forbidden: failed quota: q: must specify limits.cpu for: c; requests.cpu for: c',
    );
  });

  test('books no more than there is, however many come at once', async () => {
    const api = await withQuota({ configmaps: '3' });
    const makes = Array.from({ length: 10 }, (_, i) =>
      failure(api.send('create', configmaps, { body: named(`m${i}`) })),
    );
    const failed = (await Promise.all(makes)).filter((status) => status !== undefined);
    expect(failed).toHaveLength(7);
    expect(await usedOf(api)).toEqual({ configmaps: '3' });
  });

  test('books once what has to try for a name twice', async () => {
    const generated = { body: { metadata: { generateName: 'g-' } } };
    const namesAfter = async (name: string) => {
      const api = await withQuota({ configmaps: '5' });
      await api.send('create', configmaps, { body: named(name) });
      const made = await api.object('create', configmaps, generated);
      expect(await usedOf(api)).toEqual({ configmaps: '2' });
      return made.metadata.name;
    };
    // Chance is the same in each cluster.
    const first = await namesAfter('g-other');
    expect(await namesAfter(first)).not.toBe(first);
  });

  test('books what comes at once together', async () => {
    const api = await withQuota({ configmaps: '100' });
    const { metadata } = await api.object('get', resourcequotas, { name: 'q' });
    const query = { resourceVersion: metadata.resourceVersion ?? '' };
    const watch = await api.watch(resourcequotas, { query });
    const makes = Array.from({ length: 50 }, (_, i) =>
      api.send('create', configmaps, { body: named(`m${i}`) }),
    );
    await Promise.all(makes);
    expect(await usedOf(api)).toEqual({ configmaps: '50' });
    expect(watch.said.length).toBeLessThan(10);
  });

  test('knows objects by count/, and services and claims by what they take', async () => {
    const hard = {
      'count/secrets': '1',
      'services.nodeports': '1',
      'requests.storage': '1Gi',
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    };
    const api = await withQuota(hard);
    await api.send('create', secrets, { body: named('s') });
    const ports = [{ port: 80 }, { port: 81 }];
    const service = {
      ...named('x'),
      spec: { type: 'NodePort', ports: ports.map((p) => ({ ...p, name: `p${p.port}` })) },
    };
    expect((await failure(api.send('create', services, { body: service })))?.message).toContain(
      'requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1',
    );
    const spec = {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'gold',
      resources: { requests: { storage: '512Mi' } },
    };
    await api.send('create', persistentvolumeclaims, { body: { ...named('c'), spec } });
    expect(await usedOf(api)).toEqual({
      'count/secrets': '1',
      'services.nodeports': '0',
      'requests.storage': '512Mi',
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    });
  });

  test('books what a claim is being given, even beyond what there is', async () => {
    const api = await withQuota({ 'requests.storage': '1Gi' });
    const resources = { requests: { storage: '512Mi' } };
    const spec = { accessModes: ['ReadWriteOnce'], resources };
    await api.send('create', persistentvolumeclaims, { body: { ...named('c'), spec } });
    const report = async (allocatedResources: object, query = {}) => {
      const claim = await api.object('get', persistentvolumeclaims, { name: 'c' });
      const body = { ...claim, status: { ...claim.status, allocatedResources } };
      await api.send('update', persistentvolumeclaims, { name: 'c', subresource: 'status', body, query });
      return usedOf(api);
    };
    expect(await report({ storage: '2Gi' }, { dryRun: 'All' })).toEqual({ 'requests.storage': '512Mi' });
    expect(await report({ storage: '2Gi' })).toEqual({ 'requests.storage': '2Gi' });
    // What is given back is counted anew by the controller.
    expect(await report({ storage: '256Mi' })).toEqual({ 'requests.storage': '2Gi' });
  });

  test('takes of no quota what another refuses', async () => {
    const api = await withQuota({ configmaps: '5' });
    const hard = { 'count/configmaps': '0' };
    const made = await api.object('create', resourcequotas, { body: { ...named('r'), spec: { hard } } });
    const body = { ...made, status: { hard, used: { 'count/configmaps': '0' } } };
    await api.send('update', resourcequotas, { name: 'r', subresource: 'status', body });
    expect((await failure(api.send('create', configmaps, { body: named('a') })))?.message).toContain(
      'exceeded quota: r',
    );
    expect(await usedOf(api)).toEqual({ configmaps: '0' });
  });

  test('with scopes is about some pods only', async () => {
    const api = await withQuota({ pods: '1' }, { scopes: ['BestEffort'] });
    await api.send('create', pods, { body: pod('a', cpu('1')) });
    await api.send('create', pods, { body: pod('b') });
    expect(await usedOf(api)).toEqual({ pods: '1' });
    expect((await failure(api.send('create', pods, { body: pod('d') })))?.code).toBe(403);
    await api.send('create', pods, { body: pod('e', cpu('1')) });
  });

  test('lets nothing through before its use is known, and books nothing on dry runs', async () => {
    const api = await createTestCluster();
    await api.send('create', resourcequotas, {
      body: { ...named('q'), spec: { hard: { configmaps: '3' } } },
    });
    expect((await failure(api.send('create', configmaps, { body: named('a') })))?.message).toBe(
      'configmaps "a" is forbidden: status unknown for quota: q, resources: configmaps',
    );
    const booked = await withQuota({ configmaps: '3' });
    await booked.send('create', configmaps, { body: named('a'), query: { dryRun: 'All' } });
    expect(await usedOf(booked)).toEqual({ configmaps: '0' });
  });
});

describe('LimitRanger', () => {
  async function withLimits(limits: object[]): Promise<TestApi> {
    const api = await createTestCluster();
    await api.send('create', limitranges, { body: { ...named('l'), spec: { limits } } });
    return api;
  }

  test('gives containers what they leave open', async () => {
    const api = await withLimits([
      { type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' } },
    ]);
    const made = await api.object('create', pods, { body: pod('a') });
    expect(made.spec.containers[0]?.resources).toEqual(cpu('100m', '500m'));
    expect(made.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
    });
  });

  test('says which containers it has given what, and goes by the first of several', async () => {
    const limit = (memory: string) => [{ type: 'Container', default: { memory } }];
    const api = await withLimits(limit('1Gi'));
    await api.send('create', limitranges, { body: { ...named('m'), spec: { limits: limit('2Gi') } } });
    const initContainers = [{ name: 'i', image: 'i' }];
    const made = await api.object('create', pods, { body: pod('a', {}, { initContainers }) });
    expect(made.spec.containers[0]?.resources?.limits).toEqual({ memory: '1Gi' });
    expect(made.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: memory request for container c; memory limit for container c; memory request for init container i; memory limit for init container i',
    });
  });

  test('holds containers, pods and claims to their bounds', async () => {
    const api = await withLimits([
      {
        type: 'Container',
        min: { cpu: '50m' },
        max: { cpu: '1' },
        default: { cpu: '1' },
        defaultRequest: { cpu: '1' },
      },
      { type: 'Pod', max: { cpu: '1' } },
      { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
    ]);
    const text = async (resources: object) =>
      (await failure(api.send('create', pods, { body: pod('a', resources) })))?.message;
    expect(await text(cpu('10m', '10m'))).toBe(
      'pods "a" is forbidden: minimum cpu usage per Container is 50m, but request is 10m',
    );
    expect(await text(cpu('100m', '2'))).toBe(
      'pods "a" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Pod is 1, but limit is 2]',
    );
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };
    const claim = await failure(
      api.send('create', persistentvolumeclaims, { body: { ...named('c'), spec } }),
    );
    expect(claim?.message).toContain(
      'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
    );
  });
});

describe('LimitRanger and resizes', () => {
  test('a pod is not resized beyond what it could have been made with', async () => {
    const api = await createTestCluster();
    const limits = [{ type: 'Container', max: { cpu: '1' } }];
    await api.send('create', limitranges, { body: { ...named('l'), spec: { limits } } });
    await api.send('create', pods, { body: pod('a', cpu('500m', '800m')) });
    const mediaType = 'application/strategic-merge-patch+json' as const;
    const resize = (resources: object) => {
      const body = { spec: { containers: [{ name: 'c', resources }] } };
      return failure(api.send('patch', pods, { name: 'a', subresource: 'resize', mediaType, body }));
    };
    expect((await resize(cpu('500m', '8')))?.message).toBe(
      'pods "a" is forbidden: maximum cpu usage per Container is 1, but limit is 8',
    );
    expect(await resize(cpu('600m', '1'))).toBeUndefined();
  });

  test('what a pod has yet to give back does not keep it from asking for less', async () => {
    const api = await createTestCluster();
    const mediaType = 'application/strategic-merge-patch+json' as const;
    const change = (subresource: string, body: object) =>
      failure(api.send('patch', pods, { name: 'a', subresource, mediaType, body }));
    await api.send('create', pods, { body: pod('a', cpu('3', '3')) });
    const told = { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0 };
    const containerStatuses = [{ ...told, allocatedResources: { cpu: '3' }, resources: cpu('3', '3') }];
    expect(await change('status', { status: { containerStatuses } })).toBeUndefined();
    const spec = { limits: [{ type: 'Pod', min: { cpu: '500m' }, max: { cpu: '1' } }] };
    await api.send('create', limitranges, { body: { ...named('l'), spec } });
    const to = (text: string) => ({ spec: { containers: [{ name: 'c', resources: cpu(text, text) }] } });
    expect((await change('resize', to('100m')))?.message).toBe(
      'pods "a" is forbidden: minimum cpu usage per Pod is 500m, but request is 100m',
    );
    expect(await change('resize', to('1'))).toBeUndefined();
  });
});

describe('defaults', () => {
  test('of storage and ingress classes come from what is marked', async () => {
    const api = await createTestCluster();
    const marked = (name: string, key: string) => ({ metadata: { name, annotations: { [key]: 'true' } } });
    const provisioner = { provisioner: 'x.io/p' };
    const storageClass = marked('gold', 'storageclass.kubernetes.io/is-default-class');
    await api.send('create', storageclasses, { body: { ...storageClass, ...provisioner } });
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };
    const claim = await api.object('create', persistentvolumeclaims, { body: { ...named('c'), spec } });
    expect(claim.spec.storageClassName).toBe('gold');
    const ingressClass = marked('front', 'ingressclass.kubernetes.io/is-default-class');
    await api.send('create', ingressclasses, { body: { ...ingressClass, spec: { controller: 'x.io/c' } } });
    const backend = { service: { name: 's', port: { number: 80 } } };
    const ingress = await api.object('create', ingresses, {
      body: { ...named('i'), spec: { defaultBackend: backend } },
    });
    expect(ingress.spec?.ingressClassName).toBe('front');
  });

  test('of ingress classes come from the newest that is marked, or the first of those by name', async () => {
    const api = await createTestCluster();
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    const spec = { controller: 'x.io/c' };
    const mark = (name: string) =>
      api.send('create', ingressclasses, { body: { metadata: { name, annotations }, spec } });
    const backend = { service: { name: 's', port: { number: 80 } } };
    const classOf = async (name: string, metadata: object = {}) => {
      const body = { metadata: { name, ...metadata }, spec: { defaultBackend: backend } };
      return (await api.object('create', ingresses, { body })).spec?.ingressClassName;
    };
    await mark('b');
    await mark('a-b');
    await mark('ab');
    expect(await classOf('first')).toBe('a-b');
    await api.clock.advance(1000);
    await mark('c');
    expect(await classOf('second')).toBe('c');
    expect(await classOf('third', { annotations: { 'kubernetes.io/ingress.class': '' } })).toBeUndefined();
  });

  test('of claims and volumes are that they stay while they are used', async () => {
    const api = await createTestCluster();
    const resources = { requests: { storage: '1Gi' } };
    const spec = { accessModes: ['ReadWriteOnce'], resources };
    const body = { metadata: { name: 'c', finalizers: ['example.com/own'] }, spec };
    const claim = await api.object('create', persistentvolumeclaims, { body });
    expect(claim.metadata.finalizers).toEqual(['example.com/own', 'kubernetes.io/pvc-protection']);
  });

  test('of priorities come from their class', async () => {
    const api = await createTestCluster();
    await api.send('create', priorityclasses, {
      body: { ...named('high'), value: 1000, globalDefault: true },
    });
    const { spec } = await api.object('create', pods, { body: pod('a') });
    expect([spec.priorityClassName, spec.priority]).toEqual(['high', 1000]);
    const wrong = pod('b', {}, { priority: 7, priorityClassName: 'high' });
    expect((await failure(api.send('create', pods, { body: wrong })))?.message).toBe(
      'pods "b" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    );
    const second = await failure(
      api.send('create', priorityclasses, { body: { ...named('low'), value: 1, globalDefault: true } }),
    );
    expect(second?.message).toContain('PriorityClass high is already marked as default');
  });

  test('of runtime classes are overhead and place', async () => {
    const api = await createTestCluster();
    const body = {
      ...named('vm'),
      handler: 'vm',
      overhead: { podFixed: { cpu: '100m' } },
      scheduling: { nodeSelector: { vm: 'yes' } },
    };
    await api.send('create', runtimeclasses, { body });
    const { spec } = await api.object('create', pods, { body: pod('a', {}, { runtimeClassName: 'vm' }) });
    expect([spec.overhead, spec.nodeSelector]).toEqual([{ cpu: '100m' }, { vm: 'yes' }]);
    const missing = pod('b', {}, { runtimeClassName: 'none' });
    expect((await failure(api.send('create', pods, { body: missing })))?.message).toBe(
      'pods "b" is forbidden: pod rejected: RuntimeClass "none" not found',
    );
  });

  test('of runtime classes join what the pod says, and stand whoever comes after', async () => {
    const toleration = { key: 'vm', operator: 'Exists' };
    const changing = (overhead: object | undefined): AdmissionPlugin => ({
      name: 'Changing',
      admit({ kind, object }) {
        if (kind.resource.plural === 'pods')
          (object as Pod).spec.overhead = overhead as Pod['spec']['overhead'];
      },
    });
    const create = async (overhead: object | undefined, runtimeClassName?: string) => {
      const api = await createTestCluster({ admission: [runtimeClass, changing(overhead)] });
      const body = {
        ...named('vm'),
        handler: 'vm',
        overhead: { podFixed: { cpu: '0.1' } },
        scheduling: { tolerations: [toleration] },
      };
      await api.send('create', runtimeclasses, { body });
      const tolerations = [
        { ...toleration, effect: 'NoSchedule' },
        { key: 'a', operator: 'Exists' },
      ];
      const spec = { tolerations, ...(runtimeClassName && { runtimeClassName }) };
      return api.object('create', pods, { body: pod('a', {}, spec) });
    };
    const { spec } = await create({ cpu: '100m' }, 'vm');
    expect(spec.tolerations).toEqual([{ key: 'a', operator: 'Exists' }, toleration]);
    const differs = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
    for (const overhead of [undefined, { cpu: '1m' }])
      expect((await failure(create(overhead, 'vm')))?.message).toBe(`pods "a" is forbidden: ${differs}`);
    expect((await failure(create({ cpu: '1m' })))?.message).toContain(
      'Pod Overhead set without corresponding',
    );
  });

  test('of nodes are that they are not ready', async () => {
    const api = await createTestCluster();
    const { spec } = await api.object('create', nodes, { body: named('n') });
    expect(spec.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
  });
});

describe('NodeDeclaredFeatureValidator', () => {
  const sized = (cpu: string) => ({ resources: { requests: { cpu } } });
  const resizeOf = async (declaredFeatures: string[] | undefined, spec: object, to: object) => {
    const api = await createTestCluster();
    const node = {
      metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux' } },
      status: { declaredFeatures, allocatable: { cpu: '4', memory: '8Gi' } },
    };
    if (declaredFeatures) {
      const made = await api.object('create', nodes, { body: node });
      await api.send('update', nodes, { name: 'n1', subresource: 'status', body: { ...made, ...node } });
    }
    const body = pod('p', {}, { nodeName: 'n1', ...sized('1'), ...spec });
    await api.send('create', pods, { body });
    const mediaType = 'application/merge-patch+json' as const;
    return failure(
      api.send('patch', pods, { name: 'p', subresource: 'resize', mediaType, body: { spec: to } }),
    );
  };
  const podLevel = 'InPlacePodLevelResourcesVerticalScaling';
  const containers = [{ name: 'c', image: 'i', ...sized('500m') }];

  test('refuses a change of what a pod takes as a whole, or an init container, where the node has not declared that it does that', async () => {
    expect(await resizeOf(['Other'], {}, sized('2'))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `pods "p" is forbidden: pod update requires features ${podLevel} which are not available on node "n1"`,
    });
    const first = (cpu: string) => ({ initContainers: [{ name: 'first', image: 'i', ...sized(cpu) }] });
    expect((await resizeOf(['Other'], first('100m'), first('200m')))?.message).toBe(
      'pods "p" is forbidden: pod update requires features InPlacePodVerticalScalingInitContainers which are not available on node "n1"',
    );
    expect((await resizeOf(undefined, {}, sized('2')))?.message).toBe(
      'pods "p" is forbidden: node "n1" not found',
    );
  });

  test.each([
    ['a node that has declared it', [podLevel], {}, sized('2')],
    ['a change to the same', [], {}, sized('1000m')],
    ['a change of one container', [], {}, { containers }],
    ['a pod without a node', undefined, { nodeName: null }, sized('2')],
  ])('lets %s be', async (_, declared, spec, to) => {
    expect(await resizeOf(declared, spec, to)).toBeUndefined();
  });
});

describe('PodResizeValidator', () => {
  /** What comes of a resize on a node with 4 cores and 8 GiB. */
  async function resized(
    requests: object,
    { os = 'linux', nodeName = 'n1' }: { os?: string; nodeName?: string | null } = {},
  ) {
    const api = await createTestCluster();
    const node = { metadata: { name: 'n1', labels: { 'kubernetes.io/os': os } } };
    const made = await api.object('create', nodes, { body: node });
    const body = { ...made, status: { allocatable: { cpu: '4', memory: '8Gi' } } };
    await api.send('update', nodes, { name: 'n1', subresource: 'status', body });
    const small = { requests: { cpu: '1', memory: '1Gi' } };
    await api.send('create', pods, { body: pod('p', small, { nodeName }) });
    const mediaType = 'application/strategic-merge-patch+json' as const;
    const change = { spec: { containers: [{ name: 'c', resources: { requests } }] } };
    return failure(api.send('patch', pods, { name: 'p', subresource: 'resize', mediaType, body: change }));
  }

  test.each([[{ cpu: '2' }], [{ memory: '2Gi' }], [{ cpu: '4', memory: '8Gi' }]])(
    'lets a pod take what its node has (%j)',
    async (requests) => expect(await resized(requests)).toBeUndefined(),
  );

  test.each([
    [{ cpu: '10' }, 'cpu, requested: 10000, allocatable: 4000'],
    [{ memory: '10Gi' }, 'memory, requested: 10737418240, allocatable: 8589934592'],
    [
      { cpu: '10', memory: '10Gi' },
      'cpu, requested: 10000, allocatable: 4000; memory, requested: 10737418240, allocatable: 8589934592',
    ],
  ])('refuses what its node could never give (%j)', async (requests, short) => {
    expect(await resized(requests)).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `pods "p" is forbidden: node didn't have enough allocatable resources: ${short}`,
      details: { name: 'p', kind: 'pods', causes: [{ reason: 'NodeCapacity' }] },
    });
  });

  test('refuses any change on a node that is no Linux node', async () => {
    expect(await resized({ cpu: '2' }, { os: 'windows' })).toMatchObject({
      message: 'pods "p" is forbidden: pod resize is only supported on linux nodes, node "n1" is "windows"',
      details: { causes: [{ reason: 'UnsupportedPlatform' }] },
    });
  });

  test('has no opinion where nothing changes, or the pod has no node', async () => {
    expect(await resized({ cpu: '1' }, { os: 'windows' })).toBeUndefined();
    expect(await resized({ cpu: '10' }, { nodeName: null })).toBeUndefined();
    expect((await resized({ cpu: '2' }, { nodeName: 'none' }))?.message).toBe(
      'pods "p" is forbidden: node "none" not found',
    );
  });
});

test('PodTopologyLabels: a pod that is made for a node has the labels of its zone, but for its own', async () => {
  const api = await createTestCluster();
  const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'x' };
  await api.send('create', nodes, { body: { metadata: { name: 'n1', labels } } });
  const on = async (nodeName: string | undefined, own?: object) => {
    const body = { ...pod('p', {}, { nodeName }), metadata: { generateName: 'p-', labels: own } };
    return (await api.object('create', pods, { body })).metadata.labels;
  };
  const { other: _, ...topology } = labels;
  expect(await on('n1')).toEqual(topology);
  expect(await on('n1', { 'topology.kubernetes.io/zone': 'mine', a: 'b' })).toEqual({
    ...topology,
    'topology.kubernetes.io/zone': 'mine',
    a: 'b',
  });
  expect(await on('none')).toBeUndefined();
  expect(await on(undefined)).toBeUndefined();
});
