import { describe, expect, test } from 'vitest';
import type {
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  Secret,
} from '../../../api/core/v1.ts';
import {
  componentstatuses,
  endpoints,
  eventsEventsV1,
  events,
  leases,
  namespaces,
  secrets,
} from '../../../api/generated/resources.ts';
import type { Event as NewEvent } from '../../../api/events/v1.ts';
import type { StatusError } from '../../../machinery/status-error.ts';
import { createTestCluster } from '../../registry/testing.ts';
import { created, createErrors, testContext, texts, updateErrors } from '../shared/testing.ts';
import { configMapKind } from './config-map.ts';
import { endpointsKind } from './endpoints.ts';
import { eventKind } from './event/event.ts';
import { namespaceKind } from './namespace.ts';
import { nodeKind } from './node/node.ts';
import { secretKind } from './secret.ts';

const metadata = { name: 'x', namespace: 'default' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it went through'),
    (error) => (error as StatusError).message,
  );

describe('a config map', () => {
  test('has keys that can be file names, each once', () => {
    const map: ConfigMap = { metadata, data: { 'a/b': '1', c: '2', '..': '3' }, binaryData: { c: 'AA==' } };
    const notAKey =
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    expect(createErrors(configMapKind, map)).toEqual([
      `data[a/b]: Invalid value: "a/b": ${notAKey}`,
      'data[c]: Invalid value: "c": duplicate of key present in binaryData',
      'data[..]: Invalid value: "..": must not be \'..\'',
    ]);
  });

  test('holds a mebibyte', () => {
    const map = (length: number): ConfigMap => ({ metadata, data: { a: 'x'.repeat(length) } });
    expect(createErrors(configMapKind, map(1024 * 1024))).toEqual([]);
    expect(createErrors(configMapKind, map(1024 * 1024 + 1))).toEqual([
      '[]: Too long: may not be more than 1048576 bytes',
    ]);
  });

  test('that is immutable stays as it is', () => {
    const map: ConfigMap = { metadata, data: { a: '1' }, immutable: true };
    const errors = updateErrors(configMapKind, map, (m) => {
      m.immutable = false;
      m.data = { a: '2' };
    });
    expect(errors).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(updateErrors(configMapKind, map, (m) => void (m.metadata.labels = { a: 'b' }))).toEqual([]);
  });
});

describe('a secret', () => {
  test('takes plain text and keeps it as bytes', async () => {
    const api = await createTestCluster();
    const body = { metadata, data: { a: base64('1'), b: base64('2') }, stringData: { b: 'zwei' } };
    const secret = await api.object<Secret>('create', secrets, { body });
    expect(secret.data).toEqual({ a: base64('1'), b: base64('zwei') });
    expect(secret.stringData).toBeUndefined();
    expect(secret.type).toBe('Opaque');
  });

  test.each<[string, Record<string, string>, string[]]>([
    ['kubernetes.io/tls', { 'tls.crt': 'AA==' }, ['data[tls.key]: Required value']],
    ['kubernetes.io/basic-auth', {}, ['data[username]: Required value', 'data[password]: Required value']],
    ['kubernetes.io/basic-auth', { username: 'AA==' }, []],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, ['data[ssh-privatekey]: Required value']],
    ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]: Required value']],
    [
      'kubernetes.io/dockerconfigjson',
      { '.dockerconfigjson': base64('{') },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input'],
    ],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{"auths":{}}') }, []],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('null') }, []],
    ...[
      ['[]', 'array'],
      ['"a"', 'string'],
      ['1', 'number'],
      ['true', 'bool'],
    ].map(([text = '', kind]): [string, Record<string, string>, string[]] => [
      'kubernetes.io/dockercfg',
      { '.dockercfg': base64(text) },
      [
        `data[.dockercfg]: Invalid value: "<secret contents redacted>": json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
      ],
    ]),
    [
      'kubernetes.io/service-account-token',
      {},
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    ['example.com/own', {}, []],
    ...['constructor', 'toString', '__proto__'].map((type): [string, Record<string, string>, string[]] => [
      type,
      {},
      [],
    ]),
  ])('of type %s holding %j', (type, data, errors) => {
    expect(createErrors(secretKind, { metadata, type, data })).toEqual(errors);
  });

  test('keeps its type', () => {
    expect(updateErrors(secretKind, { metadata }, (s) => void (s.type = 'a/b'))).toEqual([
      'type: Invalid value: "a/b": field is immutable',
    ]);
  });
});

describe('a namespace', () => {
  test('is kept by the server until that lets go', async () => {
    const api = await createTestCluster();
    const made = await api.object<Namespace>('create', namespaces, { body: { metadata: { name: 'n' } } });
    expect(made).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    await api.send('delete', namespaces, { name: 'n' });
    const going = await api.object<Namespace>('get', namespaces, { name: 'n' });
    expect(going.status?.phase).toBe('Terminating');
    const body = { ...going, spec: { finalizers: [] } };
    await api.send('update', namespaces, { name: 'n', subresource: 'finalize', body });
    expect(await failure(api.object('get', namespaces, { name: 'n' }))).toBe('namespaces "n" not found');
  });

  test('lets go of nothing through an ordinary update', () => {
    const old = created(namespaceKind, { metadata: { name: 'n' }, spec: {} });
    const now = structuredClone(old);
    now.spec.finalizers = [];
    namespaceKind.prepareForUpdate?.(now, old, testContext());
    expect(now.spec.finalizers).toEqual(['kubernetes']);
  });

  test('has finalizers with domains', () => {
    const namespace: Namespace = { metadata: { name: 'n' }, spec: { finalizers: ['mine'] } };
    expect(createErrors(namespaceKind, namespace)).toEqual([
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  test('is not going away unless it is deleted', () => {
    const old = created(namespaceKind, { metadata: { name: 'n' }, spec: {} });
    const now = { ...old, status: { phase: 'Terminating' } };
    expect(texts(namespaceKind.status?.validateUpdate?.(now, old, testContext()) ?? [])).toEqual([
      'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
    ]);
  });
});

describe('a node', () => {
  const node = (spec: Node['spec'] = {}): Node => ({ metadata: { name: 'n' }, spec });

  test('has taints that differ', () => {
    const taint = { key: 'a', value: 'b', effect: 'NoSchedule' };
    const taints = [taint, taint, { key: 'a', effect: 'Never' }];
    expect(createErrors(nodeKind, node({ taints }))).toEqual([
      'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"b","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
      'metadata.taints[2].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ]);
  });

  test('gets its range of addresses and its provider ID once', () => {
    const both = (n: Node) => {
      Object.assign(n.spec, { podCIDR: '10.0.2.0/24', podCIDRs: ['10.0.2.0/24'], providerID: 'b' });
    };
    expect(updateErrors(nodeKind, node(), both)).toEqual([]);
    expect(updateErrors(nodeKind, node({ podCIDR: '10.0.1.0/24', providerID: 'a' }), both)).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
  });

  test('says the same in both fields for ranges', () => {
    expect(created(nodeKind, node({ podCIDR: '10.0.1.0/24' })).spec.podCIDRs).toEqual(['10.0.1.0/24']);
    expect(created(nodeKind, node({ podCIDRs: ['10.0.1.0/24'] })).spec.podCIDR).toBe('10.0.1.0/24');
  });

  test('has addresses that differ', () => {
    const old = created(nodeKind, node());
    const address = { type: 'InternalIP', address: '10.0.0.1' };
    const now = { ...old, status: { addresses: [address, { ...address, type: 'ExternalIP' }, address] } };
    expect(texts(nodeKind.status?.validateUpdate?.(now, old, testContext()) ?? [])).toEqual([
      'status.addresses[2]: Duplicate value: {"Type":"InternalIP","Address":"10.0.0.1"}',
    ]);
  });
});

describe('endpoints', () => {
  test('tell whoever asks that slices have taken their place', async () => {
    const api = await createTestCluster();
    await api.list(endpoints);
    expect(api.warnings).toEqual([
      'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    ]);
  });

  test('have addresses that traffic may go to, and ports', () => {
    const object: Endpoints = {
      metadata,
      subsets: [
        { addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 80 }, { port: 70000, name: 'b' }] },
        { ports: [{ port: 80 }] },
      ],
    };
    expect(createErrors(endpointsKind, object)).toEqual([
      'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'subsets[0].ports[0].name: Required value',
      'subsets[0].ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`',
    ]);
  });
});

describe('an event', () => {
  const event = (more: Partial<Event> = {}): Event => ({
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { namespace: 'default', name: 'p', kind: 'Pod' },
    ...more,
  });

  test('stands where its object does', () => {
    expect(createErrors(eventKind, event())).toEqual([]);
    expect(createErrors(eventKind, event({ involvedObject: {} }))).toEqual([]);
    expect(createErrors(eventKind, event({ involvedObject: { namespace: 'other' } }))).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
  });

  test('with a time says who did what', () => {
    const timed = event({ eventTime: '2026-01-01T00:00:00.000000Z', reportingComponent: 'c', reason: 'R' });
    expect(createErrors(eventKind, timed)).toEqual([
      'reportingInstance: Required value',
      'action: Required value',
    ]);
  });

  test('may have any name that fits into a path, and calls who reports it as its form does', async () => {
    const api = await createTestCluster();
    const eventTime = '2026-01-01T00:00:00.000000Z';
    const odd = event({ metadata: { name: 'My_Event', namespace: 'default' } });
    expect((await api.object<Event>('create', events, { body: odd })).metadata.name).toBe('My_Event');
    expect(await failure(api.send('create', events, { body: event({ eventTime }) }))).toContain(
      'reportingComponent: Required value',
    );
    const note = { metadata: odd.metadata, regarding: { namespace: 'default' }, eventTime };
    const refused = await failure(api.send('create', eventsEventsV1, { body: note }));
    expect(refused).toContain('Event "My_Event" is invalid: [reportingController: Required value');
    expect(refused).toContain('metadata.name: Invalid value: "My_Event": a lowercase RFC 1123 subdomain');
  });

  test('goes on in its series alone, in the newer form', async () => {
    const api = await createTestCluster();
    const eventTime = '2026-01-01T00:00:00.000000Z';
    const timed = { eventTime, reportingComponent: 'c', reportingInstance: 'i', action: 'A', reason: 'R' };
    // The newer form would not take an event with a count; one that is there may change.
    await api.send('create', events, { body: event({ ...timed, count: 3 }) });
    const change = async (edit: (event: NewEvent) => void) => {
      const got = structuredClone(await api.object<NewEvent>('get', eventsEventsV1, { name: 'e' }));
      edit(got);
      return failure(api.send('update', eventsEventsV1, { name: 'e', body: got }));
    };
    expect(await change((e) => (e.series = { count: 1, lastObservedTime: eventTime }))).toBe(
      'Event "e" is invalid: series.count: Invalid value: "": should be at least 2',
    );
    expect(
      await change((e) => {
        e.regarding = { namespace: 'default', name: 'q' };
        e.reason = 'S';
      }),
    ).toBe(
      'Event "e" is invalid: [involvedObject: Invalid value: {"Kind":"","Namespace":"default","Name":"q","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""}: field is immutable, reason: Invalid value: "S": field is immutable]',
    );
    const got = structuredClone(await api.object<NewEvent>('get', eventsEventsV1, { name: 'e' }));
    got.series = { count: 2, lastObservedTime: eventTime };
    await api.send('update', eventsEventsV1, { name: 'e', body: got });
    expect((await api.object<Event>('get', events, { name: 'e' })).series?.count).toBe(2);
  });

  test('is not changed by being written as it is read in its newer form', async () => {
    const api = await createTestCluster();
    await api.send('create', events, { body: event({}) });
    const read = await api.object<Event>('get', events, { name: 'e' });
    const body = structuredClone(await api.object<NewEvent>('get', eventsEventsV1, { name: 'e' }));
    await api.send('update', eventsEventsV1, { name: 'e', body });
    expect(await api.object<Event>('get', events, { name: 'e' })).toEqual(read);
  });

  test('is one object in both of its forms', async () => {
    const api = await createTestCluster();
    const note = {
      metadata: { name: 'e', namespace: 'default' },
      regarding: { namespace: 'default', kind: 'Pod', name: 'p' },
      reason: 'Started',
      action: 'Starting',
      type: 'Normal',
      note: 'it runs',
      reportingController: 'example.com/c',
      reportingInstance: 'c-0',
    };
    expect(await failure(api.send('create', eventsEventsV1, { body: note }))).toContain(
      'eventTime: Required value',
    );
    const body = { ...note, eventTime: '2026-01-01T00:00:00.000000Z' };
    await api.send('create', eventsEventsV1, { body });
    expect(await api.object<Event>('get', events, { name: 'e' })).toMatchObject({
      apiVersion: 'v1',
      involvedObject: { kind: 'Pod', name: 'p' },
      message: 'it runs',
      reportingComponent: 'example.com/c',
    });
  });
});

test('the status of components is told by their leases, and by the store', async () => {
  const api = await createTestCluster();
  await api.send('create', namespaces, { body: { metadata: { name: 'kube-system' } } });
  const lease = { namespace: 'kube-system', name: 'kube-scheduler' };
  const renewTime = '2026-01-01T00:00:00.000000Z';
  const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime };
  await api.send('create', leases, { namespace: 'kube-system', body: { metadata: lease, spec } });
  const told = async (query = {}) => {
    const { items } = await api.list(componentstatuses, { query });
    return items.map(({ object }) => {
      const { metadata, conditions } = object as ComponentStatus;
      return [metadata.name, conditions?.[0]?.status, conditions?.[0]?.message];
    });
  };
  await api.clock.advance(Date.parse(renewTime) + 15_000 - api.clock.now());
  const none = ['controller-manager', 'False', 'no kube-controller-manager leads'];
  expect(await told()).toEqual([none, ['etcd-0', 'True', 'ok'], ['scheduler', 'True', 'ok']]);
  await api.clock.advance(1);
  const silent = `kube-scheduler a has not renewed its lease since ${renewTime}`;
  expect(await told({ fieldSelector: 'metadata.name=scheduler' })).toEqual([['scheduler', 'False', silent]]);
  api.store.check = () => Promise.reject(new Error('no disk'));
  expect(await api.object<ComponentStatus>('get', componentstatuses, { name: 'etcd-0' })).toMatchObject({
    conditions: [{ type: 'Healthy', status: 'False', message: 'no disk' }],
  });
  expect(await failure(api.send('get', componentstatuses, { name: 'other' }))).toBe(
    'componentstatuses "other" not found',
  );
});
