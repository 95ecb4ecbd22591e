import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as body } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { ConfigMap, Node } from '../api/core/v1.ts';
import { configmaps, leases, namespaces, nodes } from '../api/generated/resources.ts';
import { serverId } from '../apiserver/start/identity-lease.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { startServer } from './server.ts';
import { readState } from './state.ts';
import { clusterStatus } from './status.ts';
import { type Cluster, up, type UpOptions } from './up.ts';

const platform = systemPlatform(silentLog);
const cause = { reason: 'a test' };

test('a second start in the same place is refused while the first is under way, and leaves it alone', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-up-'));
  let second: Promise<unknown> | undefined;
  let status: Promise<unknown> | undefined;
  const start: UpOptions = {
    options: {
      ...{ nodes: 1, runtime: 'simulated', store: 'memory', uplink: 'none' },
      ...{ dataDir, port: 0, kubeconfig: undefined },
    },
    platform,
    program: { command: '', script: '' },
    pid: process.pid,
    onStep: () => {
      second ??= up({ ...start, onStep: () => {} }).catch((error: Error) => error.message);
      status ??= clusterStatus(platform, dataDir);
    },
  };
  const cluster = await up(start);
  try {
    expect(await second).toBe(`a cluster already runs in ${dataDir} (process ${process.pid}, starting)`);
    expect(await status).toMatchObject({ running: true, state: { server: '', nodes: [] } });
    expect(await readState(platform.files, dataDir)).toMatchObject({ server: cluster.controlPlane.url });
    const servers = await cluster.controlPlane.admin
      .of(leases)
      .list({ namespace: 'kube-system', labelSelector: 'apiserver.kubernetes.io/identity=kube-apiserver' });
    expect(servers.items.map(({ metadata }) => metadata.name)).toEqual([serverId(hostname())]);
  } finally {
    await cluster.stop();
    rmSync(dataDir, { recursive: true });
  }
  expect(await readState(platform.files, dataDir)).toBeUndefined();
}, 30_000);

test('a start with fewer nodes than the one before has no others, but for machines that joined', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-up-'));
  const start = (count: number) =>
    up({
      options: {
        ...{ nodes: count, runtime: 'simulated', store: 'embedded', uplink: 'none' },
        ...{ dataDir, port: 0, kubeconfig: undefined },
      },
      platform,
      program: { command: '', script: '' },
      pid: process.pid,
      onStep: () => {},
    });
  const names = async ({ controlPlane: { admin } }: Cluster) =>
    (await admin.of(nodes).list()).items.map(({ metadata }) => metadata.name);
  try {
    const larger = await start(3);
    const { admin } = larger.controlPlane;
    const joined: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-9' }, spec: {} };
    const addresses = [{ type: 'InternalIP', address: '203.0.113.9' }];
    await admin.of(nodes).create({ ...joined, status: { addresses } }, { cause });
    await larger.stop();
    const smaller = await start(1);
    expect(await names(smaller)).toEqual(['node-1', 'node-9']);
    await smaller.stop();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}, 60_000);

describe('settings that cannot be used are refused before anything is made', () => {
  const election = { leaseDurationMs: 1000, renewDeadlineMs: 2000, retryPeriodMs: 300 };
  const audit = {
    ...{ policyFile: '/no/policy.yaml', logFormat: 'json' as const, logMaxAgeDays: 0, logMaxBackups: 0 },
    ...{ logMaxMegabytes: 0, logCompress: false, webhookBatchSize: 1, webhookBatchWaitMs: 1 },
    webhookBackoffMs: 1,
  };
  const wrong: [string, Partial<UpOptions['options']>, RegExp][] = [
    ['an election', { leaderElection: election }, /^leader election cannot work: the lease duration/],
    ['an audit policy', { apiServer: { audit } }, /^loading audit policy file: \/no\/policy.yaml/],
    ['an admission plugin', { apiServer: { admission: { enable: ['Nothing'] } } }, /Nothing/],
  ];

  test.each(wrong)('%s', async (_, settings, why) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-up-'));
    const common = { dataDir, port: 0, store: 'embedded', ...settings } as const;
    const steps: string[] = [];
    const starting = up({
      options: { ...common, nodes: 1, runtime: 'simulated', uplink: 'none', kubeconfig: undefined },
      platform,
      program: { command: '', script: '' },
      pid: process.pid,
      onStep: (what) => steps.push(what),
    });
    await expect(starting).rejects.toThrow(why);
    const where = { bindAddress: '127.0.0.1', advertiseAddress: '127.0.0.1', names: [] };
    const serving = startServer({ ...common, ...where }, { platform, pid: process.pid });
    await expect(serving).rejects.toThrow(why);
    expect(steps).toEqual([]);
    expect(readdirSync(dataDir)).toEqual([]);
    rmSync(dataDir, { recursive: true });
  });
});

test('a cluster whose data directory is removed takes no writes, and says that it is not well', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-up-'));
  const cluster = await up({
    options: {
      ...{ nodes: 0, runtime: 'simulated', store: 'embedded', uplink: 'none' },
      ...{ dataDir, port: 0, kubeconfig: undefined },
    },
    platform,
    program: { command: '', script: '' },
    pid: process.pid,
    onStep: () => {},
  });
  try {
    const { admin, url } = cluster.controlPlane;
    const ready = async () => {
      const request = get(`${url}/readyz`, { rejectUnauthorized: false, agent: false });
      const [answer] = await once(request, 'response');
      return body(answer);
    };
    expect(await ready()).toBe('ok');
    rmSync(dataDir, { recursive: true });
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace: 'default' } };
    await expect(admin.of(configmaps).create(map as ConfigMap, { cause })).rejects.toMatchObject({
      code: 500,
      message: expect.stringContaining(`${dataDir}/store/store.mdb is gone`),
    });
    expect(await ready()).toContain('[-]etcd failed');
    expect((await admin.of(namespaces).get({ name: 'default' })).metadata.name).toBe('default');
  } finally {
    await cluster.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 30_000);
