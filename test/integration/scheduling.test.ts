import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/core/v1.ts';
import {
  deviceclasses,
  events,
  limitranges,
  namespaces,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  poddisruptionbudgets,
  pods,
  priorityclasses,
  replicasets,
  resourceclaims,
  resourceslices,
  services,
  storageclasses,
} from '../../src/api/generated/resources.ts';
import type { Stored } from '../../src/api/resource.ts';
import { Client } from '../../src/client/client.ts';
import { Informers } from '../../src/client/informers.ts';
import { EventSeriesRecorder } from '../../src/client/series-recorder.ts';
import { createResourceClaimController } from '../../src/controllers/resourceclaim/resourceclaim.ts';
import { createReplicaSetController } from '../../src/controllers/replicaset/replicaset.ts';
import { addNode, readyNode, TestCluster } from '../../src/controllers/testing.ts';
import { silentLog } from '../../src/platform/log.ts';
import { seededRandom } from '../../src/platform/random.ts';
import { parseConfiguration } from '../../src/scheduler/configuration/configuration.ts';
import type { PluginFactory } from '../../src/scheduler/framework/framework.ts';
import { seriesOf } from '../../src/platform/metrics/testing.ts';
import { createScheduler, type SchedulerOptions } from '../../src/scheduler/scheduler.ts';

let cluster: TestCluster;
let stopInformers: AbortController;
const cause = { reason: 'a test says so' };

function clientOfScheduler(): Client {
  const user = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };
  return new Client(cluster.server.transportFor(user));
}

/** The scheduler as itself: it may do what its roles say, and starts only once it has read all that plugins ask for. */
async function runScheduler(more: Partial<SchedulerOptions> = {}): Promise<void> {
  const client = clientOfScheduler();
  const base = { client, clock: cluster.clock, random: seededRandom(3), log: silentLog };
  const informers = new Informers(base);
  informers.start(stopInformers.signal);
  const recorder = new EventSeriesRecorder({ ...base, reporter: 'default-scheduler', host: 'h' });
  await cluster.run(createScheduler({ ...base, informers, events: recorder, meter: cluster.meter, ...more }));
}

/** Pods that have a node run; pods that are deleted go, unless `lets` says otherwise. */
function playKubelets(): void {
  const api = cluster.client.of(pods);
  const act = async (pod: Stored<Pod>) => {
    if (pod.metadata.deletionTimestamp) return api.delete(pod.metadata, { cause, gracePeriodSeconds: 0 });
    if (!pod.spec.nodeName || pod.status?.phase !== 'Pending') return;
    const startTime = new Date(cluster.clock.now()).toISOString().replace(/\.\d+/, '');
    const status = { phase: 'Running', startTime, conditions: [{ type: 'Ready', status: 'True' }] };
    const type = 'application/strategic-merge-patch+json';
    await api.patch(pod.metadata, { status }, { type, cause, subresource: 'status' });
  };
  const handle = (pod: Stored<Pod>) => void act(pod).catch(() => {});
  cluster.informers.of(pods).onChange({ added: handle, updated: handle });
}

interface NodeOptions {
  cpu?: string;
  labels?: Record<string, string>;
  extended?: Record<string, string>;
}

async function node(
  name: string,
  { cpu = '2', labels = {}, extended = {} }: NodeOptions = {},
): Promise<void> {
  const hostname = { 'kubernetes.io/hostname': name };
  const ready = readyNode(name, cluster.clock.now(), { labels: { ...hostname, ...labels } });
  const amounts = { cpu, memory: '4Gi', pods: '20', ...extended };
  await addNode(cluster, { ...ready, status: { ...ready.status, capacity: amounts, allocatable: amounts } });
}

interface PodOptions {
  requests?: Record<string, string>;
  labels?: Record<string, string>;
  spec?: Partial<Pod['spec']>;
  metadata?: Partial<Pod['metadata']>;
}

function podObject(name: string, { requests, labels, spec, metadata }: PodOptions = {}) {
  const limits = Object.fromEntries(Object.entries(requests ?? {}).filter(([key]) => key.includes('/')));
  const container = { name: 'c', image: 'i', resources: { requests, limits } };
  return {
    metadata: { name, labels, ...metadata },
    spec: { containers: [container], terminationGracePeriodSeconds: 0, ...spec },
  };
}

async function pod(name: string, options: PodOptions = {}): Promise<void> {
  await cluster.create(pods, podObject(name, options));
  await cluster.settle();
}

const placeOf = async (name: string) => (await cluster.find(pods, name))?.spec.nodeName;

async function conditionOf(name: string, type = 'PodScheduled') {
  return (await cluster.get(pods, name)).status?.conditions?.find((c) => c.type === type);
}

async function priority(name: string, value: number, more: object = {}): Promise<void> {
  await cluster.create(priorityclasses, { metadata: { name }, value, ...more });
}

beforeEach(async () => {
  cluster = await TestCluster.start();
  stopInformers = new AbortController();
});

afterEach(async () => {
  stopInformers.abort();
  await cluster.stop();
});

describe('predicates', () => {
  beforeEach(() => runScheduler());

  test('a pod that asks for more than is left stays unscheduled, and says why', async () => {
    await node('a');
    await node('b');
    await pod('fits', { requests: { cpu: '1500m' } });
    await pod('large', { requests: { cpu: '2500m' } });
    await pod('medium', { requests: { cpu: '2' } });
    await pod('late', { requests: { cpu: '1' } });
    expect(await placeOf('fits')).toMatch(/^[ab]$/);
    expect(await placeOf('medium')).toMatch(/^[ab]$/);
    expect(await conditionOf('large')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message:
        '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, ' +
        'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    });
    expect((await conditionOf('late'))?.message).toBe(
      '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, ' +
        'preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    );
    expect(await cluster.events('FailedScheduling')).toContainEqual(
      expect.stringContaining('FailedScheduling 0/2 nodes are available: 2 Insufficient cpu.'),
    );
    expect(await cluster.events('Scheduled')).toContainEqual(
      expect.stringMatching(/^Scheduled Successfully assigned default\/fits to [ab]$/),
    );
  });

  test('a pod that is going is not placed when its turn comes, and that is told', async () => {
    await node('a');
    const metadata = { finalizers: ['example.com/held'] };
    await pod('going', { requests: { cpu: '3' }, metadata });
    await cluster.delete(pods, 'going');
    await cluster.settle();
    await cluster.pass(2000);
    const told = async () =>
      (await cluster.events('FailedScheduling')).filter((text) => text.includes('skip'));
    expect(await told()).toEqual([]);
    await node('large', { cpu: '4' });
    await cluster.pass(20_000);
    expect(await told()).toEqual(['FailedScheduling skip schedule deleting pod: default/going']);
    expect(await placeOf('going')).toBeUndefined();
    await cluster.patch(pods, 'going', { metadata: { finalizers: [] } });
    expect(await cluster.names(pods)).toEqual([]);
  });

  test('a pod that a node comes free for is placed', async () => {
    playKubelets();
    await node('a');
    await pod('first', { requests: { cpu: '2' } });
    await pod('second', { requests: { cpu: '2' } });
    expect(await placeOf('second')).toBeUndefined();
    await cluster.delete(pods, 'first', { gracePeriodSeconds: 0 });
    await cluster.pass(2000);
    expect(await placeOf('second')).toBe('a');
  });

  test('a pod that asks for less amid its life gives room once its node has taken it back', async () => {
    await node('a', { labels: { 'kubernetes.io/os': 'linux' } });
    await pod('resized', { requests: { cpu: '2' } });
    const tell = (cpu: string) =>
      cluster.patch(
        pods,
        'resized',
        {
          status: {
            containerStatuses: [{ name: 'c', allocatedResources: { cpu }, resources: { requests: { cpu } } }],
          },
        },
        { subresource: 'status' },
      );
    await tell('2');
    const { containers } = (await cluster.get(pods, 'resized')).spec;
    const less = containers.map((c) => ({ ...c, resources: { requests: { cpu: '1' } } }));
    await cluster.patch(pods, 'resized', { spec: { containers: less } }, { subresource: 'resize' });
    await pod('waits', { requests: { cpu: '1' } });
    await cluster.pass(2000);
    expect(await placeOf('waits')).toBeUndefined();
    await tell('1');
    await cluster.pass(2000);
    expect(await placeOf('waits')).toBe('a');
  });

  test('a node selector finds its node, or none', async () => {
    await node('a');
    await node('b', { labels: { disk: 'ssd' } });
    await pod('right', { spec: { nodeSelector: { disk: 'ssd' } } });
    await pod('none', { spec: { nodeSelector: { disk: 'tape' } } });
    expect(await placeOf('right')).toBe('b');
    expect((await cluster.get(pods, 'none')).status?.phase).toBe('Pending');
    await cluster.patch(nodes, 'a', { metadata: { labels: { disk: 'tape' } } });
    await cluster.pass(2000);
    expect(await placeOf('none')).toBe('a');
  });

  test('the same host port never meets itself on a node', async () => {
    await node('a');
    await node('b');
    const port = (hostIP: string, protocol = 'TCP') => ({
      spec: {
        containers: [
          { name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 8080, hostIP, protocol }] },
        ],
      },
    });
    await pod('all', port('0.0.0.0'));
    await pod('one', port('10.0.0.1'));
    await pod('udp', port('0.0.0.0', 'UDP'));
    await pod('third', port('0.0.0.0'));
    expect(new Set([await placeOf('all'), await placeOf('one')])).toEqual(new Set(['a', 'b']));
    expect(await placeOf('udp')).toBeDefined();
    expect((await conditionOf('third'))?.message).toContain(
      "2 node(s) didn't have free ports for the requested pod ports",
    );
  });

  test('gates hold a pod back, and nothing else is said about it', async () => {
    await node('a');
    await pod('gated', { spec: { schedulingGates: [{ name: 'example.com/later' }] } });
    expect(await placeOf('gated')).toBeUndefined();
    expect(await conditionOf('gated')).toMatchObject({ reason: 'SchedulingGated' });
    expect(await cluster.events('FailedScheduling')).toEqual([]);
    await cluster.patch(pods, 'gated', { spec: { schedulingGates: [] } });
    expect(await placeOf('gated')).toBe('a');
  });

  test('pods keep apart, and spread', async () => {
    for (const name of ['a', 'b']) await node(name, { labels: { zone: 'z1' } });
    await node('c', { labels: { zone: 'z2' } });
    const labelSelector = { matchLabels: { app: 'x' } };
    const apart = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector }],
      },
    };
    for (const name of ['one', 'two', 'three'])
      await pod(name, { labels: { app: 'x' }, spec: { affinity: apart } });
    expect(new Set([await placeOf('one'), await placeOf('two')]).has('c')).toBe(true);
    expect((await conditionOf('three'))?.message).toContain("3 node(s) didn't match pod anti-affinity rules");
    const spread = {
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'y' } },
    };
    for (let i = 0; i < 6; i++)
      await pod(`y${i}`, { labels: { app: 'y' }, spec: { topologySpreadConstraints: [spread] } });
    const places = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => placeOf(`y${i}`)));
    expect(places.sort()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  test('the pods of a service spread over zones by themselves', async () => {
    const zone = 'topology.kubernetes.io/zone';
    for (const name of ['a', 'b', 'c', 'd'])
      await node(name, { labels: { [zone]: name < 'c' ? 'z1' : 'z2' }, cpu: '100' });
    await cluster.create(services, {
      metadata: { name: 's' },
      spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
    });
    await cluster.settle();
    for (let i = 0; i < 4; i++) await pod(`p${i}`, { labels: { app: 'x' } });
    const places = await Promise.all([0, 1, 2, 3].map((i) => placeOf(`p${i}`)));
    expect(places.sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('preemption', () => {
  /** Each deletion by the scheduler takes this much longer than the one before. */
  let slownessMs = 0;
  /** So many deletions by the scheduler fail. */
  let failures = 0;

  beforeEach(async () => {
    slownessMs = 0;
    failures = 0;
    const { transport } = clientOfScheduler();
    let deletions = 0;
    const client = new Client({
      request: async (request) => {
        if (request.method === 'DELETE') await cluster.clock.sleep(slownessMs * deletions++);
        if (request.method === 'DELETE' && failures-- > 0) throw new Error('no');
        return transport.request(request);
      },
      watch: (request, sink) => transport.watch(request, sink),
    });
    await runScheduler({ client });
    playKubelets();
    await priority('low', 1);
    await priority('mid', 100);
    await priority('high', 1000);
  });

  test('a pod that matters more takes the place of one that matters less', async () => {
    await node('a');
    await node('b');
    await pod('low', { requests: { cpu: '1500m' }, spec: { priorityClassName: 'low' } });
    await pod('mid', { requests: { cpu: '1500m' }, spec: { priorityClassName: 'mid' } });
    const was = await placeOf('low');
    await pod('high', { requests: { cpu: '1500m' }, spec: { priorityClassName: 'high' } });
    await cluster.pass(2000);
    expect(await placeOf('high')).toBe(was);
    const told = (await cluster.list(events)).find(({ reason }) => reason === 'Preempted');
    expect(told).toMatchObject({
      action: 'Preempting',
      involvedObject: { kind: 'Pod', name: 'low' },
      related: { kind: 'Pod', name: 'high' },
      reportingComponent: 'default-scheduler',
      reportingInstance: 'default-scheduler-h',
    });
    expect(told).not.toHaveProperty('count');
    expect(await cluster.find(pods, 'low')).toBeUndefined();
    expect(await placeOf('mid')).toBeDefined();
    const { uid } = (await cluster.get(pods, 'high')).metadata;
    expect(await cluster.events('Preempted')).toEqual([`Preempted Preempted by pod ${uid} on node ${was}`]);
    expect((await cluster.get(pods, 'high')).status?.nominatedNodeName).toBeUndefined();
  });

  test.each(['ab', 'ba'])(
    'of those that matter alike, the one goes that was started last (%s)',
    async (order) => {
      for (const name of ['a', 'b']) await node(name);
      for (const name of order) {
        const nodeSelector = { 'kubernetes.io/hostname': name };
        await pod(`on-${name}`, {
          requests: { cpu: '2' },
          spec: { priorityClassName: 'low', nodeSelector },
        });
        await cluster.pass(5000);
      }
      await pod('high', { requests: { cpu: '2' }, spec: { priorityClassName: 'high' } });
      await cluster.pass(2000);
      expect(await placeOf('high')).toBe(order[1]);
    },
  );

  test('a pod that several make room for is tried again once they have gone, not after each', async () => {
    slownessMs = 100;
    await node('a', { cpu: '3' });
    for (const name of ['one', 'two', 'three'])
      await pod(name, { requests: { cpu: '1' }, spec: { priorityClassName: 'low' } });
    await pod('high', { requests: { cpu: '3' }, spec: { priorityClassName: 'high' } });
    await cluster.pass(2000);
    expect(await placeOf('high')).toBe('a');
    expect(await cluster.names(pods)).toEqual(['high']);
    const told = (await cluster.list(events)).filter(({ reason }) => reason === 'FailedScheduling');
    expect(told.map(({ series }) => series?.count)).toEqual([undefined]);
  });

  test('a pod that several make room for is held back until the last of them goes too', async () => {
    slownessMs = 2000;
    await node('a');
    const metadata = { finalizers: ['example.com/held'] };
    await pod('one', { requests: { cpu: '1' }, metadata, spec: { priorityClassName: 'mid' } });
    await pod('two', { requests: { cpu: '1' }, spec: { priorityClassName: 'low' } });
    await pod('high', { requests: { cpu: '2' }, spec: { priorityClassName: 'high' } });
    await cluster.pass(1000);
    await cluster.patch(pods, 'one', { metadata: { finalizers: [] } });
    await cluster.pass(500);
    expect(await cluster.names(pods)).toEqual(['high', 'two']);
    expect(await cluster.events('Preempted')).toHaveLength(1);
    await cluster.pass(2000);
    expect(await placeOf('high')).toBe('a');
    expect(await cluster.events('Preempted')).toHaveLength(2);
  });

  test('where a victim cannot be evicted, the last is spared, and all is tried again', async () => {
    failures = 1;
    await node('a');
    for (const name of ['one', 'two'])
      await pod(name, { requests: { cpu: '1' }, spec: { priorityClassName: 'low' } });
    await pod('high', { requests: { cpu: '2' }, spec: { priorityClassName: 'high' } });
    expect(failures).toBeLessThan(1);
    await cluster.pass(2000);
    expect(await placeOf('high')).toBe('a');
    expect(await cluster.events('Preempted')).toHaveLength(2);
    const told = (await cluster.list(events)).filter(({ reason }) => reason === 'FailedScheduling');
    expect(told).toHaveLength(2);
  });

  test('a victim that goes already is left alone, and its node is kept', async () => {
    await node('a');
    const metadata = { finalizers: ['example.com/held'] };
    await pod('leaving', { requests: { cpu: '2' }, metadata, spec: { priorityClassName: 'low' } });
    await cluster.delete(pods, 'leaving');
    await cluster.settle();
    await pod('high', { requests: { cpu: '2' }, spec: { priorityClassName: 'high' } });
    await cluster.pass(1000);
    expect((await cluster.get(pods, 'high')).status?.nominatedNodeName).toBe('a');
    expect(await conditionOf('leaving', 'DisruptionTarget')).toBeUndefined();
    expect(await cluster.events('Preempted')).toEqual([]);
    await cluster.patch(pods, 'leaving', { metadata: { finalizers: [] } });
    await cluster.pass(11_000);
    expect(await placeOf('high')).toBe('a');
  });

  test('a critical pod does the same', async () => {
    await node('a');
    await pod('low', { requests: { cpu: '2' }, spec: { priorityClassName: 'low' } });
    await cluster.create(pods, {
      ...podObject('critical', {
        requests: { cpu: '2' },
        spec: { priorityClassName: 'system-cluster-critical' },
      }),
    });
    await cluster.pass(2000);
    expect(await placeOf('critical')).toBe('a');
  });

  test('the victim shows why it goes, and the node is kept for as long as it takes', async () => {
    await node('a', { extended: { 'example.com/thing': '1' } });
    const thing = { 'example.com/thing': '1' };
    const metadata = { finalizers: ['example.com/held'] };
    await pod('victim', { requests: thing, metadata, spec: { priorityClassName: 'low' } });
    await pod('high', { requests: thing, spec: { priorityClassName: 'high' } });
    await cluster.pass(1000);
    const victim = await cluster.get(pods, 'victim');
    expect(victim.metadata.deletionTimestamp).toBeDefined();
    expect(await conditionOf('victim', 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
      observedGeneration: 1,
    });
    expect((await cluster.get(pods, 'high')).status?.nominatedNodeName).toBe('a');
    expect(await placeOf('high')).toBeUndefined();
    await cluster.patch(pods, 'victim', { metadata: { finalizers: [] } });
    await cluster.pass(11_000);
    expect(await placeOf('high')).toBe('a');
  });

  test('no more go than must, and those first whose budgets allow it', async () => {
    await node('a', { cpu: '4' });
    for (const name of ['guarded', 'free', 'small'])
      await pod(name, {
        requests: { cpu: name === 'small' ? '500m' : '1500m' },
        labels: { app: name },
        spec: { priorityClassName: 'low' },
      });
    await cluster.create(poddisruptionbudgets, {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    });
    await cluster.settle();
    await pod('high', { requests: { cpu: '1500m' }, spec: { priorityClassName: 'high' } });
    await cluster.pass(2000);
    expect(await placeOf('high')).toBe('a');
    expect((await cluster.names(pods)).sort()).toEqual(['guarded', 'high', 'small']);
  });

  test('a pod whose policy is Never waits', async () => {
    await node('a');
    await pod('low', { requests: { cpu: '2' }, spec: { priorityClassName: 'low' } });
    await priority('polite', 5000, { preemptionPolicy: 'Never' });
    await pod('polite', { requests: { cpu: '2' }, spec: { priorityClassName: 'polite' } });
    await cluster.pass(2000);
    expect(await placeOf('polite')).toBeUndefined();
    expect((await conditionOf('polite'))?.message).toMatch(/not eligible due to preemptionPolicy=Never\.$/);
  });

  test('replica sets at four levels: each has what it should when there is room, from the top', async () => {
    await cluster.run(createReplicaSetController(cluster.context('replicaset-controller')));
    await node('a', { extended: { 'example.com/thing': '5' } });
    const set = async (level: number, replicas: number) => {
      await priority(`p${level}`, level);
      const labels = { level: `p${level}` };
      const template = podObject('', {
        labels,
        requests: { 'example.com/thing': '1' },
        spec: { priorityClassName: `p${level}` },
      });
      const { name: _, ...metadata } = template.metadata;
      await cluster.create(replicasets, {
        metadata: { name: `rs-p${level}` },
        spec: { replicas, selector: { matchLabels: labels }, template: { ...template, metadata } },
      });
      await cluster.pass(12_000);
    };
    await set(1, 1);
    await set(2, 1);
    await set(3, 1);
    await set(4, 4);
    const running = (await cluster.list(pods)).filter((p) => p.spec.nodeName);
    const count = (level: number) => running.filter((p) => p.metadata.labels?.level === `p${level}`).length;
    expect([4, 3, 2, 1].map(count)).toEqual([4, 1, 0, 0]);
  });
});

describe('volumes', () => {
  test('a claim that waits for its pod gets the volume of the node', async () => {
    await runScheduler();
    await node('a');
    await node('b');
    await cluster.create(storageclasses, {
      metadata: { name: 'local' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    const onNode = (name: string) => ({
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
        ],
      },
    });
    const volume = await cluster.create(persistentvolumes, {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        local: { path: '/x' },
        nodeAffinity: onNode('b'),
      },
    });
    await cluster.client
      .of(persistentvolumes)
      .updateStatus({ ...volume, status: { phase: 'Available' } }, { cause });
    const resources = { requests: { storage: '1Gi' } };
    await cluster.create(persistentvolumeclaims, {
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'local', resources },
    });
    await cluster.settle();
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }];
    await pod('p', { spec: { volumes } });
    const bound = await cluster.get(persistentvolumes, 'v');
    expect(bound.spec?.claimRef?.name).toBe('c');
    expect(bound.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    const metadata = { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } };
    await cluster.patch(persistentvolumeclaims, 'c', { metadata, spec: { volumeName: 'v' } });
    await cluster.pass(1000);
    expect(await placeOf('p')).toBe('b');
    await pod('stray', { spec: { volumes, nodeSelector: { 'kubernetes.io/hostname': 'a' } } });
    expect((await conditionOf('stray'))?.message).toContain(
      "1 node(s) didn't match PersistentVolume's node affinity",
    );
    await pod('lost', { spec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'no' } }] } });
    expect((await conditionOf('lost'))?.message).toContain(
      '0/2 nodes are available: persistentvolumeclaim "no" not found.',
    );
  });

  test('a volume that a person keeps for a claim is not said to be given by a controller', async () => {
    await runScheduler();
    await node('a');
    await cluster.create(storageclasses, {
      metadata: { name: 'local' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    const accessModes = ['ReadWriteOnce'];
    await cluster.create(persistentvolumes, {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes,
        storageClassName: 'local',
        hostPath: { path: '/x' },
        claimRef: { namespace: 'default', name: 'c' },
      },
    });
    const { metadata } = await cluster.create(persistentvolumeclaims, {
      metadata: { name: 'c' },
      spec: { accessModes, storageClassName: 'local', resources: { requests: { storage: '1Gi' } } },
    });
    await cluster.settle();
    await pod('p', { spec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }] } });
    const bound = await cluster.get(persistentvolumes, 'v');
    expect(bound.spec?.claimRef?.uid).toBe(metadata.uid);
    expect(bound.metadata.annotations).toBeUndefined();
  });

  describe('that are made for a pod', () => {
    const size = { storage: '1Gi' };
    const accessModes = ['ReadWriteOnce'];
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }];
    const chosen = async () =>
      (await cluster.get(persistentvolumeclaims, 'c')).metadata.annotations?.[
        'volume.kubernetes.io/selected-node'
      ];

    beforeEach(async () => {
      await runScheduler();
      await node('a');
      await node('b');
      await cluster.create(storageclasses, {
        metadata: { name: 'made' },
        provisioner: 'example.com/disk',
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      await cluster.create(persistentvolumeclaims, {
        metadata: { name: 'c', annotations: { other: 'x' } },
        spec: { accessModes, storageClassName: 'made', resources: { requests: size } },
      });
      await cluster.settle();
    });

    test('are asked for on another node where the provisioner gives one up', async () => {
      await pod('p', { spec: { volumes } });
      const first = (await chosen()) ?? '';
      expect(first).toMatch(/^[ab]$/);
      await cluster.patch(nodes, first, { spec: { unschedulable: true } });
      const annotations = { 'volume.kubernetes.io/selected-node': null };
      await cluster.patch(persistentvolumeclaims, 'c', { metadata: { annotations } });
      await cluster.pass(200);
      expect((await conditionOf('p'))?.message).toBe(
        'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "c"',
      );
      await cluster.pass(20_000);
      expect(await chosen()).toBe(first === 'a' ? 'b' : 'a');
    });

    test('and that the node does not reach do not bring the pod there', async () => {
      await pod('p', { spec: { volumes, nodeSelector: { 'kubernetes.io/hostname': 'a' } } });
      const nodeSelectorTerms = [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] },
      ];
      await cluster.create(persistentvolumes, {
        metadata: { name: 'v' },
        spec: {
          capacity: size,
          accessModes,
          storageClassName: 'made',
          csi: { driver: 'disk.example.com', volumeHandle: 'v' },
          nodeAffinity: { required: { nodeSelectorTerms } },
        },
      });
      await cluster.patch(persistentvolumeclaims, 'c', {
        metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
        spec: { volumeName: 'v' },
      });
      await cluster.pass(1000);
      expect(await placeOf('p')).toBeUndefined();
      expect((await conditionOf('p'))?.message).toBe(
        'running PreBind plugin "VolumeBinding": binding volumes: ' +
          'pv "v" node affinity doesn\'t match node "a": no matching NodeSelectorTerms',
      );
    });
  });
});

describe('devices', () => {
  test('a claim gets its device with the node, and the next pod has to wait for it', async () => {
    await runScheduler();
    await node('a');
    await node('b');
    const expression = 'device.attributes["gpu.example.com"].model == "fast"';
    await cluster.create(deviceclasses, {
      metadata: { name: 'gpu' },
      spec: { selectors: [{ cel: { expression } }] },
    });
    const devices = [
      { name: 'slow', attributes: { model: { string: 'slow' } } },
      { name: 'fast', attributes: { model: { string: 'fast' } } },
    ];
    const pool = { name: 'b', generation: 1, resourceSliceCount: 1 };
    await cluster.create(resourceslices, {
      metadata: { name: 's' },
      spec: { driver: 'gpu.example.com', nodeName: 'b', pool, devices },
    });
    const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu' } }];
    const using = (claim: string) => ({
      spec: { resourceClaims: [{ name: 'c', resourceClaimName: claim }] },
    });
    await pod('early', using('one'));
    expect(await placeOf('early')).toBeUndefined();
    for (const name of ['one', 'two'])
      await cluster.create(resourceclaims, { metadata: { name }, spec: { devices: { requests } } });
    await cluster.settle();
    expect(await placeOf('early')).toBe('b');
    const claim = await cluster.get(resourceclaims, 'one');
    expect(claim.metadata.finalizers).toContain('resource.kubernetes.io/delete-protection');
    expect(claim.status?.allocation?.devices?.results).toMatchObject([
      { request: 'r', driver: 'gpu.example.com', pool: 'b', device: 'fast' },
    ]);
    expect(claim.status?.reservedFor).toMatchObject([{ resource: 'pods', name: 'early' }]);
    await pod('late', using('two'));
    expect((await conditionOf('late'))?.message).toContain(
      '0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, preemption:',
    );
    await cluster.client.of(resourceclaims).updateStatus({ ...claim, status: {} }, { cause });
    await cluster.pass(1000);
    expect(await placeOf('late')).toBe('b');
  });
});

describe('devices behind extended resources', () => {
  const gpus = (count: number, nodeName = 'b') => ({
    metadata: { name: `s-${nodeName}` },
    spec: {
      driver: 'gpu.example.com',
      nodeName,
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
      devices: Array.from({ length: count }, (_, i) => ({ name: `gpu-${i}` })),
    },
  });
  const gpuClass = { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'example.com/gpu' } };
  const theClaim = async () => (await cluster.list(resourceclaims))[0];

  beforeEach(async () => {
    await runScheduler();
    await node('a');
    await node('b');
  });

  test('a pod that asks for the resource gets a claim, and is told which request is whose', async () => {
    await cluster.create(deviceclasses, gpuClass);
    await cluster.create(resourceslices, gpus(2));
    await pod('p', { requests: { cpu: '100m', 'example.com/gpu': '2' } });
    expect(await placeOf('p')).toBe('b');
    const { uid } = (await cluster.get(pods, 'p')).metadata;
    const made = 'scheduler_resourceclaim_creates_total{status="success"}';
    expect(seriesOf(cluster.meter)[made]).toBe(1);
    const claim = await theClaim();
    expect(claim).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^p-extended-resources-.{5}$/),
        annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }],
        finalizers: ['resource.kubernetes.io/delete-protection'],
      },
      spec: {
        devices: {
          requests: [
            {
              name: 'container-0-request-1',
              exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 },
            },
          ],
        },
      },
      status: {
        allocation: { devices: { results: [{ device: 'gpu-0' }, { device: 'gpu-1' }] } },
        reservedFor: [{ resource: 'pods', name: 'p', uid }],
      },
    });
    expect((await cluster.get(pods, 'p')).status?.extendedResourceClaimStatus).toEqual({
      requestMappings: [
        { containerName: 'c', resourceName: 'example.com/gpu', requestName: 'container-0-request-1' },
      ],
      resourceClaimName: claim?.metadata.name,
    });
  });

  test('a class can be asked for by its own name too, and one that comes late is heard of', async () => {
    await pod('p', { requests: { 'deviceclass.resource.kubernetes.io/gpu': '1' } });
    await pod('q', { requests: { 'example.com/gpu': '1' } });
    expect((await conditionOf('q'))?.message).toContain(
      '0/2 nodes are available: 2 Insufficient example.com/gpu.',
    );
    await cluster.create(resourceslices, gpus(2));
    await cluster.create(deviceclasses, gpuClass);
    await cluster.pass(2000);
    expect(await placeOf('p')).toBe('b');
    expect(await placeOf('q')).toBe('b');
  });

  test('without a device the pod waits, and goes on once another pod’s claim is given up', async () => {
    playKubelets();
    await cluster.run(createResourceClaimController(cluster.context('resource-claim-controller')));
    await cluster.create(deviceclasses, gpuClass);
    await cluster.create(resourceslices, gpus(1));
    await pod('first', { requests: { 'example.com/gpu': '1' } });
    await pod('second', { requests: { 'example.com/gpu': '1' } });
    expect(await placeOf('first')).toBe('b');
    expect((await conditionOf('second'))?.message).toBe(
      '0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, ' +
        'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    );
    await cluster.patch(pods, 'first', { status: { phase: 'Succeeded' } }, { subresource: 'status' });
    await cluster.pass(2000);
    expect(await placeOf('second')).toBe('b');
    expect((await cluster.list(resourceclaims)).map(({ status }) => status?.reservedFor?.[0]?.name)).toEqual([
      'second',
    ]);
  });

  test('what a node has itself is given without a claim', async () => {
    await cluster.create(deviceclasses, gpuClass);
    await node('c', { extended: { 'example.com/gpu': '1' } });
    await pod('p', { requests: { 'example.com/gpu': '1' } });
    expect(await placeOf('p')).toBe('c');
    expect(await cluster.list(resourceclaims)).toEqual([]);
    await pod('q', { requests: { 'example.com/gpu': '1' } });
    expect((await conditionOf('q'))?.message).toContain(
      '0/3 nodes are available: 1 Insufficient example.com/gpu, 2 cannot allocate all claims.',
    );
  });

  test('a claim of an attempt that failed is deleted, and the pod tried again', async () => {
    await cluster.create(deviceclasses, gpuClass);
    await cluster.create(
      pods,
      podObject('p', {
        requests: { 'example.com/gpu': '1' },
        spec: { schedulingGates: [{ name: 'example.com/later' }] },
      }),
    );
    const { uid } = (await cluster.get(pods, 'p')).metadata;
    const requests = [{ name: 'container-0-request-0', exactly: { deviceClassName: 'gpu' } }];
    await cluster.create(resourceclaims, {
      metadata: {
        name: 'old',
        annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
        finalizers: ['resource.kubernetes.io/delete-protection'],
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }],
      },
      spec: { devices: { requests } },
    });
    await cluster.create(resourceslices, gpus(1));
    await cluster.patch(pods, 'p', { spec: { schedulingGates: [] } });
    await cluster.settle();
    expect(await cluster.events('FailedScheduling')).toContainEqual(
      expect.stringContaining(
        '2 cannot schedule extended resource claim. deletion of ResourceClaim completed, preemption:',
      ),
    );
    await cluster.pass(2000);
    expect(await placeOf('p')).toBe('b');
    expect((await cluster.list(resourceclaims)).map(({ metadata }) => metadata.name)).not.toContain('old');
  });

  test('a claim of a pod that could not be bound is not left behind', async () => {
    await cluster.create(deviceclasses, gpuClass);
    await cluster.create(resourceslices, gpus(1));
    const made: string[] = [];
    cluster.informers.of(resourceclaims).onChange({
      added: ({ metadata }) => {
        made.push(metadata.name);
        void cluster.delete(pods, 'p', { gracePeriodSeconds: 0 }).catch(() => {});
      },
    });
    await pod('p', { requests: { 'example.com/gpu': '1' } });
    await cluster.pass(2000);
    expect(made).toHaveLength(1);
    expect(await cluster.list(resourceclaims)).toEqual([]);
  });
});

describe('claims that several wishes would satisfy, or that take their time', () => {
  const slice = (nodeName: string, devices: object[]) => ({
    metadata: { name: `s-${nodeName}` },
    spec: {
      driver: 'gpu.example.com',
      nodeName,
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
      devices,
    },
  });
  const model = (value: string) => `device.attributes["gpu.example.com"].model == "${value}"`;
  const gpu = (name: string, more: object = {}) => ({
    name,
    attributes: { model: { string: name } },
    ...more,
  });
  const claim = (requests: object[]) =>
    cluster.create(resourceclaims, { metadata: { name: 'c' }, spec: { devices: { requests } } } as never);
  const using = { spec: { resourceClaims: [{ name: 'c', resourceClaimName: 'c' }] } };

  beforeEach(async () => {
    await runScheduler();
    await node('a');
    await node('b');
    await cluster.create(deviceclasses, { metadata: { name: 'gpu' }, spec: {} });
  });

  test('the node is better that has what is wished for more', async () => {
    await cluster.create(resourceslices, slice('a', [gpu('small')]));
    await cluster.create(resourceslices, slice('b', [gpu('large')]));
    const wish = (name: string) => ({
      name,
      deviceClassName: 'gpu',
      selectors: [{ cel: { expression: model(name) } }],
    });
    await claim([{ name: 'r', firstAvailable: [wish('large'), wish('small')] }]);
    // Without devices, the other node would be better: this one is in use.
    await pod('busy', { requests: { cpu: '50m' }, spec: { nodeName: 'b' } });
    await pod('p', using);
    expect(await placeOf('p')).toBe('b');
  });

  test('a class that does not exist is named', async () => {
    await claim([{ name: 'r', exactly: { deviceClassName: 'none' } }]);
    await pod('p', using);
    expect((await conditionOf('p'))?.message).toContain(
      '0/2 nodes are available: request r: device class none does not exist.',
    );
  });

  test('an expression that cannot be evaluated is an error of the attempt', async () => {
    await cluster.create(resourceslices, slice('a', [gpu('small')]));
    const selectors = [{ cel: { expression: 'device.attributes["gpu.example.com"].none == 1' } }];
    await claim([{ name: 'r', exactly: { deviceClassName: 'gpu', selectors } }]);
    await pod('p', using);
    expect(await conditionOf('p')).toMatchObject({
      reason: 'SchedulerError',
      message: expect.stringMatching(
        /^running "DynamicResources" filter plugin: claim default\/c: selector #0: CEL runtime error: /,
      ),
    });
  });

  test('the pod is bound once its device is ready', async () => {
    const conditions = { bindingConditions: ['Attached'], bindingFailureConditions: ['Broken'] };
    await cluster.create(resourceslices, slice('a', [gpu('slow', conditions)]));
    await claim([{ name: 'r', exactly: { deviceClassName: 'gpu' } }]);
    await pod('p', using);
    expect(await placeOf('p')).toBeUndefined();
    expect(await cluster.events('BindingConditionsPending')).toEqual([
      'BindingConditionsPending waiting for binding conditions for device on node a',
    ]);
    const tell = async (type: string) => {
      const told = {
        type,
        status: 'True',
        reason: 'Said',
        message: 'so',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      const devices = [{ driver: 'gpu.example.com', pool: 'a', device: 'slow', conditions: [told] }];
      await cluster.patch(resourceclaims, 'c', { status: { devices } }, { subresource: 'status' });
    };
    await tell('Attached');
    await cluster.pass(6000);
    expect(await placeOf('p')).toBe('a');
  });

  test('a device that fails is given back, and another tried', async () => {
    const conditions = { bindingConditions: ['Attached'], bindingFailureConditions: ['Broken'] };
    await cluster.create(resourceslices, slice('a', [gpu('slow', conditions)]));
    await claim([{ name: 'r', exactly: { deviceClassName: 'gpu' } }]);
    await pod('p', using);
    const told = {
      type: 'Broken',
      status: 'True',
      reason: 'Smoke',
      message: 'it burns',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const devices = [{ driver: 'gpu.example.com', pool: 'a', device: 'slow', conditions: [told] }];
    await cluster.patch(resourceclaims, 'c', { status: { devices } }, { subresource: 'status' });
    await cluster.create(resourceslices, slice('b', [gpu('good')]));
    await cluster.delete(resourceslices, 's-a');
    await cluster.pass(6000);
    expect(await cluster.events('FailedScheduling')).toContainEqual(
      expect.stringContaining(
        'running PreBind plugin "DynamicResources": claim c binding failed: reason=Smoke, message="it burns"',
      ),
    );
    await cluster.pass(20_000);
    expect(await cluster.events('FailedScheduling')).toContainEqual(
      expect.stringContaining('deallocation of ResourceClaim completed'),
    );
    expect(await placeOf('p')).toBe('b');
  });

  test('a device that never becomes ready is given back after its time', async () => {
    await cluster.create(
      resourceslices,
      slice('a', [gpu('slow', { bindingConditions: ['Attached'], bindingFailureConditions: ['Broken'] })]),
    );
    await claim([{ name: 'r', exactly: { deviceClassName: 'gpu' } }]);
    await pod('p', using);
    await cluster.pass(610_000);
    expect(await cluster.events('FailedScheduling')).toContainEqual(
      expect.stringMatching(/claim c binding timeout|device binding timeout/),
    );
  });
});

describe('profiles', () => {
  const file = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };

  test('a plugin of one’s own, under a scheduler name of its own', async () => {
    const alphabetical: PluginFactory = () => ({
      name: 'LastName',
      filter: (_, { name }) =>
        name === 'c' ? { plugin: 'LastName', reasons: ['node(s) were c'], unresolvable: true } : undefined,
      score: (_, { name }) => name.charCodeAt(0) - 97,
    });
    const plugins = { multiPoint: { enabled: [{ name: 'LastName', weight: 1000 }] } };
    const configuration = parseConfiguration({
      ...file,
      profiles: [{ schedulerName: 'default-scheduler' }, { schedulerName: 'mine', plugins }],
    });
    await runScheduler({ configuration, plugins: { LastName: alphabetical } });
    for (const name of ['a', 'b', 'c']) await node(name);
    await pod('theirs', { spec: { schedulerName: 'someone-else' } });
    await pod('mine', { spec: { schedulerName: 'mine' } });
    await pod('usual');
    expect(await placeOf('mine')).toBe('b');
    expect(await placeOf('usual')).toBeDefined();
    expect(await placeOf('theirs')).toBeUndefined();
    const told = (await cluster.list(events)).filter(({ reason }) => reason === 'Scheduled');
    const who = told.map((event) => [event.involvedObject.name, event.action, event.reportingComponent]);
    expect(who).toEqual([
      ['mine', 'Binding', 'mine'],
      ['usual', 'Binding', 'default-scheduler'],
    ]);
  });
});

test('an event that has no room for all says that there is more; the condition has all', async () => {
  const reason = 'é'.repeat(1000);
  const talkative: PluginFactory = () => ({
    name: 'Talkative',
    filter: () => ({ plugin: 'Talkative', reasons: [reason], unresolvable: true }),
  });
  const plugins = { multiPoint: { enabled: [{ name: 'Talkative' }] } };
  const configuration = parseConfiguration({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [{ plugins }],
  });
  await runScheduler({ configuration, plugins: { Talkative: talkative } });
  await node('a');
  await pod('p');
  const [event] = (await cluster.list(events)).filter(({ reason: why }) => why === 'FailedScheduling');
  expect(event?.message).toMatch(/^0\/1 nodes are available: 1 é+ \.\.\.$/);
  expect(Buffer.byteLength(event?.message ?? '')).toBeGreaterThan(1020);
  expect((await conditionOf('p'))?.message).toContain(reason);
});

describe('pods on their way to a node', () => {
  const file = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
  const plugins = { multiPoint: { enabled: [{ name: 'Patience' }] } };
  const configuration = parseConfiguration({
    ...file,
    profiles: [{ schedulerName: 'default-scheduler', plugins }],
  });
  let givenBack: string[] = [];
  /** Lets pods that are labelled so wait. */
  const patience: PluginFactory = ({ clock }) => ({
    name: 'Patience',
    actsBeforeBind: ({ pod }) => pod.pod.metadata.labels?.waits !== undefined,
    preBind: async ({ pod }, _, signal) => {
      if (pod.pod.metadata.labels?.waits) await clock.sleep(60_000, signal);
    },
    reserve: () => undefined,
    unreserve: ({ pod }) => void givenBack.push(pod.pod.metadata.name),
  });
  const waiting = { labels: { waits: 'yes' } };

  beforeEach(async () => {
    givenBack = [];
    await runScheduler({ configuration, plugins: { Patience: patience } });
    await priority('low', 1);
    await priority('high', 1000);
    await node('a');
  });

  test('say where it is before they are bound, where that takes time', async () => {
    await pod('slow', { ...waiting, requests: { cpu: '1' } });
    expect((await cluster.get(pods, 'slow')).status?.nominatedNodeName).toBe('a');
    await cluster.pass(61_000);
    expect(await placeOf('slow')).toBe('a');
    expect((await cluster.get(pods, 'slow')).status?.nominatedNodeName).toBeUndefined();
  });

  test('are no longer waited for once they are gone', async () => {
    await pod('slow', { ...waiting, requests: { cpu: '2' } });
    await cluster.delete(pods, 'slow', { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(givenBack).toEqual(['slow']);
    await pod('next', { requests: { cpu: '2' } });
    expect(await placeOf('next')).toBe('a');
    expect(await cluster.events('FailedScheduling')).toEqual([]);
  });

  test('nor once they are to go, though somebody holds them', async () => {
    const metadata = { finalizers: ['example.com/hold'] };
    await pod('slow', { ...waiting, requests: { cpu: '2' }, metadata });
    await cluster.delete(pods, 'slow', { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(givenBack).toEqual(['slow']);
    await pod('next', { requests: { cpu: '2' } });
    expect(await placeOf('next')).toBe('a');
    await cluster.pass(2000);
    const told = await cluster.events('FailedScheduling');
    expect(told.at(-1)).toBe('FailedScheduling skip schedule deleting pod: default/slow');
  });

  test('go back to the queue, and stay alive, where one that matters more needs their place', async () => {
    await pod('slow', { ...waiting, requests: { cpu: '2' }, spec: { priorityClassName: 'low' } });
    const { uid } = (await cluster.get(pods, 'slow')).metadata;
    await pod('high', { requests: { cpu: '2' }, spec: { priorityClassName: 'high' } });
    await cluster.pass(2000);
    expect(await placeOf('high')).toBe('a');
    expect((await cluster.get(pods, 'slow')).metadata).toMatchObject({ uid });
    expect((await cluster.get(pods, 'slow')).metadata.deletionTimestamp).toBeUndefined();
    expect((await cluster.get(pods, 'slow')).status?.nominatedNodeName).toBeUndefined();
    expect(await cluster.events('Preempted')).toHaveLength(1);
    await cluster.delete(pods, 'high', { gracePeriodSeconds: 0 });
    await cluster.pass(80_000);
    expect(await placeOf('slow')).toBe('a');
  });
});

test('a pod that a node is no longer kept for makes way for others', async () => {
  await runScheduler();
  await priority('high', 1000);
  await node('a');
  await node('b', { cpu: '1' });
  const nodeSelector = { 'kubernetes.io/hostname': 'none' };
  await pod('expected', { requests: { cpu: '2' }, spec: { priorityClassName: 'high', nodeSelector } });
  const nominate = (nominatedNodeName: string | null) =>
    cluster.patch(pods, 'expected', { status: { nominatedNodeName } }, { subresource: 'status' });
  await nominate('a');
  await pod('first', { requests: { cpu: '2' } });
  expect(await placeOf('first')).toBeUndefined();
  await nominate(null);
  await cluster.pass(2000);
  expect(await placeOf('first')).toBe('a');
  await cluster.delete(pods, 'first', { gracePeriodSeconds: 0 });
  await nominate('a');
  await pod('second', { requests: { cpu: '2' } });
  expect(await placeOf('second')).toBeUndefined();
  await cluster.delete(pods, 'expected', { gracePeriodSeconds: 0 });
  await cluster.pass(2000);
  expect(await placeOf('second')).toBe('a');
});

test('also where the scheduler itself finds that the pod cannot go there', async () => {
  await runScheduler();
  await priority('high', 1000);
  await node('a');
  const nodeSelector = { 'kubernetes.io/hostname': 'small' };
  await pod('expected', { requests: { cpu: '2' }, spec: { priorityClassName: 'high', nodeSelector } });
  const status = { nominatedNodeName: 'a' };
  await cluster.patch(pods, 'expected', { status }, { subresource: 'status' });
  await pod('first', { requests: { cpu: '2' } });
  expect(await placeOf('first')).toBeUndefined();
  await node('small', { cpu: '1' });
  await cluster.pass(2000);
  expect((await cluster.get(pods, 'expected')).status?.nominatedNodeName).toBeUndefined();
  expect(await placeOf('first')).toBe('a');
});

describe('limits of a namespace', () => {
  test('pods get its defaults and stay within its bounds', async () => {
    const limits = [
      {
        type: 'Container',
        min: { cpu: '50m' },
        max: { cpu: '500m' },
        default: { cpu: '300m' },
        defaultRequest: { cpu: '100m' },
      },
    ];
    await cluster.create(limitranges, { metadata: { name: 'l' }, spec: { limits } });
    await pod('plain');
    const [container] = (await cluster.get(pods, 'plain')).spec.containers;
    expect(container?.resources).toMatchObject({ requests: { cpu: '100m' }, limits: { cpu: '300m' } });
    await expect(pod('small', { requests: { cpu: '10m' } })).rejects.toThrow(
      /minimum cpu usage per Container is 50m/,
    );
    await expect(pod('large', { requests: { cpu: '600m' } })).rejects.toThrow();
  });

  test('a collection of them, over namespaces', async () => {
    await cluster.create(namespaces, { metadata: { name: 'other' } });
    const metadata = { name: 'l', labels: { e2e: 'x' } };
    const spec = { limits: [{ type: 'Container', max: { cpu: '500m' } }] };
    for (const namespace of ['default', 'other'])
      await cluster.create(limitranges, { metadata: { ...metadata, namespace }, spec });
    expect(await cluster.list(limitranges, 'e2e=x')).toHaveLength(2);
    const patched = await cluster.patch(limitranges, 'l', { metadata: { labels: { more: 'y' } } });
    expect(patched.metadata.labels?.more).toBe('y');
    const list = { namespace: 'other', labelSelector: 'e2e=x' };
    await cluster.client.of(limitranges).deleteCollection(list, { cause });
    expect(await cluster.list(limitranges, 'e2e=x')).toHaveLength(1);
  });
});

test('a priority class can be described anew, but not change its value', async () => {
  await priority('p', 5);
  expect((await cluster.patch(priorityclasses, 'p', { description: 'x' })).description).toBe('x');
  await expect(cluster.patch(priorityclasses, 'p', { value: 6 })).rejects.toThrow();
  expect((await cluster.list(priorityclasses)).map((c) => c.metadata.name)).toContain('p');
});

describe('metrics', () => {
  const count = (name: string, labels = '') => seriesOf(cluster.meter)[`scheduler_${name}${labels}`];
  const profile = 'profile="default-scheduler"';

  test('tell how a pod was placed after one attempt', async () => {
    await runScheduler();
    await node('a');
    await pod('p');
    expect(await placeOf('p')).toBe('a');
    expect(count('schedule_attempts_total', `{result="scheduled",${profile}}`)).toBe(1);
    const spans = [
      'scheduling_attempt_duration_seconds_count{result="scheduled",profile="default-scheduler"}',
      'scheduling_algorithm_duration_seconds_count',
      'pod_scheduling_sli_duration_seconds_count{attempts="1"}',
      'pod_scheduling_attempts_count',
      'pod_scheduling_attempts_sum',
    ];
    expect(spans.map((name) => count(name))).toEqual(spans.map(() => 1));
    const points = ['PreFilter', 'Filter', 'Reserve', 'Bind'].map((point) =>
      count(
        'framework_extension_point_duration_seconds_count',
        `{extension_point="${point}",status="Success",${profile}}`,
      ),
    );
    expect(points).toEqual([1, 1, 1, 1]);
    // The first decision of ten has its plugins timed.
    const fit = '{plugin="NodeResourcesFit",extension_point="Filter"';
    expect(count('plugin_execution_duration_seconds_count', `${fit},status="Success"}`)).toBe(1);
    expect(count('plugin_evaluation_total', `${fit},${profile}}`)).toBe(1);
    expect(['nodes', 'pods'].map((type) => count('cache_size', `{type="${type}"}`))).toEqual([1, 1]);
    expect(count('event_handling_duration_seconds_count', '{event="NodeAdd"}')).toBe(1);
  });

  test('tell how a pod was placed after two attempts, from when it could first be tried', async () => {
    await runScheduler();
    await node('a');
    await pod('big', { requests: { cpu: '2' } });
    await pod('p', { requests: { cpu: '1' } });
    expect(count('schedule_attempts_total', `{result="unschedulable",${profile}}`)).toBe(1);
    expect(count('pending_pods', '{queue="unschedulable"}')).toBe(1);
    await cluster.pass(5000);
    const big = { namespace: 'default', name: 'big' };
    await cluster.client.of(pods).delete(big, { cause, gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(await placeOf('p')).toBe('a');
    expect(count('pod_scheduling_attempts_sum')).toBe(3);
    expect(count('pod_scheduling_sli_duration_seconds_sum', '{attempts="2"}')).toBeGreaterThanOrEqual(5);
    expect(count('scheduling_algorithm_duration_seconds_count')).toBe(2);
    expect(count('pod_scheduled_after_flush_total')).toBe(0);
  });

  test('leave out the time in which the gates of a pod held it back', async () => {
    await runScheduler();
    await node('a');
    await pod('p', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } });
    await cluster.pass(60_000);
    expect(count('pending_pods', '{queue="gated"}')).toBe(1);
    const { spec } = await cluster.get(pods, 'p');
    const type = 'application/json-patch+json';
    expect(spec.schedulingGates).toHaveLength(1);
    const patch = [{ op: 'remove', path: '/spec/schedulingGates' }];
    await cluster.client.of(pods).patch({ namespace: 'default', name: 'p' }, patch, { type, cause });
    await cluster.settle();
    expect(await placeOf('p')).toBe('a');
    expect(count('pod_scheduling_attempts_sum')).toBe(1);
    expect(count('pod_scheduling_sli_duration_seconds_sum', '{attempts="1"}')).toBeLessThan(1);
  });

  test('tell of pods that make room', async () => {
    await runScheduler();
    playKubelets();
    await priority('high', 1000);
    await node('a');
    for (const name of ['one', 'two']) await pod(name, { requests: { cpu: '1' } });
    await pod('high', { requests: { cpu: '2' }, spec: { priorityClassName: 'high' } });
    await cluster.pass(2000);
    expect(await placeOf('high')).toBe('a');
    expect(count('preemption_attempts_total')).toBe(1);
    expect(count('preemption_victims_sum')).toBe(2);
    expect(count('preemption_goroutines_execution_total', '{result="success"}')).toBe(1);
    const point = `{extension_point="PostFilter",status="Success",${profile}}`;
    expect(count('framework_extension_point_duration_seconds_count', point)).toBe(1);
  });

  test('tell what went wrong', async () => {
    const bindings = clientOfScheduler().transport;
    const client = new Client({
      request: (request) =>
        request.path.endsWith('/binding') ? Promise.reject(new Error('no')) : bindings.request(request),
      watch: (request, sink) => bindings.watch(request, sink),
    });
    await runScheduler({ client });
    await node('a');
    await pod('p');
    expect(count('schedule_attempts_total', `{result="error",${profile}}`)).toBe(1);
    const point = `{extension_point="Bind",status="Error",${profile}}`;
    expect(count('framework_extension_point_duration_seconds_count', point)).toBe(1);
    expect(count('queue_incoming_pods_total', '{queue="backoff",event="ScheduleAttemptFailure"}')).toBe(1);
  });
});
