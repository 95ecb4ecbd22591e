import { afterEach, expect, test, vi } from 'vitest';
import { endpointslices, nodes, pods, services } from '../api/generated/resources.ts';
import type { Client } from '../client/client.ts';
import { startCluster, type TestCluster } from './testing.ts';

const cause = { reason: 'a test' };
let running: TestCluster[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  running = [];
});

async function start(clusterCidr: string): Promise<Client> {
  const cluster = await startCluster({ nodes: 2, clusterCidr });
  running.push(cluster);
  return cluster.client;
}

const labels = { app: 'web' };
const makePod = (client: Client, name: string, more: object = {}) =>
  client.of(pods).create(
    {
      metadata: { name, namespace: 'default', labels },
      spec: { containers: [{ name: 'c', image: 'web' }], ...more },
    } as never,
    { cause },
  );
const statusOf = (client: Client, name: string) =>
  vi.waitFor(async () => {
    const { status } = await client.of(pods).get({ namespace: 'default', name });
    expect(status?.phase).toBe('Running');
    return status;
  }, 20_000);
const internal = async (client: Client) =>
  (await client.of(nodes).list()).items.map(({ spec, status }) => ({
    podCIDR: spec?.podCIDR,
    podCIDRs: spec?.podCIDRs,
    addresses: status?.addresses?.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
  }));
const slicesOf = async (client: Client, service: string) =>
  (await client.of(endpointslices).list({ namespace: 'default' })).items
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
    .map(({ addressType, endpoints }) => [addressType, endpoints?.[0]?.addresses[0]])
    .sort();

test('nodes and pods of two families have addresses of both, the first family first', async () => {
  const client = await start('10.244.0.0/16,fd00:10:244::/56');
  for (const { podCIDR, podCIDRs, addresses } of await internal(client)) {
    expect(podCIDR).toMatch(/^10\.244\.[01]\.0\/24$/);
    expect(podCIDRs).toEqual([podCIDR, expect.stringMatching(/^fd00:10:244(:1)?::\/64$/)]);
    expect(addresses).toEqual(['127.0.0.1', '::1']);
  }
  await makePod(client, 'web');
  await makePod(client, 'host', { hostNetwork: true });
  const status = await statusOf(client, 'web');
  expect(status).toMatchObject({
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }, { ip: '::1' }],
    podIP: expect.stringMatching(/^10\.244\.[01]\.\d+$/),
    podIPs: [{ ip: status?.podIP }, { ip: expect.stringMatching(/^fd00:10:244:/) }],
  });
  expect(await statusOf(client, 'host')).toMatchObject({
    podIP: '127.0.0.1',
    podIPs: [{ ip: '127.0.0.1' }, { ip: '::1' }],
  });
  // Services are of the families that pods have.
  const made = await client.of(services).create(
    {
      metadata: { name: 'web', namespace: 'default' },
      spec: { ipFamilyPolicy: 'RequireDualStack', selector: labels, ports: [{ port: 80 }] },
    } as never,
    { cause },
  );
  expect(made.spec.clusterIPs).toEqual([
    expect.stringMatching(/^10\./),
    expect.stringMatching(/^fd00:10:96:/),
  ]);
  await client.of(pods).delete({ namespace: 'default', name: 'host' }, { cause });
  await vi.waitFor(
    async () =>
      expect(await slicesOf(client, 'web')).toEqual([
        ['IPv4', status?.podIP],
        ['IPv6', status?.podIPs?.[1]?.ip],
      ]),
    20_000,
  );
}, 60_000);

test('nodes and pods can be of IPv6 alone', async () => {
  const client = await start('fd00:10:244::/56');
  for (const { podCIDR, podCIDRs, addresses } of await internal(client)) {
    expect(podCIDR).toMatch(/^fd00:10:244(:1)?::\/64$/);
    expect(podCIDRs).toEqual([podCIDR]);
    expect(addresses).toEqual(['::1']);
  }
  await makePod(client, 'web');
  const status = await statusOf(client, 'web');
  expect(status).toMatchObject({
    hostIP: '::1',
    podIP: expect.stringMatching(/^fd00:10:244:/),
    podIPs: [{ ip: status?.podIP }],
  });
  const ref = { namespace: 'default', name: 'kubernetes' };
  expect((await client.of(services).get(ref)).spec.clusterIP).toBe('fd00:10:96::1');
  const dns = { namespace: 'kube-system', name: 'kube-dns' };
  await vi.waitFor(async () =>
    expect((await client.of(services).get(dns)).spec.clusterIP).toBe('fd00:10:96::a'),
  );
}, 60_000);

test('what makes no sense is told before anything is made', async () => {
  await expect(start('10.0.0.0/16,10.1.0.0/16')).rejects.toThrow('not configured as dual stack');
  await expect(start('10.96.0.0/16')).rejects.toThrow('10.96.0.0/12 has addresses that pods have');
});
