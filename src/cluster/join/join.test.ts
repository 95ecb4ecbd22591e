import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  certificatesigningrequests,
  clusterrolebindings,
  configmaps,
  nodes,
  pods,
  secrets,
} from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import { HttpTransport } from '../../client/http-transport.ts';
import { connectHttps } from '../../platform/http-client.ts';
import { silentLog } from '../../platform/log.ts';
import { systemPlatform } from '../../platform/platform.ts';
import { systemRandom } from '../../platform/random.ts';
import type { Agent } from '../agent.ts';
import { Pki } from '../pki.ts';
import { clientFromKubeconfig } from '../status.ts';
import { type RunningServer, startServer } from '../server.ts';
import { formatToken, generateToken, nodeTokenGroup, tokenUsages } from './bootstrap-token.ts';
import { publicKeyHash } from './discovery.ts';
import { connect, join, type JoinOptions } from './join.ts';
import { findStore, type FindStoreOptions, serverJoinToken } from './join-server.ts';
import { joinCommand } from './join-command.ts';
import {
  isCertifiedAt,
  type JoinedNode,
  readNode,
  requestClient,
  requestServing,
  type StartedWith,
  startedAgain,
  writeNode,
} from './joined-node.ts';
import { runNode, serversIn } from './run-node.ts';
import { renewAtMs, validity } from './certificate.ts';
import { createToken, deleteToken, listTokens } from './tokens.ts';

const dir = mkdtempSync(pathOf(tmpdir(), 'k8ts-join-'));
const platform = systemPlatform(silentLog);
const token = generateToken(systemRandom);
const draft = { token, usages: tokenUsages, groups: [nodeTokenGroup] };
const cause = { reason: 'test' };
let server: RunningServer;
let agent: Agent | undefined;

const options = (change: Partial<JoinOptions> = {}): JoinOptions => ({
  servers: [server.controlPlane.url],
  token,
  hashes: [],
  nodeName: 'n1',
  addresses: () => ({ address: '127.0.0.2' }),
  platform,
  ...change,
});

beforeAll(async () => {
  const address = '127.0.0.1';
  server = await startServer(
    {
      dataDir: `${dir}/server`,
      store: 'embedded',
      port: 0,
      bindAddress: address,
      advertiseAddress: address,
      names: ['api.test'],
    },
    { platform, pid: process.pid },
  );
  await createToken(server.controlPlane.admin, draft);
});
afterAll(async () => {
  await agent?.stop();
  await server?.stop();
  rmSync(dir, { recursive: true });
});

const admin = () => server.controlPlane.admin;
const isReady = async (name: string) => {
  const node = await admin().of(nodes).get({ name });
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
};

test('a machine becomes a node from an address and a token, and runs pods', async () => {
  const node = await join(options());
  await writeNode(`${dir}/n1`, node, platform);
  const running = await runNode(node, { dataDir: `${dir}/n1`, runtime: 'simulated', platform });
  agent = running;
  await running.registered;
  expect(await admin().of(nodes).get({ name: 'n1' })).toMatchObject({ metadata: { name: 'n1' } });
  await vi.waitFor(async () => expect(await isReady('n1')).toBe('True'), 15_000);
  const { items } = await admin().of(certificatesigningrequests).list();
  const told = items.map(({ spec, status }) => [spec.signerName, spec.username, !!status?.certificate]);
  expect(told.sort()).toEqual([
    ['kubernetes.io/kube-apiserver-client-kubelet', `system:bootstrap:${token.id}`, true],
    ['kubernetes.io/kubelet-serving', 'system:node:n1', true],
  ]);
  const metadata = { name: 'p', namespace: 'default' };
  await admin()
    .of(pods)
    .create({ metadata, spec: { containers: [{ name: 'c', image: 'i' }] } }, { cause });
  const phase = async () => (await admin().of(pods).get(metadata)).status?.phase;
  await vi.waitFor(async () => expect(await phase()).toBe('Running'), 15_000);
});

test('the server reaches the node by the certificate it has got', async () => {
  const { client, close } = await clientFromKubeconfig(platform, server.kubeconfigPath);
  const asked = { method: 'GET', path: '/api/v1/nodes/n1/proxy/pods' } as const;
  expect(await client.transport.request(asked)).toMatchObject({ kind: 'PodList' });
  close();
});

test('a node that says it is where the API server is gets nothing by it', async () => {
  const name = 'mirror';
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: server.controlPlane.port } },
  };
  await admin().of(nodes).create({ metadata: { name }, spec: {} }, { cause });
  const patch = { type: 'application/merge-patch+json', subresource: 'status', cause } as const;
  await admin().of(nodes).patch({ name }, { status }, patch);
  const { client, close } = await clientFromKubeconfig(platform, server.kubeconfigPath);
  const below = (path: string) =>
    client.transport.request({ method: 'GET', path: `/api/v1/nodes/${name}/proxy/${path}` });
  for (const path of ['api/v1/secrets', 'api/v1/nodes/n1/proxy/pods'])
    await expect(below(path)).rejects.toThrow('User "kube-apiserver-kubelet-client" cannot');
  await admin().of(nodes).delete({ name }, { cause });
  close();
});

test('the second start needs no token, and certificates can be renewed with the old ones', async () => {
  const kept = await readNode(`${dir}/n1`, platform);
  expect(kept).toMatchObject({ nodeName: 'n1', servers: [server.controlPlane.url], domain: 'cluster.local' });
  if (!kept) return;
  const node = await requestClient(kept, platform);
  const fresh = { node, serving: await requestServing({ ...kept, node }, platform) };
  expect(fresh.node.certificate).not.toBe(kept.node.certificate);
  expect(fresh.serving.certificate).not.toBe(kept.serving.certificate);
  const { fromMs, untilMs } = validity(fresh.node.certificate);
  const part = (chance: number) => (renewAtMs(fresh.node.certificate, chance) - fromMs) / (untilMs - fromMs);
  expect(part(0)).toBeCloseTo(0.7);
  expect(part(1)).toBeCloseTo(0.9);
  const late = { ...platform, clock: { ...platform.clock, now: () => untilMs + 1 } };
  await expect(readNode(`${dir}/n1`, late)).rejects.toThrow('off for too long');
});

test('a node that comes again with another address is found there, with a certificate for it', async () => {
  await agent?.stop();
  const kept = (await readNode(`${dir}/n1`, platform)) as JoinedNode;
  const moved = startedAgain(kept, { addresses: { address: '127.0.0.7' } });
  const running = await runNode(moved, { dataDir: `${dir}/n1`, runtime: 'simulated', platform });
  agent = running;
  await running.registered;
  const addresses = async () => (await admin().of(nodes).get({ name: 'n1' })).status?.addresses;
  await vi.waitFor(
    async () => expect(await addresses()).toContainEqual({ type: 'InternalIP', address: '127.0.0.7' }),
    15_000,
  );
  await vi.waitFor(async () => {
    const now = (await readNode(`${dir}/n1`, platform)) as JoinedNode;
    expect([now.address, isCertifiedAt(now.serving, '127.0.0.7')]).toEqual(['127.0.0.7', true]);
  }, 15_000);
  const { client, close } = await clientFromKubeconfig(platform, server.kubeconfigPath);
  const asked = { method: 'GET', path: '/api/v1/nodes/n1/proxy/pods' } as const;
  expect(await client.transport.request(asked)).toMatchObject({ kind: 'PodList' });
  close();
  await running.stop();
  agent = await runNode(kept, { dataDir: `${dir}/n1`, runtime: 'simulated', platform });
  await vi.waitFor(
    async () => expect(await addresses()).toContainEqual({ type: 'InternalIP', address: '127.0.0.2' }),
    15_000,
  );
}, 90_000);

test('a node that starts again believes what it is told now, and remembers the rest', () => {
  const kept = { address: '10.0.0.1', servers: ['https://a', 'https://b'], given: ['https://a'] };
  const again = (told: StartedWith) => startedAgain(kept as JoinedNode, told);
  expect(again({})).toEqual(kept);
  expect(again({ addresses: { address: '10.0.0.2' } })).toEqual({ ...kept, address: '10.0.0.2' });
  const both = { address: '10.0.0.2', secondAddress: 'fd00::2' };
  expect(again({ addresses: both })).toEqual({ ...kept, ...both });
  expect(startedAgain({ ...kept, ...both } as JoinedNode, {})).toEqual({ ...kept, ...both });
  const alone = { addresses: { address: 'fd00::2' } };
  expect(startedAgain({ ...kept, ...both } as JoinedNode, alone)).toEqual({ ...kept, address: 'fd00::2' });
  expect(again({ servers: ['https://c', 'https://b'] })).toEqual({
    address: '10.0.0.1',
    servers: ['https://a', 'https://b', 'https://c'],
    given: ['https://c', 'https://b'],
  });
});

const refusals: [what: string, change: () => Partial<JoinOptions>, message: string][] = [
  ['an unknown token', () => ({ token: { id: 'unknwn', secret: token.secret } }), 'know no token unknwn'],
  ['a wrong secret', () => ({ token: { id: token.id, secret: '0'.repeat(16) } }), 'not signed with token'],
  ['a wrong hash', () => ({ hashes: [`sha256:${'0'.repeat(64)}`] }), 'not the given one'],
  [
    'a name that is taken',
    () => ({ addresses: () => ({ address: '127.0.0.9' }) }),
    'has a node n1 already, at 127.0.0.2',
  ],
  ['nobody at home', () => ({ servers: ['https://127.0.0.1:1'] }), 'no API server answers'],
];

test.each(refusals)('refused with a hint: %s', async (_what, change, message) => {
  // The signature of an unknown token is not waited for.
  const clock = { ...platform.clock, monotonic: () => platform.clock.monotonic() * 1000 };
  await expect(join(options({ platform: { ...platform, clock }, ...change() }))).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining(message),
    hint: expect.stringMatching(/\w/),
  });
});

test('a server that cannot be reached is passed over, and the right hash is believed', async () => {
  const { certificate } = await new Pki(`${dir}/server/pki`, platform).authority();
  const hashes = [publicKeyHash(certificate)];
  const servers = ['https://127.0.0.1:1', server.controlPlane.url];
  const node = await join(
    options({ servers, hashes, nodeName: 'n2', addresses: () => ({ address: '127.0.0.3' }) }),
  );
  expect(node.authority).toBe(certificate);
});

test('a token without the use of authentication, and one in other groups, make no nodes', async () => {
  const make = async (change: object) => {
    const made = generateToken(systemRandom);
    await createToken(admin(), { ...draft, token: made, ...change });
    return join(options({ token: made, nodeName: 'n3', addresses: () => ({ address: '127.0.0.4' }) }));
  };
  await expect(make({ usages: ['signing'] })).rejects.toThrow('the servers refuse the token');
  await expect(make({ groups: ['system:bootstrappers:others'] })).rejects.toThrow(
    'may not make machines nodes',
  );
});

test('tokens are listed, deleted and then unknown', async () => {
  const made = generateToken(systemRandom);
  await createToken(admin(), { ...draft, token: made });
  await expect(createToken(admin(), { ...draft, token: made })).rejects.toThrow('is a token');
  expect((await listTokens(admin())).map((row) => row.token)).toContain(formatToken(made));
  expect(await joinCommand(admin(), made)).toMatch(
    new RegExp(
      `^k8ts agent --server ${server.controlPlane.url} --token ${formatToken(made)} .*sha256:[0-9a-f]{64}$`,
    ),
  );
  await deleteToken(admin(), made.id);
  await expect(deleteToken(admin(), made.id)).rejects.toThrow('there is no token');
  await expect(deleteToken(admin(), 'x')).rejects.toThrow('not the id');
});

test('strangers read cluster-info and nothing else', async () => {
  const { certificate: ca } = await new Pki(`${dir}/server/pki`, platform).authority();
  const transport = new HttpTransport({
    connect: connectHttps,
    servers: [server.controlPlane.url],
    tls: { ca },
    userAgent: 'test',
  });
  const stranger = new Client(transport).of(configmaps);
  const info = await stranger.get({ namespace: 'kube-public', name: 'cluster-info' });
  expect(Object.keys(info.data ?? {})).toContain(`jws-kubeconfig-${token.id}`);
  await expect(stranger.list({ namespace: 'kube-public' })).rejects.toMatchObject({ code: 403 });
  await expect(stranger.get({ namespace: 'kube-system', name: 'kubeadm-config' })).rejects.toMatchObject({
    code: 403,
  });
  transport.close();
});

test('what an administrator takes from nodes stays taken, and one data directory has one server', async () => {
  const name = 'kubeadm:node-autoapprove-bootstrap';
  expect(await admin().of(clusterrolebindings).get({ name })).toBeDefined();
  const second = { dataDir: `${dir}/server`, store: 'embedded', bindAddress: '127.0.0.1' } as const;
  await expect(
    startServer({ ...second, advertiseAddress: '127.0.0.1', names: [] }, { platform, pid: process.pid }),
  ).rejects.toThrow('already runs');
});

test('a further server is told why it cannot join: another token, or a store that nobody shares', async () => {
  const token = readFileSync(`${dir}/server/server-token`, 'utf8').trim();
  const find = (change: Partial<FindStoreOptions>) =>
    findStore({ servers: [server.controlPlane.url], token, dataDir: `${dir}/further`, platform, ...change });
  await expect(find({})).rejects.toThrow('no further server can share its store');
  // Nobody waits for a signature that never comes.
  let passedMs = 0;
  const clock = { ...platform.clock, monotonic: () => (passedMs += 20_000) };
  const other = { token: 'another-token', platform: { ...platform, clock } };
  await expect(find(other)).rejects.toThrow('does not know this server token');
  await expect(find({ servers: ['https://127.0.0.1:1'] })).rejects.toThrow('no API server answers');
});

test('the join token of further servers opens nothing but what they need', async () => {
  const joinToken = await serverJoinToken(readFileSync(`${dir}/server/server-token`, 'utf8').trim());
  expect(formatToken(joinToken)).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  await expect(join(options({ token: joinToken, nodeName: 'n9' }))).rejects.toThrow();
  const ca = (await readNode(`${dir}/n1`, platform))?.authority;
  const { client, close } = connect([server.controlPlane.url], {
    tls: { ca },
    token: formatToken(joinToken),
  });
  const secret = client.of(secrets);
  const found = await secret.get({ namespace: 'kube-system', name: 'k8ts-server-join' });
  expect(Buffer.from(found.data?.sealed ?? '', 'base64').toString()).not.toContain('servers');
  await expect(secret.list({ namespace: 'kube-system' })).rejects.toMatchObject({ code: 403 });
  close();
});

test('servers are read from the slices of the Service kubernetes', () => {
  const slice = {
    metadata: { name: 'kubernetes' },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.1'], conditions: { ready: true } },
      { addresses: ['10.0.0.2'], conditions: { ready: false } },
      { addresses: ['fd00::1'] },
    ],
    ports: [{ name: 'https', port: 6443 }],
  };
  const further = {
    ...slice,
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ name: 'https', port: 6444 }],
  };
  expect(serversIn([slice, further])).toEqual([
    'https://10.0.0.1:6443',
    'https://[fd00::1]:6443',
    'https://10.0.0.1:6444',
  ]);
  expect(serversIn([])).toEqual([]);
});
