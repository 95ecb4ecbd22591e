import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServiceSpec } from '../api/core/v1.ts';
import { configmaps, events, ipaddresses, servicecidrs, services } from '../api/generated/resources.ts';
import { systemClock } from '../platform/clock.ts';
import { createLog, silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import type { EncryptionSettings } from './encryption.ts';
import { serveEtcd } from './serve-etcd.ts';
import { startServer } from './server.ts';
import { clientFromKubeconfig } from './status.ts';
import { startCluster } from './testing.ts';
import { type Cluster, up } from './up.ts';

const platform = systemPlatform(silentLog);
const cause = { reason: 'a test' };
const ports = [{ port: 80 }];
let dataDir: string;
let running: { stop(): Promise<void> }[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'k8ts-range-'));
  running = [];
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  rmSync(dataDir, { recursive: true });
});

/** A platform whose warnings of ranges are heard. */
const listening = (lines: string[]) =>
  systemPlatform(
    createLog({
      clock: systemClock,
      level: 'warn',
      write: ({ message }) => void (message.includes('ranges') && lines.push(message)),
    }),
  );

async function start(
  serviceClusterIpRange?: string,
  startedOn = platform,
  encryption?: EncryptionSettings,
): Promise<Cluster['controlPlane']> {
  for (const one of running.splice(0)) await one.stop();
  const cluster = await up({
    options: {
      ...{ nodes: 1, runtime: 'simulated', store: 'embedded', uplink: 'none' },
      ...{ dataDir, port: 0, kubeconfig: undefined, apiServer: { serviceClusterIpRange, encryption } },
    },
    platform: startedOn,
    program: { command: '', script: '' },
    pid: process.pid,
    onStep() {},
  });
  running.push(cluster);
  return cluster.controlPlane;
}

type Admin = Cluster['controlPlane']['admin'];
const make = async (admin: Admin, name: string, spec: ServiceSpec = {}) =>
  (
    await admin
      .of(services)
      .create({ metadata: { name, namespace: 'default' }, spec: { ports, ...spec } } as never, { cause })
  ).spec;
const spec = async (admin: Admin, namespace: string, name: string) =>
  (await admin.of(services).get({ namespace, name })).spec;
const ranges = async (admin: Admin) => (await admin.of(servicecidrs).get({ name: 'kubernetes' })).spec.cidrs;
const warnings = async (admin: Admin) =>
  (await admin.of(events).list()).items
    .filter(({ involvedObject }) => involvedObject.kind === 'ServiceCIDR')
    .map(({ reason, message, metadata, source }) => [
      metadata.namespace,
      source?.component,
      `${reason}: ${message}`,
    ]);

test('a cluster of two families has a range, addresses, DNS and a certificate of them', async () => {
  const { admin } = await start('10.0.0.0/24,fd00::/112');
  expect(await ranges(admin)).toEqual(['10.0.0.0/24', 'fd00::/112']);
  expect(await spec(admin, 'default', 'kubernetes')).toMatchObject({
    clusterIPs: ['10.0.0.1'],
    ipFamilyPolicy: 'SingleStack',
  });
  await vi.waitFor(async () =>
    expect(await spec(admin, 'kube-system', 'kube-dns')).toMatchObject({ clusterIPs: ['10.0.0.10'] }),
  );
  const both = await make(admin, 'both', { ipFamilyPolicy: 'PreferDualStack' });
  expect(both.ipFamilies).toEqual(['IPv4', 'IPv6']);
  expect(both.clusterIPs?.[0]).toMatch(/^10\.0\.0\./);
  expect(both.clusterIPs?.[1]).toMatch(/^fd00::/);
  expect((await make(admin, 'six', { ipFamilies: ['IPv6'] })).clusterIP).toMatch(/^fd00::/);
  await vi.waitFor(async () => {
    const address = await admin.of(ipaddresses).get({ name: both.clusterIPs?.[1] as string });
    expect(address.metadata.labels?.['ipaddress.kubernetes.io/ip-family']).toBe('IPv6');
  });
  const certificate = new X509Certificate(await platform.files.readText(`${dataDir}/pki/apiserver.pem`));
  expect([certificate.checkIP('10.0.0.1'), certificate.checkIP('10.96.0.1')]).toEqual([
    '10.0.0.1',
    undefined,
  ]);
}, 60_000);

test('a cluster without nodes can have addresses of IPv6 alone', async () => {
  const cluster = await startCluster({ serviceClusterIpRange: 'fd00:10::/112' });
  running.push(cluster);
  const { client } = cluster;
  expect((await spec(client, 'default', 'kubernetes')).clusterIP).toBe('fd00:10::1');
  await vi.waitFor(async () =>
    expect((await spec(client, 'kube-system', 'kube-dns')).clusterIP).toBe('fd00:10::a'),
  );
  const made = await make(client, 'web', { ipFamilyPolicy: 'PreferDualStack' });
  expect(made.ipFamilies).toEqual(['IPv6']);
  await expect(make(client, 'four', { ipFamilies: ['IPv4'] })).rejects.toThrow(
    'spec.ipFamilies[0]: Invalid value: "IPv4": not configured on this cluster',
  );
}, 60_000);

test('a second start with another range leaves the cluster in its own, and says so', async () => {
  const first = await start();
  const before = await make(first.admin, 'before');
  const { admin, services: now } = await start('10.0.0.0/16');
  expect(now).toMatchObject({ ranges: ['10.96.0.0/12'], dnsAddress: '10.96.0.10' });
  expect(await ranges(admin)).toEqual(['10.96.0.0/12']);
  expect((await spec(admin, 'default', 'kubernetes')).clusterIP).toBe('10.96.0.1');
  expect((await spec(admin, 'default', 'before')).clusterIP).toBe(before.clusterIP);
  expect((await make(admin, 'after')).clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
  await expect(make(admin, 'asking', { clusterIP: '10.0.0.7' })).rejects.toThrow('does not match');
  expect(await warnings(admin)).toEqual([
    [
      'default',
      'kubernetes-service-cidr-controller',
      'KubernetesDefaultServiceCIDRInconsistent: The default ServiceCIDR [10.96.0.0/12] does not match the controller flag configurations [10.0.0.0/16]',
    ],
  ]);
}, 60_000);

test('a next start that says nothing of ranges has those of the cluster, and nothing to complain about', async () => {
  await start('10.0.0.0/24,fd00::/112');
  const lines: string[] = [];
  const { admin, services: now } = await start(undefined, listening(lines));
  expect(now).toMatchObject({ ranges: ['10.0.0.0/24', 'fd00::/112'], dnsAddress: '10.0.0.10' });
  expect(lines).toEqual([]);
  expect(await warnings(admin)).toEqual([]);
  expect(await ranges(admin)).toEqual(['10.0.0.0/24', 'fd00::/112']);
  const both = await make(admin, 'both', { ipFamilyPolicy: 'RequireDualStack' });
  expect(both.clusterIPs?.[0]).toMatch(/^10\.0\.0\./);
  const certificate = new X509Certificate(await platform.files.readText(`${dataDir}/pki/apiserver.pem`));
  expect([certificate.checkIP('10.0.0.1'), certificate.checkIP('10.96.0.1')]).toEqual([
    '10.0.0.1',
    undefined,
  ]);
}, 60_000);

test('so it is where the ranges are encrypted, and without the key nothing is started', async () => {
  const configFile = join(dataDir, 'encryption.yaml');
  const configuration = (secret: string) =>
    [
      'apiVersion: apiserver.config.k8s.io/v1',
      'kind: EncryptionConfiguration',
      'resources:',
      '- resources: [servicecidrs.networking.k8s.io]',
      `  providers: [{aescbc: {keys: [{name: a, secret: '${Buffer.from(secret).toString('base64')}'}]}}]`,
    ].join('\n');
  await platform.files.write(configFile, configuration('a'.repeat(32)));
  await start('10.0.0.0/24', platform, { configFile });
  const { services: now } = await start(undefined, platform, { configFile });
  expect(now.ranges).toEqual(['10.0.0.0/24']);
  await platform.files.write(configFile, configuration('b'.repeat(32)));
  await expect(start(undefined, platform, { configFile })).rejects.toMatchObject({
    name: 'UserError',
    hint: expect.stringContaining('--encryption-provider-config'),
  });
}, 60_000);

test('a server that joins has the ranges of the cluster', async () => {
  const etcd = await serveEtcd(
    { dataDir: join(dataDir, 'etcd'), name: 'm', listenClientUrls: 'http://127.0.0.1:0' },
    platform,
  );
  const lines: string[] = [];
  const serve = async (name: string, serviceClusterIpRange?: string) => {
    const server = await startServer(
      {
        ...{ dataDir: join(dataDir, name), port: 0, bindAddress: '127.0.0.1', advertiseAddress: '127.0.0.1' },
        ...{ names: [], store: 'etcd', etcd: { servers: etcd.urls }, token: 'a token of some length' },
        apiServer: { serviceClusterIpRange },
      },
      { platform: listening(lines), pid: process.pid },
    );
    running.unshift(server);
    return server.controlPlane;
  };
  running.push(etcd);
  await serve('first', '10.0.0.0/24');
  const { admin, services: now } = await serve('second');
  expect(now.ranges).toEqual(['10.0.0.0/24']);
  expect((await make(admin, 'made-there')).clusterIP).toMatch(/^10\.0\.0\./);
  expect(lines).toEqual([]);
  expect(await warnings(admin)).toEqual([]);
}, 60_000);

test('a cluster of one family becomes one of two with its next start', async () => {
  await start('10.0.0.0/24');
  const { admin } = await start('10.0.0.0/24,fd00::/112');
  expect(await ranges(admin)).toEqual(['10.0.0.0/24', 'fd00::/112']);
  expect(await warnings(admin)).toEqual([]);
  const both = await make(admin, 'both', { ipFamilyPolicy: 'RequireDualStack' });
  expect(both.clusterIPs).toHaveLength(2);
}, 60_000);

test('machines that join are told the ranges', async () => {
  const server = await startServer(
    {
      ...{ dataDir, port: 0, bindAddress: '127.0.0.1', advertiseAddress: '127.0.0.1', names: [] },
      ...{ store: 'memory', apiServer: { serviceClusterIpRange: '10.0.0.0/24,fd00::/112' } },
    },
    { platform, pid: process.pid },
  );
  running.push(server);
  const map = await server.controlPlane.admin
    .of(configmaps)
    .get({ namespace: 'kube-system', name: 'kubeadm-config' });
  expect(JSON.parse(map.data?.ClusterConfiguration ?? '{}')).toMatchObject({
    networking: { serviceSubnet: '10.0.0.0/24,fd00::/112' },
  });
}, 60_000);

test('a server that is found under an address of another family is not started', async () => {
  const starting = startServer(
    {
      ...{ dataDir, port: 0, bindAddress: '127.0.0.1', advertiseAddress: '127.0.0.1', names: [] },
      ...{ store: 'memory', apiServer: { serviceClusterIpRange: 'fd00::/112' } },
    },
    { platform, pid: process.pid },
  );
  await expect(starting).rejects.toThrow(
    'service IP family "fd00::/112" must match public address family "127.0.0.1"',
  );
});

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

test.skipIf(!hasIPv6)(
  `a server that is found under an address of IPv6 is asked by it${hasIPv6 ? '' : ' (this machine has none)'}`,
  async () => {
    const server = await startServer(
      {
        ...{ dataDir, port: 0, bindAddress: '::1', advertiseAddress: '::1', names: [] },
        ...{ store: 'memory', apiServer: { serviceClusterIpRange: 'fd00::/112' } },
      },
      { platform, pid: process.pid },
    );
    running.push(server);
    expect(server.controlPlane.url).toMatch(/^https:\/\/\[::1\]:\d+$/);
    const { client, close } = await clientFromKubeconfig(platform, server.kubeconfigPath);
    const found = await client.of(services).get({ namespace: 'default', name: 'kubernetes' });
    expect(found.spec.clusterIP).toBe('fd00::1');
    close();
  },
  60_000,
);
