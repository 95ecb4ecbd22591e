import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  certificatesigningrequests,
  clusterrolebindings,
  configmaps,
  nodes,
} from '../api/generated/resources.ts';
import type { Client } from '../client/client.ts';
import { type Clock, sleepOn, systemClock, type Timer } from '../platform/clock.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import type { AgentConfig } from './agent-config.ts';
import type { NodePairs } from './agent.ts';
import { followCertificates } from './configured-agent.ts';
import { clusterLayout, nodeLayout } from './hosts/layout.ts';
import { usualPodNetwork } from './pod-network.ts';
import { generateToken, nodeTokenGroup, tokenUsages } from './join/bootstrap-token.ts';
import { join } from './join/join.ts';
import { type JoinedNode, readNode, writeNode } from './join/joined-node.ts';
import { runNode } from './join/run-node.ts';
import { createToken } from './join/tokens.ts';
import { NodeCertificates } from './node-certificates.ts';
import { agentConfigPath, type NodeProcessOptions, writeNodeConfig } from './node-process.ts';
import { Pki } from './pki.ts';
import { startServer } from './server.ts';
import { clientFromKubeconfig } from './status.ts';
import { up } from './up.ts';

const dayMs = 86_400_000;
const cause = { reason: 'a test' };

/** The machine's clock, some days behind it until it leaps: whoever waits for a minute or more is then called at once. */
class LeapingClock implements Clock {
  readonly #waiting = new Set<() => void>();
  #behindMs: number;

  constructor(behindDays: number) {
    this.#behindMs = behindDays * dayMs;
  }

  now = () => Date.now() - this.#behindMs;
  monotonic = () => systemClock.monotonic();
  sleep = (delayMs: number, signal?: AbortSignal) => sleepOn(this, delayMs, signal);

  after(delayMs: number, fn: () => void): Timer {
    if (delayMs < 60_000) return systemClock.after(delayMs, fn);
    const run = () => {
      timer.cancel();
      if (this.#waiting.delete(run)) fn();
    };
    const timer = systemClock.after(delayMs, run);
    this.#waiting.add(run);
    return {
      cancel: () => {
        timer.cancel();
        this.#waiting.delete(run);
      },
    };
  }

  leap(): void {
    this.#behindMs = 0;
    for (const run of [...this.#waiting]) run();
  }
}

function newDir(): string {
  const dir = mkdtempSync(pathOf(tmpdir(), 'k8ts-renewal-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** A platform on which certificates that are made now have 25 days left once its clock has leapt. */
function behind() {
  const clock = new LeapingClock(340);
  return { clock, platform: { ...systemPlatform(silentLog), clock } };
}

/** The serial number of the certificate that a server shows. */
function shownAt(origin: string): Promise<string> {
  const { hostname: host, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
  });
}

async function kubeletOf(client: Client, name: string): Promise<string> {
  const { status } = await client.of(nodes).get({ name });
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  return `https://${address}:${status?.daemonEndpoints?.kubeletEndpoint?.Port}`;
}

/** What comes over a watch of config maps until the test is over. */
async function watched(client: Client): Promise<string[]> {
  const seen: string[] = [];
  const abort = new AbortController();
  const sink = {
    onEvent: (event: { object: { metadata: { name: string } } }) => seen.push(event.object.metadata.name),
    onEnd: () => seen.push('over'),
  };
  await client.transport.watch(
    { method: 'GET', path: '/api/v1/namespaces/default/configmaps', signal: abort.signal },
    sink as never,
  );
  onTestFinished(() => abort.abort());
  return seen;
}

const clientKey = (path: string) => JSON.parse(readFileSync(path, 'utf8')).users[0].user['client-key-data'];

test('all certificates of a cluster on one machine are renewed while it runs, and what is under way goes on', async () => {
  const { clock, platform } = behind();
  const dataDir = newDir();
  const cluster = await up({
    options: {
      ...{ nodes: 2, runtime: 'simulated', store: 'memory', uplink: 'none' },
      ...{ dataDir, port: 0, kubeconfig: undefined },
    },
    platform,
    program: { command: '', script: '' },
    pid: process.pid,
    onStep: () => {},
  });
  onTestFinished(() => cluster.stop());
  const { kubeconfigPath, controlPlane } = cluster;
  const old = await clientFromKubeconfig(platform, kubeconfigPath);
  onTestFinished(() => old.close());
  const kubelet = await kubeletOf(controlPlane.admin, 'node-2');
  const shown = () => Promise.all([shownAt(controlPlane.url), shownAt(kubelet), clientKey(kubeconfigPath)]);
  const [before, seen] = [await shown(), await watched(old.client)];

  clock.leap();
  await expect
    .poll(async () => (await shown()).map((one, i) => one !== before[i]), { timeout: 10_000 })
    .toEqual([true, true, true]);
  const fresh = await clientFromKubeconfig(platform, kubeconfigPath);
  onTestFinished(() => fresh.close());
  const maps = fresh.client.of(configmaps);
  await maps.create({ metadata: { name: 'after', namespace: 'default' } }, { cause });
  await expect.poll(() => seen).toContain('after');
  expect(seen).not.toContain('over');
}, 60_000);

/** A server, and a node that has joined it and runs. */
async function joined(platform: ReturnType<typeof behind>['platform']) {
  const dir = newDir();
  const address = '127.0.0.1';
  const server = await startServer(
    {
      dataDir: `${dir}/server`,
      store: 'memory',
      port: 0,
      bindAddress: address,
      advertiseAddress: address,
      names: [],
    },
    { platform, pid: process.pid },
  );
  onTestFinished(() => server.stop());
  const { admin, url } = server.controlPlane;
  const token = generateToken(platform.random);
  await createToken(admin, { token, usages: tokenUsages, groups: [nodeTokenGroup] });
  const node = await join({
    servers: [url],
    token,
    hashes: [],
    nodeName: 'n1',
    addresses: () => ({ address: '127.0.0.2' }),
    platform,
  });
  const dataDir = `${dir}/n1`;
  await writeNode(dataDir, node, platform);
  const agent = await runNode(node, { dataDir, runtime: 'simulated', platform });
  onTestFinished(() => agent.stop());
  await agent.registered;
  const kept = async () => (await readNode(dataDir, platform)) as JoinedNode;
  return { server, admin, node, kept };
}

test('a node that has joined gets new certificates while it runs, and its connections go on', async () => {
  const { clock, platform } = behind();
  const { server, admin, node, kept } = await joined(platform);
  await vi.waitFor(async () => expect(await kubeletOf(admin, 'n1')).toMatch(/:[1-9]\d*$/), 10_000);
  const kubelet = await kubeletOf(admin, 'n1');
  await vi.waitFor(() => shownAt(kubelet), 10_000);
  const key = clientKey(server.kubeconfigPath);

  clock.leap();
  await expect
    .poll(
      async () => [
        (await kept()).node.key !== node.node.key,
        (await kept()).serving.key !== node.serving.key,
      ],
      { timeout: 10_000 },
    )
    .toEqual([true, true]);
  const { serialNumber } = new X509Certificate((await kept()).serving.certificate);
  await expect.poll(() => shownAt(kubelet)).toBe(serialNumber);
  await expect.poll(() => clientKey(server.kubeconfigPath)).not.toBe(key);
  expect(await kubeletOf(admin, 'n1')).toBe(kubelet);
}, 60_000);

test('a node whose serving certificate nobody approves gets a new one of its own all the same', async () => {
  const { clock, platform } = behind();
  const { admin, node, kept } = await joined(platform);
  const { items } = await admin.of(clusterrolebindings).list();
  const serving = items.filter(({ roleRef }) => roleRef.name.includes('selfnodeserver'));
  expect(serving).toHaveLength(1);
  for (const { metadata } of serving) await admin.of(clusterrolebindings).delete(metadata, { cause });

  clock.leap();
  await expect.poll(async () => (await kept()).node.key !== node.node.key, { timeout: 10_000 }).toBe(true);
  expect((await kept()).serving).toEqual(node.serving);
  const requests = await admin.of(certificatesigningrequests).list();
  const waiting = requests.items.filter(({ status }) => !status?.certificate);
  expect(waiting.map(({ spec }) => spec.signerName)).toEqual(['kubernetes.io/kubelet-serving']);
}, 60_000);

test('the configuration file of an agent has new certificates in time, and the agent shows them', async () => {
  const clock = new VirtualClock();
  const files = new MemoryFiles();
  const platform = { ...systemPlatform(silentLog), clock, files };
  const pki = new Pki('/pki', platform);
  const cluster = clusterLayout('abc', '198.18.7');
  const process = {
    platform,
    pki,
    cluster,
    node: nodeLayout(cluster, 1),
    dataDir: '/data',
    apiPort: 1,
    pods: usualPodNetwork,
    upstreamDns: [],
  };
  const options = process as unknown as NodeProcessOptions;
  const path = agentConfigPath('/data', process.node.name);
  const read = async () => JSON.parse(await files.readText(path)) as AgentConfig;
  await writeNodeConfig(options);
  const before = await read();
  const renewed: NodePairs[] = [];
  const agent = { renew: (pairs: NodePairs) => void renewed.push(pairs) };
  const certificates = new NodeCertificates(pki);
  certificates.addAgent(options);
  const abort = new AbortController();
  onTestFinished(() => abort.abort());

  await clock.advance(340 * dayMs);
  void certificates.renewal(platform).run(abort.signal);
  void followCertificates(path, { config: before, agent }, platform).run(abort.signal);
  await files.writeAtomic(path, '{"cut off');
  await clock.advance(60_000);
  await clock.advance(3_600_000);
  await expect.poll(async () => (await read()).node.key).not.toBe(before.node.key);
  await clock.advance(60_000);
  await expect.poll(() => renewed.length).toBe(1);
  const { node, proxy, serving, ...rest } = await read();
  expect(renewed[0]).toMatchObject({ node, proxy, serving });
  expect({ ...before, node, proxy, serving }).toEqual({ ...rest, node, proxy, serving });
  for (const which of ['node', 'proxy', 'serving'] as const)
    expect(renewed[0]?.[which].key).not.toBe(before[which].key);
});
