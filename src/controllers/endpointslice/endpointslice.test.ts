import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import {
  endpoints,
  endpointslices,
  nodes as nodeResource,
  pods,
  services,
} from '../../api/generated/resources.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { formatTime } from '../../platform/clock.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { addNode, readyNode, TestCluster, TestNodes } from '../testing.ts';
import { createEndpointsController } from '../endpoints/endpoints.ts';
import { createEndpointSliceController } from './endpointslice.ts';

let cluster: TestCluster;
let nodes: TestNodes;
/** Which requests of the controllers are refused. */
let refuse: (request: ApiRequest) => boolean;

async function addNodeIn(zone: string, name: string): Promise<void> {
  const labels = { 'topology.kubernetes.io/zone': zone };
  const node = readyNode(name, cluster.clock.now(), { labels });
  await addNode(cluster, { ...node, status: { ...node.status, allocatable: { cpu: '4' } } });
}

beforeEach(async () => {
  refuse = () => false;
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  await addNodeIn('a', 'node-1');
  await cluster.run(
    createEndpointSliceController(cluster.refusing('endpointslice-controller', (r) => refuse(r))),
    createEndpointsController(cluster.refusing('endpoint-controller', (r) => refuse(r))),
  );
});
afterEach(() => cluster.stop());

const pod = (name: string, spec: Partial<Pod['spec']> = {}) =>
  cluster.create(pods, {
    metadata: { name, labels: { app: 'web' } },
    spec: {
      containers: [{ name: 'c', image: 'web:1', ports: [{ name: 'http', containerPort: 8080 }] }],
      ...spec,
    },
  });
const service = (spec: object = {}, labels: object = {}) =>
  cluster.create(services, {
    metadata: { name: 'web', labels },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }], ...spec },
  });
const all = async () => (await cluster.list(endpointslices)).flatMap((slice) => slice.endpoints ?? []);
const shown = async () => Object.fromEntries((await all()).map((e) => [e.targetRef?.name, e.conditions]));

describe('the slices of a Service', () => {
  test('show its pods, where they are and how they are', async () => {
    await service({}, { team: 'x' });
    await pod('a');
    await cluster.settle();
    const [slice, ...more] = await cluster.list(endpointslices);
    expect(more).toEqual([]);
    expect(slice).toMatchObject({
      metadata: {
        labels: {
          team: 'x',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'node-1',
          zone: 'a',
          targetRef: { kind: 'Pod', name: 'a', namespace: 'default' },
        },
      ],
    });
    expect(slice?.metadata.name).toMatch(/^web-.{5}$/);
  });

  test('hold a hundred each, and one change touches one slice', async () => {
    await service();
    for (let i = 0; i < 205; i++) await pod(`p${i}`);
    await cluster.pass(100);
    const slices = await cluster.list(endpointslices);
    expect(slices.map((s) => s.endpoints?.length ?? 0).reduce((a, b) => a + b)).toBe(205);
    expect(Math.max(...slices.map((s) => s.endpoints?.length ?? 0))).toBeLessThanOrEqual(100);
    const before = new Map(slices.map((s) => [s.metadata.name, s.metadata.resourceVersion]));
    await cluster.delete(pods, 'p7', { gracePeriodSeconds: 0 });
    await cluster.pass(100);
    const touched = (await cluster.list(endpointslices)).filter(
      (s) => before.get(s.metadata.name) !== s.metadata.resourceVersion,
    );
    expect(touched).toHaveLength(1);
    expect(await all()).toHaveLength(204);
  });

  test('tell ready, unready and ending pods apart', async () => {
    await service();
    nodes.fate = (p) => (p.metadata.name === 'bad' ? 'unready' : 'ready');
    nodes.lets = false;
    for (const name of ['good', 'bad', 'leaving']) await pod(name);
    await cluster.settle();
    await cluster.delete(pods, 'leaving');
    expect(await shown()).toEqual({
      good: { ready: true, serving: true, terminating: false },
      bad: { ready: false, serving: false, terminating: false },
      leaving: { ready: false, serving: true, terminating: true },
    });
    const { subsets } = await cluster.get(endpoints, 'web');
    expect(subsets).toMatchObject([
      { addresses: [{ targetRef: { name: 'good' } }], notReadyAddresses: [{ targetRef: { name: 'bad' } }] },
    ]);
    expect(subsets?.[0]?.notReadyAddresses).toHaveLength(1);
    await cluster.patch(services, 'web', { spec: { publishNotReadyAddresses: true } });
    expect((await shown()).bad).toEqual({ ready: true, serving: false, terminating: false });
    expect((await shown()).leaving).toEqual({ ready: true, serving: true, terminating: true });
  });

  // upstream: TestReconcilerFinalizeSvcDeletionTimestamp
  test('follow the pods of a Service that is held on its way out, and no new ones are made', async () => {
    const finalizers = ['example.com/balancer'];
    const ports = [{ port: 80, targetPort: 'http' }];
    const metadata = { name: 'web', finalizers };
    await cluster.create(services, { metadata, spec: { selector: { app: 'web' }, ports } });
    await pod('a');
    await cluster.settle();
    await cluster.delete(services, 'web');
    await pod('b');
    await cluster.pass(10_000);
    expect(Object.keys(await shown()).sort()).toEqual(['a', 'b']);
    const [object] = await cluster.list(endpoints);
    expect(object?.subsets?.[0]?.addresses?.map((a) => a.targetRef?.name).toSorted()).toEqual(['a', 'b']);
    await cluster.delete(endpointslices, (await cluster.list(endpointslices))[0]?.metadata.name ?? '');
    await cluster.pass(10_000);
    expect(await cluster.list(endpointslices)).toEqual([]);
  });

  test('finished pods do not show', async () => {
    await service();
    const done = await pod('done');
    await cluster.settle();
    expect(await all()).toHaveLength(1);
    await nodes.become(done, 'Succeeded');
    await cluster.settle();
    expect(await all()).toEqual([]);
    expect(await cluster.list(endpointslices)).toHaveLength(1);
  });

  test('a named port that differs among pods makes slices apart', async () => {
    await service();
    await pod('a');
    await pod('b', {
      containers: [{ name: 'c', image: 'web:2', ports: [{ name: 'http', containerPort: 9090 }] }],
    });
    await cluster.settle();
    const ports = (await cluster.list(endpointslices)).map((s) => s.ports?.[0]?.port);
    expect(ports.sort()).toEqual([8080, 9090]);
    expect((await cluster.get(endpoints, 'web')).subsets).toHaveLength(2);
  });

  test('a headless Service keeps host names, and needs no ports', async () => {
    await service({ clusterIP: 'None', ports: undefined });
    await pod('a', { hostname: 'a', subdomain: 'web' });
    await cluster.settle();
    expect((await all())[0]?.hostname).toBe('a');
    const [slice] = await cluster.list(endpointslices);
    expect(slice?.metadata.labels?.['service.kubernetes.io/headless']).toBe('');
    expect((await cluster.get(endpoints, 'web')).subsets?.[0]?.addresses?.[0]?.hostname).toBe('a');
  });

  test('without pods there is one empty slice; without a selector none', async () => {
    await service();
    await cluster.create(services, { metadata: { name: 'db' }, spec: { ports: [{ port: 5432 }] } });
    await cluster.settle();
    const slices = await cluster.list(endpointslices);
    expect(slices.map((s) => s.metadata.labels?.['kubernetes.io/service-name'])).toEqual(['web']);
    expect(slices[0]?.endpoints ?? []).toEqual([]);
    expect((await cluster.get(endpoints, 'web')).subsets ?? []).toEqual([]);
  });

  test('follow the selector, and labels that change', async () => {
    await service();
    await pod('a');
    await cluster.settle();
    await cluster.patch(pods, 'a', { metadata: { labels: { app: 'other' } } });
    expect(await all()).toEqual([]);
    await cluster.patch(services, 'web', { spec: { selector: { app: 'other' } } });
    expect(await all()).toHaveLength(1);
  });

  test('say whom they are for where traffic shall stay close', async () => {
    await service({ trafficDistribution: 'PreferClose' });
    await pod('a');
    await cluster.settle();
    expect((await all())[0]?.hints).toEqual({ forZones: [{ name: 'a' }] });
  });

  test('follow the wish to stay close as it changes, which yields to that for a share of each zone', async () => {
    await service();
    await pod('a');
    const hintsAfter = async (trafficDistribution: string | null, annotation: string | null = null) => {
      const annotations = { 'service.kubernetes.io/topology-mode': annotation };
      await cluster.patch(services, 'web', { metadata: { annotations }, spec: { trafficDistribution } });
      await cluster.settle();
      return (await all())[0]?.hints;
    };
    const forZones = [{ name: 'a' }];
    const forNodes = [{ name: 'node-1' }];
    expect(await hintsAfter(null)).toBeUndefined();
    expect(await hintsAfter('PreferClose')).toEqual({ forZones });
    expect(await hintsAfter('PreferClose', 'Auto')).toBeUndefined();
    expect(await hintsAfter('PreferClose')).toEqual({ forZones });
    expect(await hintsAfter(null)).toBeUndefined();
    expect(await hintsAfter('PreferSameZone')).toEqual({ forZones });
    expect(await hintsAfter('PreferSameNode')).toEqual({ forZones, forNodes });
    expect(await hintsAfter(null)).toBeUndefined();
    await cluster.patch(nodeResource, 'node-1', {
      metadata: { labels: { 'topology.kubernetes.io/zone': null } },
    });
    expect(await hintsAfter('PreferSameNode')).toEqual({ forNodes });
  });

  test('have the labels of the Service as these change, and so do Endpoints', async () => {
    await service({ clusterIP: 'None' });
    const labelsAfter = async (labels: object) => {
      await cluster.patch(services, 'web', { metadata: { labels } });
      await cluster.settle();
      const [slice] = await cluster.list(endpointslices);
      const [shown] = await cluster.list(endpoints);
      return [slice?.metadata.labels, shown?.metadata.labels];
    };
    const headless = { 'service.kubernetes.io/headless': '' };
    for (const labels of await labelsAfter({ app: 'test' }))
      expect(labels).toMatchObject({ app: 'test', ...headless });
    for (const labels of await labelsAfter({ app: null, more: 'x' })) {
      expect(labels).toMatchObject({ more: 'x', ...headless });
      expect(labels).not.toHaveProperty('app');
    }
  });

  test('share their endpoints out among the zones where the Service asks for that, and say so', async () => {
    const annotations = { 'service.kubernetes.io/topology-mode': 'Auto' };
    await service();
    for (const name of ['a', 'b', 'c', 'd']) await pod(name);
    await cluster.settle();
    await cluster.patch(services, 'web', { metadata: { annotations } });
    expect((await all()).map(({ hints }) => hints)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await cluster.events('TopologyAwareHintsDisabled')).toEqual([
      'TopologyAwareHintsDisabled Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4',
    ]);
    await addNodeIn('b', 'node-2');
    await cluster.settle();
    const zones = (await all()).map(({ hints }) => hints?.forZones?.[0]?.name);
    expect(zones.toSorted()).toEqual(['a', 'a', 'b', 'b']);
    expect(await cluster.events('TopologyAwareHintsEnabled')).toEqual([
      'TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4',
    ]);
  });

  test('tell when that happened which they show', async () => {
    const key = 'endpoints.kubernetes.io/last-change-trigger-time';
    const told = async () => {
      const [slice] = await cluster.list(endpointslices);
      const older = await cluster.get(endpoints, 'web');
      expect(older.metadata.annotations?.[key]).toBe(slice?.metadata.annotations?.[key]);
      return slice?.metadata.annotations?.[key];
    };
    const { metadata } = await service();
    await cluster.pass(5000);
    expect(await told()).toBe(metadata.creationTimestamp);
    const { creationTimestamp } = (await pod('a')).metadata;
    await cluster.settle();
    expect(await told()).toBe(creationTimestamp);
    await cluster.pass(5000);
    await cluster.patch(services, 'web', { metadata: { labels: { team: 'y' } } });
    expect(await told()).toBeUndefined();
    const changed = formatTime(cluster.clock.now());
    await nodes.all('app=web', 'unready');
    expect(await told()).toBe(changed);
  });

  test('leave out the pods of a node that is not there, until it is', async () => {
    await service();
    nodes.place = () => 'node-9';
    await pod('a');
    await cluster.settle();
    expect(await all()).toEqual([]);
    await addNodeIn('b', 'node-9');
    await cluster.settle();
    expect(await all()).toMatchObject([{ nodeName: 'node-9', zone: 'b' }]);
  });

  test('are counted', async () => {
    await service({ trafficDistribution: 'PreferClose' });
    for (const name of ['a', 'b']) await pod(name);
    await cluster.settle();
    await cluster.delete(pods, 'a', { gracePeriodSeconds: 0 });
    await cluster.pass(1000);
    const prefix = 'endpoint_slice_controller';
    expect(seriesOf(cluster.meter)).toMatchObject({
      [`${prefix}_changes{operation="create"}`]: 1,
      [`${prefix}_num_endpoint_slices`]: 1,
      [`${prefix}_desired_endpoint_slices`]: 1,
      [`${prefix}_endpoints_desired`]: 1,
      [`${prefix}_endpoints_added_per_sync_sum`]: 2,
      [`${prefix}_endpoints_removed_per_sync_sum`]: 1,
      [`${prefix}_services_count_by_traffic_distribution{traffic_distribution="PreferClose"}`]: 1,
    });
    const changed = `${prefix}_endpointslices_changed_per_sync_sum{topology="Disabled",traffic_distribution="PreferClose"}`;
    const series = seriesOf(cluster.meter);
    expect(series[changed]).toBe(1 + (series[`${prefix}_changes{operation="update"}`] ?? 0));
    refuse = ({ path }) => path.includes('endpointslices');
    await cluster.delete(pods, 'b', { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(seriesOf(cluster.meter)[`${prefix}_syncs{result="error"}`]).toBeGreaterThan(0);
    refuse = () => false;
    await cluster.delete(services, 'web');
    await cluster.settle();
    expect(seriesOf(cluster.meter)[`${prefix}_desired_endpoint_slices`]).toBe(0);
  });

  test('that cannot be written are told of', async () => {
    await service();
    await cluster.settle();
    refuse = (r) => r.method === 'PUT' || r.method === 'POST';
    await pod('a');
    await cluster.settle();
    expect(await cluster.events('FailedToUpdateEndpointSlices')).toContain(
      'FailedToUpdateEndpointSlices Error updating Endpoint Slices for Service default/web: no',
    );
    expect(await cluster.events('FailedToUpdateEndpoint')).toContain(
      'FailedToUpdateEndpoint Failed to update endpoint default/web: no',
    );
    await cluster.create(services, {
      metadata: { name: 'new' },
      spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
    });
    await cluster.settle();
    expect(await cluster.events('FailedToCreateEndpoint')).toContain(
      'FailedToCreateEndpoint Failed to create endpoint for service default/new: no',
    );
  });

  test('notes that others made on Endpoints stay', async () => {
    await service();
    await cluster.settle();
    await cluster.patch(endpoints, 'web', { metadata: { annotations: { note: 'x' } } });
    await pod('a');
    await cluster.settle();
    expect((await cluster.get(endpoints, 'web')).metadata.annotations?.note).toBe('x');
  });

  // upstream: TestEndpointsHeadlessLabel
  test('only of a headless Service are they called so, whatever that is called itself', async () => {
    const label = 'service.kubernetes.io/headless';
    await service({}, { [label]: '' });
    await cluster.settle();
    const made = [await cluster.get(endpoints, 'web'), ...(await cluster.list(endpointslices))];
    expect(made.map(({ metadata }) => metadata.labels?.[label])).toEqual([undefined, undefined]);
  });

  test('nothing is written where nothing changes', async () => {
    await service();
    await pod('a');
    await cluster.settle();
    const versions = async () =>
      [...(await cluster.list(endpointslices)), ...(await cluster.list(endpoints))].map(
        (o) => o.metadata.resourceVersion,
      );
    const before = await versions();
    await cluster.patch(pods, 'a', { metadata: { annotations: { note: 'x' } } });
    await cluster.pass(3_600_000);
    expect(await versions()).toEqual(before);
  });

  test('Endpoints go with their Service', async () => {
    await service();
    await cluster.settle();
    await cluster.delete(services, 'web');
    await cluster.settle();
    expect(await cluster.find(endpoints, 'web')).toBeUndefined();
  });
});
