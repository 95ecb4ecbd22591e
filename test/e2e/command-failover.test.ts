import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Deployment } from '../../src/api/apps/v1.ts';
import { configmaps, deployments, leases, pods } from '../../src/api/generated/resources.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { WatchEvent } from '../../src/client/transport.ts';
import { connectHttps } from '../../src/platform/http-client.ts';
import { etcdctlPath, TestEtcd, whyNoEtcd } from '../../src/store/etcd/test-etcd.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';

const cause = { reason: 'a test' };
const namespace = 'default';

/** A client with the administrator's certificate, straight from the kubeconfig. */
function clientOf({ kubeconfig }: E2eCluster): { client: Client; transport: HttpTransport } {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const text = (base64: string) => Buffer.from(base64, 'base64').toString();
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const transport = new HttpTransport({
    connect: connectHttps,
    servers: [cluster.server],
    tls: {
      ca: text(cluster['certificate-authority-data']),
      cert: text(user['client-certificate-data']),
      key: text(user['client-key-data']),
    },
    userAgent: 'test',
  });
  return { client: new Client(transport), transport };
}

const deployment = (name: string, replicas: number): Deployment => ({
  metadata: { name, namespace },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'registry.test/c:1' }] },
    },
  },
});

describe.skipIf(!etcdctlPath)(`two control planes on one etcd of three members${whyNoEtcd}`, () => {
  let etcd: TestEtcd;
  const running: E2eCluster[] = [];
  const transports: HttpTransport[] = [];
  const dirs: string[] = [];

  /** Another control plane of the same cluster: on the same etcd, with the same keys. */
  async function start(keysOf?: E2eCluster): Promise<{ cluster: E2eCluster; client: Client }> {
    const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-failover-'));
    dirs.push(dataDir);
    if (keysOf) cpSync(join(keysOf.dataDir, 'pki'), join(dataDir, 'pki'), { recursive: true });
    const args = ['--store', 'etcd', '--etcd-servers', etcd.endpoints.join(',')];
    const cluster = await startE2eCluster({ dataDir, args });
    running.push(cluster);
    const { client, transport } = clientOf(cluster);
    transports.push(transport);
    return { cluster, client };
  }

  const holder = async (client: Client, name = 'kube-controller-manager') =>
    (await client.of(leases).get({ namespace: 'kube-system', name })).spec.holderIdentity ?? '';

  const podsOf = async (client: Client, app: string) =>
    (await client.of(pods).list({ namespace, labelSelector: `app=${app}` })).items.map(
      (p) => p.metadata.name,
    );

  beforeAll(async () => {
    etcd = await TestEtcd.start({ members: 3 });
  });
  afterAll(async () => {
    for (const transport of transports) transport.close();
    for (const cluster of running) await cluster.process.stop('SIGKILL');
    await etcd?.stop();
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });

  test('survive the loss of a server that leads, a clean stop, and the loss of a member of etcd', async () => {
    const first = await start();
    await vi.waitFor(() => holder(first.client), { timeout: 10_000 });
    const second = await start(first.cluster);
    const leader = await holder(second.client);

    // The most pods at any time, as the server that stays has told it.
    const there = new Set<string>();
    let most = 0;
    await second.client.of(pods).watch(
      { namespace, labelSelector: 'app=web' },
      {
        onEvent({ type, object }: WatchEvent) {
          if (type === 'DELETED') there.delete(object.metadata.name as string);
          else there.add(object.metadata.name as string);
          most = Math.max(most, there.size);
        },
        onEnd() {},
      },
    );
    await second.client.of(deployments).create(deployment('web', 40), { cause });
    await vi.waitFor(() => expect(there.size).toBeGreaterThan(0), { timeout: 10_000, interval: 1 });

    // The leader dies in the middle of its work.
    first.cluster.process.child.kill('SIGKILL');
    const killedMs = performance.now();
    await second.client.of(configmaps).create({ metadata: { name: 'after', namespace } }, { cause });
    const wroteMs = performance.now() - killedMs;
    expect(wroteMs).toBeLessThan(2000);
    await second.client.of(deployments).create(deployment('next', 3), { cause });
    await vi.waitFor(async () => expect(await podsOf(second.client, 'next')).toHaveLength(3), {
      timeout: 20_000,
      interval: 50,
    });
    const actedMs = performance.now() - killedMs;
    expect(await holder(second.client)).not.toBe(leader);
    await vi.waitFor(async () => expect(await podsOf(second.client, 'web')).toHaveLength(40), {
      timeout: 20_000,
    });
    expect(most).toBeLessThanOrEqual(40);
    expect(new Set(await podsOf(second.client, 'web')).size).toBe(40);

    // One that stops as it should hands over at once.
    const third = await start(first.cluster);
    const before = await holder(third.client);
    const stopMs = performance.now();
    await second.cluster.interrupt();
    await third.client.of(deployments).create(deployment('third', 2), { cause });
    await vi.waitFor(async () => expect(await podsOf(third.client, 'third')).toHaveLength(2), {
      timeout: 20_000,
      interval: 50,
    });
    const handedMs = performance.now() - stopMs;
    expect(await holder(third.client)).not.toBe(before);

    await etcd.killMember(0);
    const memberMs = performance.now();
    await vi.waitFor(
      () => third.client.of(configmaps).create({ metadata: { name: 'two-of-three', namespace } }, { cause }),
      { timeout: 10_000, interval: 50 },
    );
    const goneMs = performance.now() - memberMs;
    const figures = { wroteMs, actedMs, handedMs, memberGoneMs: goneMs };
    console.log(
      Object.entries(figures)
        .map(([what, ms]) => `${what} ${Math.round(ms)}`)
        .join(', '),
    );
    // The lease lasts three seconds; how long the rest takes is up to the machine.
    expect(actedMs).toBeLessThan(15_000);
  });
});
