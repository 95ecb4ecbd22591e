import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Service } from '../../api/core/v1.ts';
import { events, ipaddresses, namespaces, servicecidrs, services } from '../../api/generated/resources.ts';
import type { IPAddress, ServiceCIDR } from '../../api/networking/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { allKinds, kindsAs } from '../kinds/kinds.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import { KubernetesService } from './kubernetes-service.ts';
import { planDefaultRange, planRange } from './service-addresses-plan.ts';
import { ServiceAddresses } from './service-addresses.ts';
import { ownMeans } from './testing.ts';

const finalizer = 'networking.k8s.io/service-cidr-finalizer';
const range = (metadata: object, ...cidrs: string[]) =>
  ({ metadata: { name: 'r', ...metadata }, spec: { cidrs } }) as Stored<ServiceCIDR>;
const deletionTimestamp = '2026-01-01T00:00:00Z';

const own = ['10.16.0.0/16', '2001:db8::/64'];
const inconsistent = (has: string) => ({
  do: 'warn',
  reason: 'KubernetesDefaultServiceCIDRInconsistent',
  message: `The default ServiceCIDR [${has}] does not match the controller flag configurations [10.16.0.0/16 2001:db8::/64]`,
});

test.each<[string, Stored<ServiceCIDR> | undefined, object]>([
  ['there is none', undefined, { do: 'make' }],
  ['it is as it should be', range({}, ...own), { do: 'nothing' }],
  ['it has the first range alone', range({}, own[0] as string), { do: 'grow' }],
  ['it has the second range alone', range({}, '2001:db8::/64'), inconsistent('2001:db8::/64')],
  ['it has other ranges', range({}, 'fd00::/112'), inconsistent('fd00::/112')],
  [
    'it has them in the other order',
    range({}, ...[...own].reverse()),
    inconsistent('2001:db8::/64 10.16.0.0/16'),
  ],
  ['it is about to go', range({ deletionTimestamp }, 'fd00::/112'), { do: 'nothing' }],
])('the range of the server itself goes its way: %s', (_, found, step) => {
  expect(planDefaultRange(found, own)).toEqual(step);
});

test('the range of the server itself is larger than one of a cluster that has two', () => {
  expect(planDefaultRange(range({}, ...own), ['10.16.0.0/16'])).toMatchObject({ do: 'warn' });
});

test.each<[string, Stored<ServiceCIDR>, ServiceCIDR[], string[], object]>([
  ['a new one', range({}, '10.0.0.0/24'), [], [], { do: 'hold', finalizers: [finalizer] }],
  [
    'one that is held',
    range({ finalizers: [finalizer] }, '10.0.0.0/24'),
    [],
    [],
    { do: 'report', conditions: [{ type: 'Ready', status: 'True' }] },
  ],
  [
    'one that is deleted and free',
    range({ finalizers: ['a', finalizer], deletionTimestamp }, '10.0.0.0/24'),
    [],
    ['10.0.1.1'],
    { do: 'release', finalizers: ['a'] },
  ],
  [
    'one that is deleted but in use',
    range({ finalizers: [finalizer], deletionTimestamp }, '10.0.0.0/24'),
    [range({ deletionTimestamp }, '10.0.0.0/16')],
    ['10.0.0.1'],
    { do: 'report', conditions: [{ type: 'Ready', status: 'False', reason: 'Terminating' }] },
  ],
  [
    'one that is deleted and another stands in for',
    range({ finalizers: [finalizer], deletionTimestamp }, '10.0.0.0/24'),
    [range({}, '10.0.0.0/16')],
    ['10.0.0.1'],
    { do: 'release', finalizers: [] },
  ],
  [
    'one that is deleted and a smaller one stands in for what is in use',
    range({ finalizers: [finalizer], deletionTimestamp }, '10.0.0.0/24'),
    [range({}, '10.0.0.0/26')],
    ['10.0.0.23'],
    { do: 'release', finalizers: [] },
  ],
  [
    'one that is deleted and a smaller one stands in for a part of it',
    range({ finalizers: [finalizer], deletionTimestamp }, '10.0.0.0/24'),
    [range({}, '10.0.0.0/28')],
    ['10.0.0.23'],
    { do: 'report', conditions: [{ type: 'Ready', status: 'False', reason: 'Terminating' }] },
  ],
  [
    'one that is deleted whose own address and that of all are in use',
    range({ finalizers: [finalizer], deletionTimestamp }, '10.0.0.0/24'),
    [],
    ['10.0.0.0', '10.0.0.255'],
    { do: 'release', finalizers: [] },
  ],
  [
    'one of IPv6 that is deleted whose last address is in use',
    range({ finalizers: [finalizer], deletionTimestamp }, '2001:db2::/64'),
    [],
    ['2001:db2::ffff:ffff:ffff:ffff'],
    { do: 'report', conditions: [{ type: 'Ready', status: 'False', reason: 'Terminating' }] },
  ],
])('a range goes its way: %s', (_, object, others, inUse, step) => {
  const nowMs = Date.parse(deletionTimestamp) + 10_000;
  expect(planRange(object, { others, inUse, nowMs })).toMatchObject(step);
});

test('a range that is deleted and free stays for ten seconds', () => {
  const object = range({ finalizers: [finalizer], deletionTimestamp }, '10.0.0.0/24');
  const nowMs = Date.parse(deletionTimestamp) + 9999;
  expect(planRange(object, { others: [], inUse: [], nowMs })).toEqual({ do: 'wait', ms: 1 });
});

describe('the addresses of services', () => {
  let api: TestApi;
  let keeper: ServiceAddresses;

  beforeEach(async () => {
    api = await createTestApi(allKinds);
    if (!api.dispatcher.reader.get(namespaces, { name: 'default' })) {
      await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
    }
    keeper = new ServiceAddresses(ownMeans(api));
    await keeper.start();
  });
  afterEach(() => keeper.stop());

  const make = (name: string, spec: Partial<Service['spec']> = {}) =>
    api.object<Service>('create', services, {
      namespace: 'default',
      body: { metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } },
    });
  const address = (name: string) => api.dispatcher.reader.get(ipaddresses, { name });
  const isGoneAfter = async (name: string, seconds: number) => {
    await api.clock.advance(seconds * 1000);
    return api.dispatcher.reader.get(servicecidrs, { name }) === undefined;
  };
  const isReady = (name: string) =>
    api.dispatcher.reader
      .get(servicecidrs, { name })
      ?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');

  test('have objects as long as the services have them', async () => {
    const ip = (await make('web')).spec.clusterIP as string;
    await vi.waitFor(() =>
      expect(address(ip)).toMatchObject({
        metadata: {
          labels: {
            'ipaddress.kubernetes.io/ip-family': 'IPv4',
            'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
          },
        },
        spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
      }),
    );
    await api.send('delete', services, { namespace: 'default', name: 'web' });
    await vi.waitFor(() => expect(address(ip)).toBeUndefined());
  });

  test('come from further ranges too, which stay as long as they are in use', async () => {
    await vi.waitFor(() => expect(isReady('kubernetes')).toBe(true));
    await expect(make('far', { clusterIP: '192.168.7.9' })).rejects.toThrow(
      'the provided network does not match the current range',
    );
    const body = { metadata: { name: 'more' }, spec: { cidrs: ['192.168.7.0/24'] } };
    await api.send('create', servicecidrs, { body });
    await vi.waitFor(() => expect(isReady('more')).toBe(true));
    expect((await make('far', { clusterIP: '192.168.7.9' })).spec.clusterIP).toBe('192.168.7.9');
    await vi.waitFor(() => expect(address('192.168.7.9')).toBeDefined());
    await api.send('delete', servicecidrs, { name: 'more' });
    await vi.waitFor(() => expect(isReady('more')).toBe(false));
    await api.send('delete', services, { namespace: 'default', name: 'far' });
    expect(await isGoneAfter('more', 8)).toBe(false);
    expect(await isGoneAfter('more', 3)).toBe(true);
  });

  test('come from the ranges that stay, once that of the server is to go', async () => {
    await vi.waitFor(() => expect(isReady('kubernetes')).toBe(true));
    const { clusterIP = '' } = (await make('old')).spec;
    await api.send('create', servicecidrs, {
      body: { metadata: { name: 'more' }, spec: { cidrs: ['192.168.7.0/24'] } },
    });
    await api.send('delete', servicecidrs, { name: 'kubernetes' });
    await vi.waitFor(() => expect(isReady('kubernetes')).toBe(false));
    expect((await make('new')).spec.clusterIP).toMatch(/^192\.168\.7\./);
    await expect(make('asking', { clusterIP: '10.96.0.20' })).rejects.toThrow('does not match');
    expect(address(clusterIP)).toBeDefined();
    await api.send('delete', services, { namespace: 'default', name: 'old' });
    await isGoneAfter('kubernetes', 11);
    await vi.waitFor(() => expect(isReady('kubernetes')).toBe(true));
    expect((await make('asking', { clusterIP: '10.96.0.20' })).spec.clusterIP).toBe('10.96.0.20');
  });

  test('are not those that others have by objects of their own', async () => {
    const body = {
      metadata: { name: '10.96.0.77' },
      spec: { parentRef: { group: 'gateway.networking.k8s.io', resource: 'gateways', name: 'g' } },
    };
    await api.send('create', ipaddresses, { body });
    await expect(make('web', { clusterIP: '10.96.0.77' })).rejects.toThrow(
      'failed to allocate IP 10.96.0.77: provided IP is already allocated',
    );
    await api.send('delete', ipaddresses, { name: '10.96.0.77' });
    expect((await make('web', { clusterIP: '10.96.0.77' })).spec.clusterIP).toBe('10.96.0.77');
  });

  test('have a second family where the server has got one, and it is told where that may not be', async () => {
    keeper.stop();
    const cidrs = ['10.96.0.0/12', 'fd00::/112'];
    const { transport, ...means } = ownMeans(api);
    const refusing = {
      ...transport,
      watch: transport.watch.bind(transport),
      request: (request: ApiRequest) =>
        request.method === 'PUT' && request.path.endsWith('/kubernetes')
          ? Promise.reject(new Error('not today'))
          : transport.request(request),
    } as typeof transport;
    keeper = new ServiceAddresses({ ...means, transport: refusing, allotted: { cidrs } });
    await keeper.start();
    const told = [...api.dispatcher.reader.list(events)];
    expect(told.map(({ reason, message, type }) => [type, reason, message])).toEqual([
      [
        'Warning',
        'KubernetesDefaultServiceCIDRError',
        'The default ServiceCIDR can not be upgraded from 10.96.0.0/12 to dual stack [10.96.0.0/12 fd00::/112] : not today',
      ],
    ]);
    keeper.stop();
    keeper = new ServiceAddresses({ ...means, transport, allotted: { cidrs } });
    await keeper.start();
    expect(api.dispatcher.reader.get(servicecidrs, { name: 'kubernetes' })?.spec.cidrs).toEqual(cidrs);
  });

  test('are told of, with ports of nodes, where they are not of the ranges that the server has by now', async () => {
    await make('ported', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] });
    keeper.stop();
    const nodePorts = { first: 31_000, last: 31_999 };
    keeper = new ServiceAddresses({ ...ownMeans(api), allotted: { nodePorts } });
    await keeper.start();
    await make('other');
    await vi.waitFor(() => expect(isReady('kubernetes')).toBe(true));
    const told = [...api.dispatcher.reader.list(events)];
    expect(told.map(({ source, message }) => [source?.component, message])).toEqual([
      [
        'portallocator-repair-controller',
        'Port 30080 is not within the port range 31000-31999; please recreate service',
      ],
    ]);
  });

  const ours = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' };
  const whole = { ...ours, 'ipaddress.kubernetes.io/ip-family': 'IPv4' };
  const ref = { resource: 'services', namespace: 'default', name: 'web' };
  test.each<[string, object, object]>([
    ['another service', whole, { ...ref, name: 'api' }],
    ['what is no service', whole, { ...ref, group: 'gateway.networking.k8s.io', resource: 'gateways' }],
    ['the service without saying its family', ours, ref],
    ['the service without saying who keeps it', {}, ref],
  ])('have objects that are made anew where they are of %s', async (_, labels, parentRef) => {
    await make('web', { clusterIP: '10.96.0.88' });
    await vi.waitFor(() => expect(address('10.96.0.88')).toBeDefined());
    keeper.stop();
    await api.send('delete', ipaddresses, { name: '10.96.0.88' });
    await api.send('create', ipaddresses, {
      body: { metadata: { name: '10.96.0.88', labels }, spec: { parentRef } },
    });
    keeper = new ServiceAddresses(ownMeans(api));
    await keeper.start();
    await vi.waitFor(() => {
      const { metadata, spec } = address('10.96.0.88') as IPAddress;
      expect(metadata.labels).toEqual(whole);
      expect(spec.parentRef).toEqual(ref);
    });
  });
});

test('a cluster moves to another range: what has addresses is made anew, and the next server is told the range', async () => {
  const [before, after] = [['192.168.0.0/28'], ['10.168.0.0/24']];
  const first = await createTestApi(kindsAs({ services: { cidrs: before } }));
  if (!first.dispatcher.reader.get(namespaces, { name: 'default' }))
    await first.send('create', namespaces, { body: { metadata: { name: 'default' } } });
  const serve = async (api: TestApi, cidrs: string[], serviceAddress: string) => {
    const means = ownMeans(api);
    const keeper = new ServiceAddresses({ ...means, allotted: { cidrs } });
    await keeper.start();
    const kubernetes = new KubernetesService(
      { ...means, store: api.store, isAlone: true },
      { address: '203.0.113.1', port: 6443, serviceAddress },
    );
    await kubernetes.start();
    await api.clock.advance(0);
    return { read: api.dispatcher.reader, stop: () => kubernetes.stop().then(() => keeper.stop()) };
  };
  const old = await serve(first, before, '192.168.0.1');
  const web = { namespace: 'default', body: { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } } };
  expect((await first.object<Service>('create', services, web)).spec.clusterIP).toMatch(/^192\.168\.0\./);
  await first.send('create', servicecidrs, { body: { metadata: { name: 'new' }, spec: { cidrs: after } } });
  await first.send('delete', servicecidrs, { name: 'kubernetes' });
  await first.clock.advance(11_000);
  const own = { name: 'kubernetes' };
  expect(old.read.get(servicecidrs, own)?.status?.conditions).toMatchObject([{ status: 'False' }]);
  await first.send('delete', services, { namespace: 'default', name: 'web' });
  expect((await first.object<Service>('create', services, web)).spec.clusterIP).toMatch(/^10\.168\.0\./);
  await old.stop();

  const second = await createTestApi(kindsAs({ services: { cidrs: after } }), { store: first.store });
  await second.clock.advance(11_000);
  const { read, stop } = await serve(second, after, '10.168.0.1');
  expect(read.get(services, { namespace: 'default', ...own })?.spec.clusterIP).toBe('192.168.0.1');
  await second.send('delete', services, { namespace: 'default', ...own });
  await second.clock.advance(20_000);
  expect(read.get(servicecidrs, own)?.spec.cidrs).toEqual(after);
  expect(read.get(servicecidrs, own)?.status?.conditions).toMatchObject([{ status: 'True' }]);
  expect(read.get(services, { namespace: 'default', ...own })?.spec.clusterIP).toBe('10.168.0.1');
  await second.send('delete', servicecidrs, { name: 'new' });
  await second.clock.advance(11_000);
  expect([...read.list(servicecidrs)].map(({ metadata }) => metadata.name)).toEqual(['kubernetes']);
  expect([...read.list(ipaddresses)]).toHaveLength(2);
  expect([...read.list(events)]).toEqual([]);
  await stop();
});
