import { describe, expect, test } from 'vitest';
import { configmaps, events, namespaces, pods } from '../../api/generated/resources.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createTestCluster, type TestApi } from '../registry/testing.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { type EventLimit, eventRateLimit, readEventLimits } from './event-rate-limit.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { limitPodHardAntiAffinityTopology } from './limit-anti-affinity.ts';
import { namespaceExists } from './namespace-exists.ts';
import { podNodeSelector, readPodNodeSelector } from './pod-node-selector.ts';
import { podTolerationRestriction, readTolerationConfiguration } from './pod-toleration-restriction.ts';

const cluster = (...admission: AdmissionPlugin[]) => createTestCluster({ admission });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.message,
  );
const pod = (spec: object = {}) => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});
const createPod = (api: TestApi, spec: object = {}, namespace = 'default') =>
  api.object('create', pods, { namespace, body: pod(spec) });
const annotate = async (api: TestApi, annotations: Record<string, string>) => {
  const name = 'default';
  const found = await api.object('get', namespaces, { name });
  const body = { ...found, metadata: { ...found.metadata, annotations } };
  await api.send('update', namespaces, { name, body });
};

describe('AlwaysPullImages', () => {
  test('has the images of all containers and volumes pulled', async () => {
    const api = await cluster(alwaysPullImages);
    const { spec } = await createPod(api, {
      initContainers: [{ name: 'i', image: 'a', imagePullPolicy: 'Never' }],
      containers: [
        { name: 'c', image: 'b', imagePullPolicy: 'IfNotPresent' },
        { name: 'd', image: 'c' },
      ],
      volumes: [{ name: 'v', image: { reference: 'r', pullPolicy: 'Never' } }],
    });
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    expect(containers.map(({ imagePullPolicy }) => imagePullPolicy)).toEqual(['Always', 'Always', 'Always']);
    expect(spec.volumes?.[0]?.image?.pullPolicy).toBe('Always');
  });

  test('refuses what others have changed back', async () => {
    const changing: AdmissionPlugin = {
      name: 'Changing',
      admit({ object, kind }) {
        if (kind.resource.plural !== 'pods') return;
        for (const container of (object as ReturnType<typeof pod>).spec.containers)
          Object.assign(container, { imagePullPolicy: 'Never' });
      },
    };
    const api = await cluster(alwaysPullImages, changing);
    expect(await failure(createPod(api))).toBe(
      'pods "p" is forbidden: spec.containers[0].imagePullPolicy: Unsupported value: "Never": supported values: "Always"',
    );
  });

  test('has the images of containers pulled that are added to a pod later', async () => {
    const ephemeral = { name: 'e', image: 'b', imagePullPolicy: 'IfNotPresent' };
    const attributes = {
      kind: { resource: pods },
      operation: 'UPDATE',
      subresource: 'ephemeralcontainers',
      object: pod({ ephemeralContainers: [ephemeral] }),
      old: pod(),
    } as unknown as AdmissionAttributes;
    void alwaysPullImages.admit?.(attributes);
    expect(ephemeral.imagePullPolicy).toBe('Always');
  });

  test('leaves a pod alone that was made before, for as long as it gets no new image', async () => {
    const object = (image: string) => pod({ containers: [{ name: 'c', image, imagePullPolicy: 'Never' }] });
    const change = (now: string) => {
      const attributes = {
        kind: { resource: pods },
        operation: 'UPDATE',
        subresource: '',
        object: object(now),
        old: object('a'),
      } as unknown as AdmissionAttributes;
      void alwaysPullImages.admit?.(attributes);
      return (attributes.object as ReturnType<typeof object>).spec.containers[0];
    };
    expect(change('a')).toMatchObject({ imagePullPolicy: 'Never' });
    expect(change('b')).toMatchObject({ imagePullPolicy: 'Always' });
  });
});

test('ExtendedResourceToleration has pods tolerate what keeps nodes for the devices they ask for', async () => {
  const api = await cluster(extendedResourceToleration);
  const asking = (...names: string[]) => ({
    resources: { limits: Object.fromEntries(names.map((name) => [name, '1'])) },
  });
  const { spec } = await createPod(api, {
    initContainers: [{ name: 'i', image: 'i', ...asking('example.com/b') }],
    containers: [{ name: 'c', image: 'i', ...asking('example.com/c', 'example.com/a', 'cpu') }],
    tolerations: [{ key: 'example.com/c', operator: 'Exists', effect: 'NoSchedule' }],
  });
  const toleration = (key: string) => ({ key, operator: 'Exists', effect: 'NoSchedule' });
  expect(spec.tolerations).toEqual(['example.com/c', 'example.com/a', 'example.com/b'].map(toleration));
});

test('LimitPodHardAntiAffinityTopology lets pods keep others off their node alone', async () => {
  const api = await cluster(limitPodHardAntiAffinityTopology);
  const keepingOff = (topologyKey: string) => ({
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey, labelSelector: { matchLabels: { a: 'b' } } },
        ],
      },
    },
  });
  expect(await failure(createPod(api, keepingOff('zone')))).toBe(
    'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  );
  expect(await failure(createPod(api, keepingOff('kubernetes.io/hostname')))).toBeUndefined();
});

test('NamespaceExists refuses what is written where there is no namespace', async () => {
  const api = await cluster(namespaceExists);
  const body = { metadata: { name: 'm' } };
  expect(await failure(api.send('create', configmaps, { namespace: 'nowhere', body }))).toBe(
    'namespaces "nowhere" not found',
  );
  expect(await failure(api.send('create', configmaps, { body }))).toBeUndefined();
  expect(
    await failure(api.send('create', namespaces, { body: { metadata: { name: 'n' } } })),
  ).toBeUndefined();
});

describe('PodNodeSelector', () => {
  const key = 'scheduler.alpha.kubernetes.io/node-selector';
  const conflict = 'pod node label selector conflicts with its namespace node label selector';
  const whitelisted = 'pod node label selector labels conflict with its namespace whitelist';

  test.each<[string, Record<string, string>, string | undefined, Record<string, string>, unknown]>([
    [
      'No node selectors',
      { clusterDefaultNodeSelector: '' },
      undefined,
      { infra: 'true' },
      { infra: 'true' },
    ],
    [
      'Default node selector and no conflicts',
      { clusterDefaultNodeSelector: 'infra = false' },
      undefined,
      {},
      { infra: 'false' },
    ],
    [
      'TestPodNodeSelector, annotation before the default',
      { clusterDefaultNodeSelector: 'infra=false' },
      'infra=true',
      { env: 'test' },
      { infra: 'true', env: 'test' },
    ],
    [
      'an empty annotation is one',
      { clusterDefaultNodeSelector: 'infra=false' },
      '',
      { infra: 'true' },
      { infra: 'true' },
    ],
    ['the same label', {}, 'infra=false', { infra: 'false' }, { infra: 'false' }],
    ['Conflict with the namespace', {}, 'infra=false', { infra: 'true' }, conflict],
    [
      'Conflict with the default',
      { clusterDefaultNodeSelector: 'infra=false' },
      undefined,
      { infra: 'x' },
      conflict,
    ],
    [
      'on the whitelist',
      { default: 'infra=false, env=test' },
      'infra=false',
      { env: 'test' },
      { infra: 'false', env: 'test' },
    ],
    ['not on the whitelist', { default: 'infra=false' }, 'infra=false', { env: 'x' }, whitelisted],
  ])('%s', async (_, config, annotation, nodeSelector, result) => {
    const api = await cluster(podNodeSelector(readPodNodeSelector({ podNodeSelectorPluginConfig: config })));
    if (annotation !== undefined) await annotate(api, { [key]: annotation });
    const created = createPod(api, { nodeSelector });
    if (typeof result === 'string') expect(await failure(created)).toBe(`pods "p" is forbidden: ${result}`);
    else expect((await created).spec.nodeSelector).toEqual(result);
  });

  test('a namespace may be called as what every object has', async () => {
    const api = await cluster(podNodeSelector());
    const namespace = 'constructor';
    await api.send('create', namespaces, { body: { metadata: { name: namespace } } });
    const body = { metadata: { name: 'p', namespace }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    expect(await failure(api.send('create', pods, { namespace, body }))).toBeUndefined();
  });

  test('an annotation that cannot be read is an error', async () => {
    const api = await cluster(podNodeSelector());
    await annotate(api, { [key]: 'a=b=c' });
    expect(await failure(createPod(api))).toBe('invalid selector: a=b=c');
    expect(() => readPodNodeSelector({ podNodeSelectorPluginConfig: { ns: 'a' } })).toThrow(
      'invalid selector: a',
    );
  });
});

describe('PodTolerationRestriction', () => {
  const prefix = 'scheduler.alpha.kubernetes.io/';
  const toleration = (value: string, more: object = {}) => ({
    key: 'testKey',
    operator: 'Equal',
    value,
    effect: 'NoSchedule',
    ...more,
  });
  const [one, other] = [toleration('testValue'), toleration('testValue1')];
  const pressure = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };
  const all = { key: 'testKey', operator: 'Exists' };
  const refusal = (scope: string) =>
    `pods "p" is forbidden: pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`;
  const cpu = (request: string) => ({ requests: { cpu: request }, limits: { cpu: '1' } });

  interface Case {
    cluster?: { default?: object[]; whitelist?: object[] };
    namespace?: { default?: object[] | ''; whitelist?: object[] | '' };
    pod?: object[];
    resources?: object;
    result: object[] | undefined | string;
  }
  test.each<[string, Case]>([
    [
      'default cluster tolerations with empty pod tolerations',
      { cluster: { default: [one] }, result: [one] },
    ],
    [
      'default cluster tolerations with pod tolerations specified',
      { cluster: { default: [one] }, pod: [one], result: [one] },
    ],
    ['namespace tolerations', { namespace: { default: [one] }, pod: [one], result: [one] }],
    ['no pod tolerations', { namespace: { default: [one] }, result: [one] }],
    [
      'conflicting pod and namespace tolerations',
      { namespace: { default: [one] }, pod: [other], result: [one, other] },
    ],
    [
      'empty namespace default tolerations overrides default cluster tolerations',
      { cluster: { default: [one] }, namespace: { default: '' }, result: undefined },
    ],
    [
      'merged pod tolerations satisfy whitelist',
      { namespace: { default: [one], whitelist: [one] }, result: [one] },
    ],
    [
      'merged pod tolerations conflict with the whitelist',
      { namespace: { default: [one], whitelist: [other] }, result: refusal('namespace') },
    ],
    [
      'merged pod tolerations conflict with the cluster whitelist',
      { cluster: { whitelist: [other] }, namespace: { default: [one] }, result: refusal('cluster') },
    ],
    [
      'empty namespace whitelist overrides the cluster whitelist',
      { cluster: { whitelist: [other] }, namespace: { whitelist: '' }, pod: [one], result: [one] },
    ],
    [
      'Burstable pods tolerate memory pressure',
      { namespace: { default: [one] }, resources: cpu('500m'), result: [one, pressure] },
    ],
    [
      'Guaranteed pods tolerate memory pressure',
      { namespace: { default: [one] }, resources: cpu('1'), result: [one, pressure] },
    ],
    ['what comes of the pod alone stays as it is', { pod: [one, all], result: [one, all] }],
    ['what a wider one includes is left out', { namespace: { default: [one] }, pod: [all], result: [all] }],
    [
      'a wider one on the whitelist includes narrower ones',
      { namespace: { whitelist: [all] }, pod: [one, other], result: [one, other] },
    ],
    [
      'a longer stay is not included in a shorter one',
      {
        namespace: { whitelist: [toleration('x', { effect: 'NoExecute', tolerationSeconds: 5 })] },
        pod: [toleration('x', { effect: 'NoExecute', tolerationSeconds: 6 })],
        result: refusal('namespace'),
      },
    ],
  ])('%s', async (_, { cluster: told = {}, namespace = {}, pod: tolerations, resources = {}, result }) => {
    const head = { apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1', kind: 'Configuration' };
    const configuration = readTolerationConfiguration({ ...head, ...told });
    const api = await cluster(podTolerationRestriction(configuration));
    const text = (list: object[] | '') => (list === '' ? '' : JSON.stringify(list));
    await annotate(api, {
      ...(namespace.default !== undefined && { [`${prefix}defaultTolerations`]: text(namespace.default) }),
      ...(namespace.whitelist !== undefined && {
        [`${prefix}tolerationsWhitelist`]: text(namespace.whitelist),
      }),
    });
    const containers = [{ name: 'c', image: 'i', resources }];
    const created = createPod(api, { containers, ...(tolerations && { tolerations }) });
    if (typeof result === 'string') expect(await failure(created)).toBe(result);
    else expect((await created).spec.tolerations).toEqual(result);
  });
});

describe('EventRateLimit', () => {
  const head = { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration' };
  const event = (name: string, namespace: string, about = 'p') => ({
    metadata: { name, namespace },
    involvedObject: { kind: 'Pod', name: about, namespace },
    source: { component: 'kubelet' },
  });
  const said = 'Too many requests: limit reached on type';

  async function limited(...limits: EventLimit[]) {
    const clock = new VirtualClock();
    const api = await createTestCluster({ admission: [eventRateLimit(limits, clock)] });
    await api.send('create', namespaces, { body: { metadata: { name: 'other' } } });
    let count = 0;
    const send = (namespace = 'default', { user = 'u', about = 'p', query = {} } = {}) =>
      failure(
        api.send('create', events, {
          namespace,
          user,
          query,
          body: event(`e${++count}`, namespace, about),
        }),
      );
    return { clock, api, send };
  }

  test('of a server holds for all, and refills', async () => {
    const { clock, api, send } = await limited({ type: 'Server', qps: 1, burst: 3 });
    for (const namespace of ['default', 'other', 'default']) expect(await send(namespace)).toBeUndefined();
    expect(await send()).toBe(`${said} Server for key `);
    expect(await send('default', { query: { dryRun: 'All' } })).toBeUndefined();
    const body = { metadata: { name: 'm' } };
    expect(await failure(api.send('create', configmaps, { body }))).toBeUndefined();
    await clock.advance(1000);
    expect(await send()).toBeUndefined();
    expect(await send()).toBe(`${said} Server for key `);
  });

  test('holds for no others that are called events too', () => {
    const plugin = eventRateLimit([{ type: 'Server', qps: 1, burst: 1 }], new VirtualClock());
    const write = (group: string) =>
      void plugin.validate?.({
        operation: 'CREATE',
        kind: { resource: { ...events, group } },
        options: { dryRun: false },
      } as never);
    for (let i = 0; i < 3; i++) write('example.com');
    write('');
    expect(() => write('')).toThrow(`${said} Server for key `);
  });

  test.each<[EventLimit['type'], string, object]>([
    ['Namespace', 'default', {}],
    ['User', 'u', {}],
    ['SourceAndObject', 'kubeletPoddefaultp', {}],
  ])('by %s holds for each alone', async (type, key) => {
    const { send } = await limited({ type, qps: 1, burst: 1 });
    expect(await send()).toBeUndefined();
    expect(await send()).toBe(`${said} ${type} for key ${key}`);
    expect(await send('other', { user: 'other', about: 'q' })).toBeUndefined();
  });

  test.each<[string, object, string]>([
    ['no limits', {}, 'limits: Invalid value: []: must not be empty'],
    [
      'an unknown type',
      { limits: [{ type: 'unknown', qps: 1, burst: 1 }] },
      'limits[0].type: Unsupported value: "unknown": supported values: "Namespace", "Server", "SourceAndObject", "User"',
    ],
    [
      'no rate',
      { limits: [{ type: 'Server', burst: 1 }] },
      'limits[0].qps: Invalid value: 0: must be positive',
    ],
    [
      'no burst',
      { limits: [{ type: 'Server', qps: 1 }] },
      'limits[0].burst: Invalid value: 0: must be positive',
    ],
    [
      'a cache below nothing',
      { limits: [{ type: 'User', qps: 1, burst: 1, cacheSize: -1 }] },
      'limits[0].cacheSize: Invalid value: -1: must not be negative',
    ],
    [
      'a cache of any size',
      { limits: [{ type: 'User', qps: 1, burst: 1, cacheSize: 'any' }] },
      'limits[0].cacheSize must be a whole number',
    ],
    ['another kind', { kind: 'Other' }, 'no kind "Other" is registered for version'],
  ])('is refused with %s', (_, more, why) => {
    expect(() => readEventLimits({ ...head, ...more })).toThrow(why);
  });
});
