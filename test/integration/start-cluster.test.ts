import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployments, nodes, pods } from '../../src/api/generated/resources.ts';
import { interestIn, type Plugin, startCluster, type TestCluster } from '../../src/cluster/testing.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
});
afterAll(() => cluster.stop());

const cause = { reason: 'a test' };

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('nodes are ready, and a Deployment becomes available on them', async () => {
  const { items } = await cluster.client.of(nodes).list();
  expect(items.map((n) => n.status?.conditions?.find((c) => c.type === 'Ready')?.status)).toEqual([
    'True',
    'True',
  ]);
  const labels = { app: 'web' };
  const probed = {
    startupProbe: { tcpSocket: { port: 80 } },
    readinessProbe: { httpGet: { path: '/', port: 80 } },
    livenessProbe: { grpc: { port: 80 } },
    lifecycle: { postStart: { httpGet: { port: 80 } } },
  };
  const spec = { containers: [{ name: 'web', image: 'web', ...probed }] };
  const template = { metadata: { labels }, spec };
  await cluster.client.of(deployments).create(
    {
      metadata: { name: 'web', namespace: 'default' },
      spec: { replicas: 4, selector: { matchLabels: labels }, template },
    },
    { cause },
  );
  const ref = { name: 'web', namespace: 'default' };
  await until(async () => (await cluster.client.of(deployments).get(ref)).status?.availableReplicas === 4);
  const running = await cluster.client.of(pods).list({ namespace: 'default' });
  expect(new Set(running.items.map((pod) => pod.spec.nodeName)).size).toBe(2);
  expect(running.items.every((pod) => pod.status?.podIP)).toBe(true);
});

test('two clusters live side by side, and one leaves nothing behind', async () => {
  const other = await startCluster();
  expect(other.url).not.toBe(cluster.url);
  expect(existsSync(other.kubeconfigPath)).toBe(true);
  await other.stop();
  expect(existsSync(dirname(other.kubeconfigPath))).toBe(false);
});

const refusal = { plugin: 'Second', reasons: ['node(s) are not the second'], unresolvable: true };
const second: Plugin = {
  name: 'Second',
  events: [interestIn(nodes, ['Add'])],
  sign: () => null,
  filter: (_, { name }) => (name === 'node-2' ? undefined : refusal),
};
const withSecond = { profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Second' }] } } }] };

test.each(['real', 'virtual'] as const)(
  'on a %s clock the scheduler takes plugins of a user',
  async (clock) => {
    const scheduler = { plugins: { Second: () => second }, configuration: withSecond };
    const own = clock === 'real' ? await startCluster({ nodes: 3, scheduler }) : await virtual({ scheduler });
    const all = own.client.of(pods);
    for (const name of ['a', 'b', 'c'])
      await all.create(
        { metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'c' }] } },
        { cause },
      );
    const placed = async () => (await all.list()).items.map(({ spec }) => spec?.nodeName);
    if ('settle' in own) await own.settle();
    else await until(async () => (await placed()).every(Boolean));
    expect(await placed()).toEqual(['node-2', 'node-2', 'node-2']);
    await own.stop();
  },
);

const virtual = (more: object) => startCluster({ clock: 'virtual', nodes: 3, ...more });

test('a scheduler that cannot be made is no cluster', async () => {
  const none =
    'the scheduler configuration cannot be used: default-scheduler: plugin "Second" does not exist';
  await expect(startCluster({ scheduler: { configuration: withSecond } })).rejects.toThrow(none);
  await expect(virtual({ scheduler: { configuration: withSecond } })).rejects.toThrow(none);
  const extenders = { extenders: [{ urlPrefix: 'http://127.0.0.1:1', filterVerb: 'filter' }] };
  await expect(virtual({ scheduler: { configuration: extenders } })).rejects.toThrow(
    'extenders: this scheduler has no way to reach them',
  );
});

test.each([
  [{ nodes: -1 }, 'nodes: -1 is no whole number from 0 to 5000'],
  [{ nodes: 1.5 }, 'nodes: 1.5 is no whole number from 0 to 5000'],
  [{ nodes: Number.NaN }, 'nodes: NaN is no whole number from 0 to 5000'],
  [{ nodes: '3' }, 'nodes: "3" is no whole number from 0 to 5000'],
  [{ clock: 'virtual', nodes: 5001 }, 'nodes: 5001 is no whole number from 0 to 5000'],
  [{ clock: 'Virtual' }, 'clock: "Virtual" is neither "real" nor "virtual"'],
  [
    { seed: 1 },
    'seed: there is no such option on a real clock; there are clock, nodes, serviceClusterIpRange, clusterCidr, scheduler, onLog',
  ],
  [{ serviceClusterIpRange: '10.0.0.0' }, 'service-cluster-ip-range[0] is not a valid cidr'],
  [{ clock: 'virtual', seed: 'x' }, 'seed: "x" is no whole number'],
  [{ clock: 'virtual', heartbeat: 'often' }, /^"often" is no span of time/],
  [{ clock: 'virtual', heartbeat: -1 }, /^-1 is no span of time/],
  [{ clock: 'virtual', heartbeat: Number.NaN }, /^NaN is no span of time/],
  [{ clock: 'virtual', faults: { conflicts: 5 } }, 'faults: conflicts: 5 is no share from 0 to 1'],
  [{ clock: 'virtual', faults: { crash: 0.1 } }, /^faults: there is no crash; there are requestDelayMs, /],
  [
    { clock: 'virtual', faults: { eventDelayMs: '2s' } },
    'faults: eventDelayMs: "2s" is no number of milliseconds',
  ],
  [
    { clock: 'virtual', controllers: { replicaset: () => undefined } },
    /^controllers: there is no replicaset; there are .*replicaset-controller/,
  ],
])('options that mean nothing are refused: %j', async (options, why) => {
  await expect(startCluster(options as object)).rejects.toThrow(why);
});
