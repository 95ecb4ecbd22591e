import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Service } from '../../api/core/v1.ts';
import { endpoints, endpointslices, namespaces, services } from '../../api/generated/resources.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import { KubernetesService } from './kubernetes-service.ts';
import { endpointsOf, hostPort, parseHostPort, slicesOf } from './kubernetes-service-plan.ts';
import { ownMeans } from './testing.ts';

const address = (ip: string, port = 6443) => ({ ip, port });
const prefix = '/registry/masterleases/';

test.each([
  ['10.0.0.1:6444', address('10.0.0.1', 6444)],
  ['[fd00::1]:6444', address('fd00::1', 6444)],
  ['10.0.0.1', address('10.0.0.1', 7777)],
  ['fd00::1', address('fd00::1', 7777)],
  ['what is this', undefined],
])('the key of a server says where it is: %s', (text, server) => {
  expect(parseHostPort(text, 7777)).toEqual(server);
  if (server && server.port !== 7777) expect(hostPort(server)).toBe(text);
});

test('servers of one port are one subset and one slice, sorted; those of other ports have their own', () => {
  const servers = [address('10.0.0.2'), address('10.0.0.1'), address('10.0.0.1', 6444), address('fd00::1')];
  expect(endpointsOf(servers).subsets).toMatchObject([
    { addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ name: 'https', port: 6443 }] },
    { addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 6444 }] },
    { addresses: [{ ip: 'fd00::1' }], ports: [{ port: 6443 }] },
  ]);
  const told = slicesOf(servers).map(({ metadata, addressType }) => [metadata.name, addressType]);
  expect(told).toEqual([
    ['kubernetes', 'IPv4'],
    ['kubernetes-ipv4-6444', 'IPv4'],
    ['kubernetes-ipv6-6443', 'IPv6'],
  ]);
});

describe('the service kubernetes', () => {
  let api: TestApi;
  let running: KubernetesService[];

  beforeEach(async () => {
    api = await createTestApi(allKinds);
    running = [];
    if (!api.dispatcher.reader.get(namespaces, { name: 'default' }))
      await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
  });
  afterEach(async () => {
    for (const server of running) await server.stop();
  });

  const make = async (ip: string | undefined, port = 6443, isAlone = false, serviceAddress = '10.96.0.1') => {
    const server = new KubernetesService(
      { ...ownMeans(api), store: api.store, isAlone },
      { address: ip, port, serviceAddress },
    );
    running.push(server);
    await server.start();
    return server;
  };
  /** Everything that is due happens. */
  const after = (seconds: number) => api.clock.advance(seconds * 1000);
  const ref = { namespace: 'default', name: 'kubernetes' };
  const read = () => api.dispatcher.reader;
  const found = () =>
    (read().get(endpoints, ref)?.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
      addresses.map(({ ip }) => `${ip}:${ports[0]?.port}`),
    );
  const slices = () =>
    Object.fromEntries(
      [...read().list(endpointslices, 'default')].map(({ metadata, endpoints: all, ports }) => [
        metadata.name,
        (all ?? []).map(({ addresses }) => `${addresses[0]}:${ports?.[0]?.port}`),
      ]),
    );

  test('leads to every server that lives, and no longer to one that has stopped', async () => {
    await make('198.19.1.2');
    const second = await make('198.19.1.1');
    await after(0);
    expect(found()).toEqual(['198.19.1.1:6443', '198.19.1.2:6443']);
    expect(slices()).toEqual({ kubernetes: found() });
    await second.stop();
    expect(found()).toEqual(['198.19.1.2:6443']);
    expect(slices()).toEqual({ kubernetes: found() });
    await after(60);
    expect(found()).toEqual(['198.19.1.2:6443']);
  });

  test('leads no longer to a server that was killed once its 15 seconds are over', async () => {
    await make('198.19.1.1');
    const value = Buffer.from('{}');
    const key = `${prefix}198.19.1.2:6443`;
    await api.store.commit({ writes: [{ type: 'put', key, value, leaseSeconds: 15 }] });
    await after(0);
    expect(found()).toEqual(['198.19.1.1:6443', '198.19.1.2:6443']);
    await after(14);
    expect(found()).toHaveLength(2);
    await after(2);
    expect(found()).toEqual(['198.19.1.1:6443']);
    await after(60);
    expect(found()).toEqual(['198.19.1.1:6443']);
  });

  test('leads to servers of one address with ports of their own', async () => {
    await make('198.19.1.1', 6443);
    const second = await make('198.19.1.1', 6444);
    await after(0);
    expect(found()).toEqual(['198.19.1.1:6443', '198.19.1.1:6444']);
    expect(slices()).toEqual({
      kubernetes: ['198.19.1.1:6443'],
      'kubernetes-ipv4-6444': ['198.19.1.1:6444'],
    });
    await second.stop();
    expect(slices()).toEqual({ kubernetes: ['198.19.1.1:6443'] });
  });

  test('a server that is alone replaces what was left of an earlier one, of another family too', async () => {
    const first = await make('fd00::1');
    expect(found()).toEqual(['fd00::1:6443']);
    await first.stop();
    expect(found()).toEqual([]);
    await make('198.19.1.1');
    await after(0);
    expect(found()).toEqual(['198.19.1.1:6443']);
    expect(read().get(endpointslices, ref)?.addressType).toBe('IPv4');
  });

  test('what somebody deletes or changes stands again with the next renewal', async () => {
    await make('198.19.1.1');
    for (const resource of [services, endpoints, endpointslices]) await api.send('delete', resource, ref);
    expect(found()).toEqual([]);
    await after(10);
    expect(found()).toEqual(['198.19.1.1:6443']);
    expect(slices()).toEqual({ kubernetes: found() });
    expect(read().get(services, ref)?.spec.clusterIP).toBe('10.96.0.1');
  });

  test('keeps its address where the server has another range than before, and what others have set', async () => {
    const first = await make('198.19.1.1');
    const labels = { component: 'apiserver', provider: 'kubernetes', extra: 'yes' };
    const body = { metadata: { labels }, spec: { internalTrafficPolicy: 'Local' } };
    await api.send('patch', services, { ...ref, body, mediaType: 'application/merge-patch+json' });
    await first.stop();
    await make('198.19.1.1', 6444, false, '10.96.3.1');
    const { spec, metadata } = read().get(services, ref) as Service;
    expect(spec).toMatchObject({ clusterIPs: ['10.96.0.1'], internalTrafficPolicy: 'Local' });
    expect(spec.ports?.[0]?.targetPort).toBe(6444);
    expect(metadata.labels).toEqual(labels);
    await api.send('delete', services, ref);
    await after(10);
    expect(read().get(services, ref)?.spec.clusterIP).toBe('10.96.3.1');
  });

  test('leads to a server that has its store to itself, which writes nothing more', async () => {
    await make('198.19.1.1', 6443, true);
    expect(found()).toEqual(['198.19.1.1:6443']);
    const { revision } = await api.store.status();
    await after(60);
    expect((await api.store.status()).revision).toBe(revision);
    expect((await api.store.list(prefix)).entries).toEqual([]);
  });

  test('does not lead to a server that has no address for others', async () => {
    await make(undefined);
    expect(read().get(services, ref)).toBeDefined();
    expect(read().get(endpoints, ref)).toBeUndefined();
    expect((await api.store.list(prefix)).entries).toEqual([]);
  });
});
