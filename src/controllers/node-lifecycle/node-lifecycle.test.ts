import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Node, Taint } from '../../api/core/v1.ts';
import { leases, nodes, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { staySeconds } from '../taint-eviction/plan.ts';
import { createTaintEvictionController } from '../taint-eviction/taint-eviction.ts';
import { addNode, heartbeat, readyNode, TestCluster, TestNodes } from '../testing.ts';
import { createNodeLifecycleController } from './node-lifecycle.ts';
import { scheduleTaints } from './taints.ts';
import { zoneOf } from '../../machinery/node-zone.ts';
import { defaultZoneOptions, zoneRates } from './zones.ts';

const keysOf = (taints: Taint[] | undefined) => taints?.map(({ key, effect }) => `${key}:${effect}`);

function nodeWith(conditions: Record<string, string>, spec: Node['spec'] = {}, labels = {}): Node {
  const list = Object.entries(conditions).map(([type, status]) => ({ type, status }));
  return { metadata: { name: 'n', labels }, spec, status: { conditions: list } };
}

describe('taints by condition', () => {
  test('each trouble has its own', () => {
    const unwell = nodeWith({
      Ready: 'False',
      MemoryPressure: 'True',
      DiskPressure: 'True',
      PIDPressure: 'True',
    });
    expect(keysOf(scheduleTaints(unwell, 0))).toEqual([
      'node.kubernetes.io/memory-pressure:NoSchedule',
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/pid-pressure:NoSchedule',
      'node.kubernetes.io/not-ready:NoSchedule',
    ]);
    expect(keysOf(scheduleTaints(nodeWith({ Ready: 'True' }, { unschedulable: true }), 0))).toEqual([
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
    expect(keysOf(scheduleTaints(nodeWith({ Ready: 'Unknown', NetworkUnavailable: 'True' }), 0))).toEqual([
      'node.kubernetes.io/network-unavailable:NoSchedule',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
  });

  test('a healthy node loses ours and keeps those of others', () => {
    const mine = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    const theirs = { key: 'example.com/gpu', effect: 'NoSchedule', value: 'yes' };
    const node = nodeWith({ Ready: 'True' }, { taints: [mine, theirs] });
    expect(scheduleTaints(node, 0)).toEqual([theirs]);
    expect(scheduleTaints(nodeWith({ Ready: 'True' }, { taints: [theirs] }), 0)).toBeUndefined();
  });
});

describe('rates by zone', () => {
  const zone = (name: string, ready: number, unready: number) => [
    ...Array.from({ length: ready }, () =>
      nodeWith({ Ready: 'True' }, {}, { 'topology.kubernetes.io/zone': name }),
    ),
    ...Array.from({ length: unready }, () =>
      nodeWith({ Ready: 'Unknown' }, {}, { 'topology.kubernetes.io/zone': name }),
    ),
  ];

  test('normal, partly and wholly disrupted', () => {
    const { rates } = zoneRates(
      [...zone('a', 3, 1), ...zone('b', 1, 3), ...zone('c', 20, 40), ...zone('d', 0, 2)],
      defaultZoneOptions,
    );
    expect(Object.fromEntries(rates)).toEqual({ ':a': 0.1, ':b': 0, ':c': 0.01, ':d': 0.1 });
  });

  test('nodes that are excluded say nothing of their zone', () => {
    const excluded = { 'topology.kubernetes.io/zone': 'a', 'node.kubernetes.io/exclude-disruption': '' };
    const nodes = [...zone('a', 1, 0), ...zone('b', 0, 1), nodeWith({ Ready: 'Unknown' }, {}, excluded)];
    expect(zoneRates(nodes, defaultZoneOptions).allDisrupted).toBe(false);
    const alone = [nodeWith({ Ready: 'True' }, {}, { ...excluded, 'topology.kubernetes.io/zone': 'c' })];
    expect(zoneRates([...zone('b', 0, 1), ...alone], defaultZoneOptions).allDisrupted).toBe(true);
  });

  test('labels of the old names count more', () => {
    const labels = {
      'topology.kubernetes.io/region': 'r',
      'topology.kubernetes.io/zone': 'new',
      'failure-domain.beta.kubernetes.io/zone': 'old',
    };
    expect(zoneOf(nodeWith({}, {}, labels))).toBe('r:old');
  });

  test('where nothing is well anywhere, nothing is sent away', () => {
    expect(zoneRates([...zone('a', 0, 3), ...zone('b', 0, 1)], defaultZoneOptions)).toMatchObject({
      allDisrupted: true,
      rates: new Map([
        [':a', 0],
        [':b', 0],
      ]),
    });
  });
});

test('how long a pod may stay beside a taint', () => {
  const taint = { key: 'a', effect: 'NoExecute' };
  const forever = { key: 'a', operator: 'Exists' };
  expect(staySeconds([], [])).toBeUndefined();
  expect(staySeconds([taint], [])).toBe(0);
  expect(staySeconds([taint], [forever])).toBeUndefined();
  expect(staySeconds([taint], [forever, { ...forever, tolerationSeconds: 30 }])).toBe(30);
  expect(staySeconds([taint], [{ ...forever, tolerationSeconds: -1 }])).toBe(0);
  expect(staySeconds([taint, { key: 'b', effect: 'NoExecute' }], [forever])).toBe(0);
  expect(staySeconds([taint], [{ operator: 'Exists' }])).toBeUndefined();
  expect(staySeconds([taint], [{ key: 'a', effect: 'NoSchedule', operator: 'Exists' }])).toBe(0);
});

describe('nodes', () => {
  let cluster: TestCluster;
  const alive = new Set<string>();

  const beat = async (spanMs: number) => {
    for (let leftMs = spanMs; leftMs > 0; leftMs -= 10_000) {
      for (const name of alive) await renew(name);
      await cluster.pass(Math.min(10_000, leftMs));
    }
  };
  const renew = async (name: string) => {
    const lease = heartbeat(name, cluster.clock.now());
    const found = await cluster.find(leases, name, 'kube-node-lease');
    if (!found) await cluster.create(leases, lease);
    else
      await cluster.patch(
        leases,
        name,
        { spec: (lease as typeof found).spec },
        { namespace: 'kube-node-lease' },
      );
  };
  const conditionsOf = (node: Stored<Node>) =>
    Object.fromEntries((node.status?.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}`]));

  beforeEach(async () => {
    cluster = await TestCluster.start();
    void new TestNodes(cluster);
    alive.clear();
    for (const name of ['node-1', 'node-2']) {
      await addNode(cluster, readyNode(name, cluster.clock.now()));
      alive.add(name);
    }
    const context = cluster.context('node-controller');
    await cluster.run(createNodeLifecycleController(context), createTaintEvictionController(context));
    const spec = { containers: [{ name: 'c', image: 'web:1' }] };
    await cluster.create(pods, { metadata: { name: 'web' }, spec });
    await cluster.settle();
  });
  afterEach(() => cluster.stop());

  test('a node that renews its lease stays well', async () => {
    await beat(120_000);
    const node = await cluster.get(nodes, 'node-1');
    expect(conditionsOf(node).Ready).toBe('True KubeletReady');
    expect(node.spec?.taints).toBeUndefined();
  });

  test('a silent node turns Unknown, its pods unready, and they go when their time is up', async () => {
    await beat(20_000);
    alive.delete('node-1');
    await beat(40_000);
    expect(conditionsOf(await cluster.get(nodes, 'node-1')).Ready).toBe('True KubeletReady');
    await beat(20_000);
    const node = await cluster.get(nodes, 'node-1');
    expect(conditionsOf(node)).toEqual({
      Ready: 'Unknown NodeStatusUnknown',
      MemoryPressure: 'Unknown NodeStatusUnknown',
      DiskPressure: 'Unknown NodeStatusUnknown',
      PIDPressure: 'Unknown NodeStatusUnknown',
    });
    expect(keysOf(node.spec?.taints)).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    const pod = await cluster.get(pods, 'web');
    expect(pod.status?.conditions?.find((c) => c.type === 'Ready')?.status).toBe('False');
    expect(await cluster.events('NodeNotReady')).toEqual(
      expect.arrayContaining([
        'NodeNotReady Node is not ready',
        'NodeNotReady Node node-1 status is now: NodeNotReady',
      ]),
    );
    await beat(280_000);
    expect(await cluster.find(pods, 'web')).toBeDefined();
    await beat(30_000);
    expect(await cluster.find(pods, 'web')).toBeUndefined();
    expect(await cluster.events('TaintManagerEviction')).toEqual([
      'TaintManagerEviction Marking for deletion Pod default/web',
    ]);
    const { length } = await cluster.list(nodes);
    expect(seriesOf(cluster.meter)).toMatchObject({
      'node_collector_evictions_total{zone=""}': 1,
      'node_collector_zone_size{zone=""}': length,
      'node_collector_unhealthy_nodes_in_zone{zone=""}': 1,
      'node_collector_zone_health{zone=""}': (100 * (length - 1)) / length,
      taint_eviction_controller_pod_deletions_total: 1,
      taint_eviction_controller_pod_deletion_duration_seconds_count: 1,
    });
  });

  test('a kubelet that nobody hears of, and that says all the same that its pods are ready, is not argued with', async () => {
    await beat(20_000);
    alive.delete('node-1');
    await beat(60_000);
    const isReady = async () =>
      (await cluster.get(pods, 'web')).status?.conditions?.find((c) => c.type === 'Ready')?.status;
    expect(await isReady()).toBe('False');
    const ready = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    await cluster.client.of(pods).patch({ name: 'web', namespace: 'default' }, ready, {
      type: 'application/strategic-merge-patch+json',
      subresource: 'status',
      cause: { reason: 'its kubelet' },
    });
    await beat(20_000);
    expect(await isReady()).toBe('True');
  });

  test('a node that comes back in time keeps its pods', async () => {
    await beat(20_000);
    alive.delete('node-1');
    await beat(80_000);
    expect(keysOf((await cluster.get(nodes, 'node-1')).spec?.taints)).toHaveLength(2);
    alive.add('node-1');
    await cluster.client
      .of(nodes)
      .patch(
        { name: 'node-1' },
        { status: readyNode('node-1', cluster.clock.now()).status },
        { type: 'application/merge-patch+json', subresource: 'status', cause: { reason: 'kubelet' } },
      );
    await cluster.settle();
    expect((await cluster.get(nodes, 'node-1')).spec?.taints).toBeUndefined();
    await beat(400_000);
    expect(await cluster.find(pods, 'web')).toBeDefined();
    expect(await cluster.events('TaintManagerEviction')).toEqual([
      'TaintManagerEviction Cancelling deletion of Pod default/web',
    ]);
  });

  test('where all nodes fall silent no pods are sent away', async () => {
    await beat(20_000);
    alive.clear();
    await cluster.pass(600_000);
    const node = await cluster.get(nodes, 'node-1');
    expect(keysOf(node.spec?.taints)).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    expect(await cluster.find(pods, 'web')).toBeDefined();
  });

  test('a cordoned node takes no pods, and a NoExecute taint sends them away at once', async () => {
    await cluster.patch(nodes, 'node-1', { spec: { unschedulable: true } });
    expect(keysOf((await cluster.get(nodes, 'node-1')).spec?.taints)).toEqual([
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
    await cluster.patch(nodes, 'node-1', { spec: { unschedulable: null } });
    expect((await cluster.get(nodes, 'node-1')).spec?.taints).toBeUndefined();
    const taints = [{ key: 'maintenance', effect: 'NoExecute' }];
    await cluster.patch(nodes, 'node-1', { spec: { taints } });
    expect(await cluster.find(pods, 'web')).toBeUndefined();
  });

  test('a node that was not ready before it fell silent is told of no more', async () => {
    const conditions = [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: '' }];
    await cluster.patch(nodes, 'node-1', { status: { conditions } }, { subresource: 'status' });
    alive.delete('node-1');
    await beat(60_000);
    expect(conditionsOf(await cluster.get(nodes, 'node-1')).Ready).toBe('Unknown NodeStatusUnknown');
    expect((await cluster.events('NodeNotReady')).filter((text) => text.includes('status is now'))).toEqual(
      [],
    );
  });

  test('what a pod does not tolerate at all takes the place of what it was given time for', async () => {
    const [timed, other] = ['timed', 'other'].map((key) => ({ key, effect: 'NoExecute' }));
    const tolerations = [{ ...timed, operator: 'Exists', tolerationSeconds: 300 }];
    const containers = [{ name: 'c', image: 'web:1' }];
    const spec = { containers, tolerations, nodeName: 'node-1' };
    await cluster.create(pods, { metadata: { name: 'timed' }, spec });
    await cluster.patch(nodes, 'node-1', { spec: { taints: [timed] } });
    await cluster.pass(1_000);
    expect(await cluster.find(pods, 'timed')).toBeDefined();
    await cluster.patch(nodes, 'node-1', { spec: { taints: [timed, other] } });
    expect(await cluster.find(pods, 'timed')).toBeUndefined();
    const told = await cluster.events('TaintManagerEviction');
    expect(told.filter((text) => text.endsWith('default/timed')).sort()).toEqual([
      'TaintManagerEviction Cancelling deletion of Pod default/timed',
      'TaintManagerEviction Marking for deletion Pod default/timed',
    ]);
  });

  test('a pod that somebody else deletes before its time is not waited for any more', async () => {
    const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }];
    await cluster.patch(nodes, 'node-1', { spec: { taints } });
    await cluster.delete(pods, 'web');
    await cluster.settle();
    expect(await cluster.find(pods, 'web')).toBeUndefined();
    expect(await cluster.events('TaintManagerEviction')).toEqual([
      'TaintManagerEviction Cancelling deletion of Pod default/web',
    ]);
  });

  test('labels of older names follow those of today', async () => {
    const labels = {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'arm64',
      'beta.kubernetes.io/arch': 'x',
    };
    await cluster.patch(nodes, 'node-1', { metadata: { labels } });
    expect((await cluster.get(nodes, 'node-1')).metadata.labels).toMatchObject({
      'beta.kubernetes.io/os': 'linux',
      'beta.kubernetes.io/arch': 'arm64',
    });
    await cluster.patch(nodes, 'node-2', { metadata: { labels: { 'beta.kubernetes.io/os': 'windows' } } });
    expect((await cluster.get(nodes, 'node-2')).metadata.labels).toMatchObject({
      'beta.kubernetes.io/os': 'windows',
    });
  });

  test('a node that never said anything is given up after a while', async () => {
    await cluster.create(nodes, { metadata: { name: 'mute' } });
    await beat(80_000);
    expect(conditionsOf(await cluster.get(nodes, 'mute')).Ready).toBe('Unknown NodeStatusNeverUpdated');
  });
});
