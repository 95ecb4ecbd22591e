import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nodes } from '../../api/generated/resources.ts';
import { silentLog } from '../../platform/log.ts';
import { systemPlatform } from '../../platform/platform.ts';
import { systemRandom } from '../../platform/random.ts';
import { startServer } from '../server.ts';
import { generateToken, nodeTokenGroup, tokenUsages } from './bootstrap-token.ts';
import { join } from './join.ts';
import { runNode } from './run-node.ts';
import { createToken } from './tokens.ts';

const platform = systemPlatform(silentLog);
const address = '127.0.0.1';
const clusterCidr = '10.244.0.0/16,fd00:10:244::/56';
let dir: string;
let running: { stop(): Promise<void> }[];

beforeEach(() => {
  dir = mkdtempSync(pathOf(tmpdir(), 'k8ts-join-'));
  running = [];
});
afterEach(async () => {
  for (const one of running.reverse()) await one.stop();
  rmSync(dir, { recursive: true });
});

test('a node that joins a cluster of two families is found at an address of each, and shows a certificate for both', async () => {
  const token = generateToken(systemRandom);
  const server = await startServer(
    {
      ...{ dataDir: `${dir}/server`, store: 'embedded', port: 0, names: [], pods: { clusterCidr } },
      ...{ bindAddress: address, advertiseAddress: address },
    },
    { platform, pid: process.pid },
  );
  running.push(server);
  const { admin, url } = server.controlPlane;
  await createToken(admin, { token, usages: tokenUsages, groups: [nodeTokenGroup] });
  let told: readonly string[] = [];
  const node = await join({
    ...{ servers: [url], token, hashes: [], nodeName: 'n1', platform },
    addresses(podRanges) {
      told = podRanges;
      return { address: '127.0.0.2', secondAddress: 'fd01::2' };
    },
  });
  expect(told.join()).toBe(clusterCidr);
  const certificate = new X509Certificate(node.serving.certificate);
  expect([certificate.checkIP('127.0.0.2'), certificate.checkIP('fd01::2')]).not.toContain(undefined);
  const agent = await runNode(node, { dataDir: `${dir}/n1`, runtime: 'simulated', platform });
  running.push(agent);
  await agent.registered;
  await vi.waitFor(async () => {
    const { spec, status } = await admin.of(nodes).get({ name: 'n1' });
    expect(spec?.podCIDRs).toEqual(['10.244.0.0/24', 'fd00:10:244::/64']);
    expect(status?.addresses).toEqual([
      { type: 'InternalIP', address: '127.0.0.2' },
      { type: 'InternalIP', address: 'fd01::2' },
      { type: 'Hostname', address: 'n1' },
    ]);
  }, 15_000);
}, 60_000);
