import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Service } from '../../api/core/v1.ts';
import { ipaddresses, namespaces, servicecidrs, services } from '../../api/generated/resources.ts';
import type { ServiceCIDR } from '../../api/networking/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import { planRange } from './service-addresses-plan.ts';
import { ServiceAddresses } from './service-addresses.ts';
import { ownMeans } from './testing.ts';

const finalizer = 'networking.k8s.io/service-cidr-finalizer';
const range = (metadata: object, ...cidrs: string[]) =>
  ({ metadata: { name: 'r', ...metadata }, spec: { cidrs } }) as Stored<ServiceCIDR>;
const deletionTimestamp = '2026-01-01T00:00:00Z';

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
])('a range goes its way: %s', (_, object, others, inUse, step) => {
  expect(planRange(object, { others, inUse, now: deletionTimestamp })).toMatchObject(step);
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
    await expect(make('far', { clusterIP: '192.168.7.9' })).rejects.toThrow('not in the valid range');
    const body = { metadata: { name: 'more' }, spec: { cidrs: ['192.168.7.0/24'] } };
    await api.send('create', servicecidrs, { body });
    await vi.waitFor(() => expect(isReady('more')).toBe(true));
    expect((await make('far', { clusterIP: '192.168.7.9' })).spec.clusterIP).toBe('192.168.7.9');
    await vi.waitFor(() => expect(address('192.168.7.9')).toBeDefined());
    await api.send('delete', servicecidrs, { name: 'more' });
    await vi.waitFor(() => expect(isReady('more')).toBe(false));
    await api.send('delete', services, { namespace: 'default', name: 'far' });
    await vi.waitFor(() => expect(api.dispatcher.reader.get(servicecidrs, { name: 'more' })).toBeUndefined());
  });
});
