import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deployments, horizontalpodautoscalers, pods } from '../../api/generated/resources.ts';
import type { MeasuredUsage } from '../../apiserver/registry/kind.ts';
import { timestamp } from '../../platform/clock.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import type { ControllerContext } from '../controller.ts';
import { createDeploymentController } from '../deployment/deployment.ts';
import { createReplicaSetController } from '../replicaset/replicaset.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { limit } from './behavior.ts';
import { createHorizontalPodAutoscaler } from './horizontal.ts';

const scaler = (spec: object = {}) => ({
  metadata: {},
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 100, ...spec },
});
const past = { recommendations: [], changes: [] };

describe('what may be done at once', () => {
  const ask = (current: number, wanted: number, more: object = {}, spec: object = {}) =>
    limit(scaler(spec), { current, wanted, past, nowMs: 0, ...more });

  test('up: twice as many or four, down: all', () => {
    expect(ask(1, 50)).toMatchObject({ replicas: 4, limited: { reason: 'ScaleUpLimit' } });
    expect(ask(3, 5, {}, { behavior: {} })).toMatchObject({ replicas: 5 });
    expect(ask(1, 50, {}, { behavior: {} })).toMatchObject({ replicas: 5 });
    expect(ask(10, 50)).toMatchObject({ replicas: 20 });
    expect(ask(10, 1)).toMatchObject({ replicas: 1, limited: { status: 'False' } });
    expect(ask(90, 150)).toMatchObject({ replicas: 100, limited: { reason: 'TooManyReplicas' } });
    expect(ask(3, 1, {}, { minReplicas: 2 })).toMatchObject({
      replicas: 2,
      limited: { reason: 'TooFewReplicas' },
    });
  });

  test('down only where it has been so for a while', () => {
    const recommendations = [{ atMs: -100_000, replicas: 8 }];
    expect(ask(10, 2, { past: { recommendations, changes: [] } })).toMatchObject({
      replicas: 8,
      able: { reason: 'ScaleDownStabilized' },
    });
  });

  test('as the policies say, with what was done within their periods', () => {
    const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] } };
    expect(ask(5, 10, {}, { behavior })).toMatchObject({ replicas: 7 });
    const changes = [{ atMs: -30_000, replicas: 1 }];
    expect(ask(5, 10, { past: { recommendations: [], changes } }, { behavior })).toMatchObject({
      replicas: 6,
    });
    const both = [...changes, { atMs: -20_000, replicas: -2 }];
    expect(ask(5, 10, { past: { recommendations: [], changes: both } }, { behavior })).toMatchObject({
      replicas: 8,
    });
    const never = { scaleDown: { selectPolicy: 'Disabled', stabilizationWindowSeconds: 0 } };
    expect(ask(5, 1, {}, { behavior: never })).toMatchObject({ replicas: 5 });
  });
});

describe('an autoscaler', () => {
  let cluster: TestCluster;
  let context: ControllerContext;
  /** What each pod uses, in thousandths of a CPU; undefined: that is not known. */
  let usage: number | undefined;

  const measured: MeasuredUsage = {
    node: () => undefined,
    pod: () =>
      usage === undefined
        ? undefined
        : {
            timestamp: timestamp(cluster.clock),
            window: '15s',
            containers: [{ name: 'c', usage: { cpu: `${usage}m` } }],
          },
  };

  beforeEach(async () => {
    usage = 100;
    cluster = await TestCluster.start({ usage: async () => measured });
    void new TestNodes(cluster);
    context = cluster.context('horizontal-pod-autoscaler');
    await cluster.run(
      createHorizontalPodAutoscaler(context, { discover: cluster.discover }),
      createDeploymentController(cluster.context('deployment-controller')),
      createReplicaSetController(cluster.context('replicaset-controller')),
    );
    const labels = { app: 'web' };
    const resources = { requests: { cpu: '200m' } };
    const template = {
      metadata: { labels },
      spec: { containers: [{ name: 'c', image: 'web:1', resources }] },
    };
    await cluster.create(deployments, {
      metadata: { name: 'web' },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    });
    await cluster.settle();
    const target = { type: 'Utilization', averageUtilization: 50 };
    await cluster.create(horizontalpodautoscalers, {
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
      },
    });
    await cluster.settle();
  });
  afterEach(() => cluster.stop());

  const replicas = async () => (await cluster.get(deployments, 'web')).spec.replicas;
  const conditions = async () =>
    Object.fromEntries(
      ((await cluster.get(horizontalpodautoscalers, 'web')).status?.conditions ?? []).map((c) => [
        c.type,
        `${c.status} ${c.reason}`,
      ]),
    );

  const series = (name: string) => seriesOf(cluster.meter)[`horizontal_pod_autoscaler_controller_${name}`];

  test('leaves alone what is on its target', async () => {
    await cluster.pass(60_000);
    expect(await replicas()).toBe(2);
    const { status } = await cluster.get(horizontalpodautoscalers, 'web');
    expect(status?.currentMetrics).toEqual([
      {
        type: 'Resource',
        resource: { name: 'cpu', current: { averageValue: '100m', averageUtilization: 50 } },
      },
    ]);
    expect(await conditions()).toEqual({
      AbleToScale: 'True ReadyForNewScale',
      ScalingActive: 'True ValidMetricFound',
      ScalingLimited: 'False DesiredWithinRange',
    });
  });

  test('goes up at once, and down when it has been quiet for a while', async () => {
    usage = 200;
    await cluster.pass(16_000);
    expect(await replicas()).toBe(4);
    expect((await cluster.events('SuccessfulRescale'))[0]).toBe(
      'SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target',
    );
    expect(series('reconciliations_total{action="scale_up",error="none"}')).toBe(1);
    const computed = 'metric_computation_total{action="scale_up",error="none",metric_type="Resource"}';
    expect(series(computed)).toBe(1);
    usage = 10;
    await cluster.pass(120_000);
    expect(await replicas()).toBeGreaterThanOrEqual(4);
    await cluster.pass(300_000);
    expect(await replicas()).toBe(1);
    expect(series('reconciliations_total{action="scale_down",error="none"}')).toBeGreaterThan(0);
    const took = 'reconciliation_duration_seconds_count{action="scale_up",error="none"}';
    expect(series(took)).toBe(1);
    expect(series('num_horizontal_pod_autoscalers')).toBe(1);
    expect(series('desired_replicas{namespace="default",hpa_name="web"}')).toBe(1);
  });

  test('goes down when it has been quiet for a while, and no earlier or later, however the clock is set', async () => {
    usage = 200;
    await cluster.pass(16_000);
    expect(await replicas()).toBe(4);
    usage = 10;
    cluster.clock.shiftWall(5 * 3_600_000);
    await cluster.pass(120_000);
    expect(await replicas()).toBeGreaterThanOrEqual(4);
    cluster.clock.shiftWall(-5 * 3_600_000);
    await cluster.pass(300_000);
    expect(await replicas()).toBe(1);
  });

  test('says so where nobody measures anything', async () => {
    usage = undefined;
    await cluster.pass(16_000);
    expect(await replicas()).toBe(2);
    expect(await conditions()).toMatchObject({ ScalingActive: 'False FailedGetResourceMetric' });
    expect(series('reconciliations_total{action="none",error="internal"}')).toBeGreaterThan(0);
    const computed = 'metric_computation_total{action="none",error="internal",metric_type="Resource"}';
    expect(series(computed)).toBeGreaterThan(0);
    const why =
      'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API';
    expect(await cluster.events('FailedGetResourceMetric')).toContain(`FailedGetResourceMetric ${why}`);
    expect(await cluster.events('FailedComputeMetricsReplicas')).toContain(
      `FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
    );
  });

  test.each([
    [
      'ContainerResource',
      'containerResource',
      { name: 'cpu', container: 'none', target: { type: 'Utilization', averageUtilization: 50 } },
    ],
    ['Pods', 'pods', { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } }],
    ['External', 'external', { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } }],
    [
      'Object',
      'object',
      {
        describedObject: { kind: 'Service', name: 'web' },
        metric: { name: 'm' },
        target: { type: 'Value', value: '1' },
      },
    ],
  ])('tells by its reason which kind of metric it cannot get: %s', async (type, field, source) => {
    await cluster.patch(horizontalpodautoscalers, 'web', { spec: { metrics: [{ type, [field]: source }] } });
    await cluster.pass(16_000);
    expect(await conditions()).toMatchObject({ ScalingActive: `False FailedGet${type}Metric` });
  });

  test('says that the replicas were out of its bounds, whatever was measured before', async () => {
    await cluster.pass(16_000);
    await cluster.patch(horizontalpodautoscalers, 'web', { spec: { minReplicas: 3 } });
    await cluster.pass(1000);
    await cluster.patch(deployments, 'web', { spec: { replicas: 12 } });
    await cluster.pass(16_000);
    const told = await cluster.events('SuccessfulRescale');
    expect(told).toContain(
      'SuccessfulRescale New size: 3; reason: Current number of replicas below Spec.MinReplicas',
    );
    expect(told).toContain(
      'SuccessfulRescale New size: 10; reason: Current number of replicas above Spec.MaxReplicas',
    );
  });

  test('counts what it did for its bounds where its policies ask what it did', async () => {
    const labels = { app: 'other' };
    const resources = { requests: { cpu: '200m' } };
    const containers = [{ name: 'c', image: 'web:1', resources }];
    await cluster.create(deployments, {
      metadata: { name: 'other' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
    usage = 400;
    const target = { type: 'Utilization', averageUtilization: 50 };
    const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }];
    await cluster.create(horizontalpodautoscalers, {
      metadata: { name: 'other' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' },
        minReplicas: 2,
        maxReplicas: 10,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
        behavior: { scaleUp: { policies } },
      },
    });
    const replicasAfter = async (ms: number) => {
      await cluster.pass(ms);
      return (await cluster.get(deployments, 'other')).spec.replicas;
    };
    expect(await replicasAfter(16_000)).toBe(2);
    expect(await replicasAfter(30_000)).toBe(2);
    expect(await replicasAfter(15_000)).toBe(3);
  });

  test('asks once a look for what many metrics are made of, and gives others their turn between them', async () => {
    const { transport } = context.client;
    const real = transport.request.bind(transport);
    let asked = 0;
    vi.spyOn(transport, 'request').mockImplementation((r) => {
      if (r.path.endsWith('/pods')) asked++;
      return real(r);
    });
    let turns = 0;
    let isCounting = true;
    const count = () => void setImmediate(() => (turns++, isCounting && count()));
    const turnsOfLook = async (metrics: number) => {
      const source = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } };
      const spec = {
        metrics: Array.from({ length: metrics }, () => ({ type: 'Resource', resource: source })),
      };
      await cluster.patch(horizontalpodautoscalers, 'web', { spec });
      [asked, turns] = [0, 0];
      await cluster.pass(16_000);
      return turns;
    };
    count();
    const few = await turnsOfLook(1);
    expect(asked).toBe(1);
    expect((await turnsOfLook(500)) - few).toBeGreaterThan(40);
    expect(asked).toBe(1);
    isCounting = false;
    expect((await cluster.get(horizontalpodautoscalers, 'web')).status?.currentMetrics).toHaveLength(500);
  });

  test('reads the scale again where somebody else has just changed it', async () => {
    await cluster.pass(16_000);
    const { transport } = context.client;
    const real = transport.request.bind(transport);
    let left = 2;
    vi.spyOn(transport, 'request').mockImplementation(async (r) => {
      if (r.method === 'PUT' && r.path.endsWith('/scale') && left-- > 0)
        await cluster.client
          .of(deployments)
          .patch(
            { name: 'web', namespace: 'default' },
            { metadata: { annotations: { touched: `${left}` } } },
            { type: 'application/merge-patch+json', cause: { reason: 'a test says so' } },
          );
      return real(r);
    });
    usage = 200;
    await cluster.pass(16_000);
    expect(left).toBeLessThan(0);
    expect(await replicas()).toBe(4);
    expect(await cluster.events('FailedRescale')).toEqual([]);
  });

  test('says that it could not set the replicas, and tries again', async () => {
    await cluster.pass(16_000);
    const { transport } = context.client;
    const real = transport.request.bind(transport);
    const refusing = vi
      .spyOn(transport, 'request')
      .mockImplementation((r) =>
        r.method === 'PUT' && r.path.endsWith('/scale') ? Promise.reject(new Error('no')) : real(r),
      );
    usage = 200;
    await cluster.pass(16_000);
    expect(await conditions()).toMatchObject({ AbleToScale: 'False FailedUpdateScale' });
    expect((await cluster.get(horizontalpodautoscalers, 'web')).status?.desiredReplicas).toBe(2);
    expect((await cluster.events('FailedRescale'))[0]).toBe(
      'FailedRescale New size: 4; reason: cpu resource utilization (percentage of request) above target; error: no',
    );
    refusing.mockRestore();
    await cluster.pass(16_000);
    expect(await replicas()).toBe(4);
  });

  test('does not take all pods for those of a target without a selector', async () => {
    const { transport } = context.client;
    const real = transport.request.bind(transport);
    vi.spyOn(transport, 'request').mockImplementation(async (r) => {
      const answer = await real(r);
      if (r.method !== 'GET' || !r.path.endsWith('/scale')) return answer;
      return { ...(answer as object), status: { replicas: 2 } };
    });
    usage = 200;
    await cluster.pass(31_000);
    expect(await replicas()).toBe(2);
    expect(await conditions()).toMatchObject({ ScalingActive: 'False InvalidSelector' });
    expect(await cluster.events('SelectorRequired')).toContain('SelectorRequired selector is required');
  });

  test('says of a selector that it cannot be read', async () => {
    const { transport } = context.client;
    const real = transport.request.bind(transport);
    vi.spyOn(transport, 'request').mockImplementation(async (r) => {
      const answer = await real(r);
      if (r.method !== 'GET' || !r.path.endsWith('/scale')) return answer;
      return { ...(answer as object), status: { replicas: 2, selector: 'cheese=in(gouda' } };
    });
    await cluster.pass(16_000);
    expect(await conditions()).toMatchObject({ ScalingActive: 'False InvalidSelector' });
    const [told] = await cluster.events('InvalidSelector');
    expect(told).toMatch(
      /^InvalidSelector couldn't convert selector into a corresponding internal selector object: /,
    );
  });

  test('does not scale pods that another one scales too', async () => {
    usage = 200;
    const { spec } = await cluster.get(horizontalpodautoscalers, 'web');
    await cluster.create(horizontalpodautoscalers, { metadata: { name: 'again' }, spec });
    await cluster.pass(31_000);
    expect(await conditions()).toMatchObject({ ScalingActive: 'False AmbiguousSelector' });
    expect(await cluster.events('AmbiguousSelector')).toContain(
      'AmbiguousSelector pods by selector app=web are controlled by multiple HPAs: [default/again default/web]',
    );
    await cluster.delete(horizontalpodautoscalers, 'again');
    await cluster.pass(16_000);
    expect(await conditions()).toMatchObject({ ScalingActive: 'True ValidMetricFound' });
  });

  test('says that it could not write down what it found', async () => {
    await cluster.pass(16_000);
    const { transport } = context.client;
    const real = transport.request.bind(transport);
    vi.spyOn(transport, 'request').mockImplementation((r) =>
      r.method === 'PUT' && r.path.endsWith('/web/status') ? Promise.reject(new Error('no')) : real(r),
    );
    usage = 200;
    await cluster.pass(16_000);
    expect(await cluster.events('FailedUpdateStatus')).toContain('FailedUpdateStatus no');
  });

  test('keeps what it wanted while its target cannot be found', async () => {
    await cluster.pass(16_000);
    await cluster.delete(deployments, 'web');
    await cluster.pass(16_000);
    expect(await conditions()).toMatchObject({ AbleToScale: 'False FailedGetScale' });
    const { status } = await cluster.get(horizontalpodautoscalers, 'web');
    expect(status).toMatchObject({ currentReplicas: 2, desiredReplicas: 2 });
  });

  test('says of what kind it finds nothing to scale', async () => {
    await cluster.patch(horizontalpodautoscalers, 'web', {
      spec: { scaleTargetRef: { kind: 'Ship', apiVersion: 'sea/v1' } },
    });
    await cluster.pass(16_000);
    expect(await cluster.events('FailedGetScale')).toContain(
      'FailedGetScale no matches for kind "Ship" in group "sea"',
    );
  });

  test('does not scale what belongs to no namespace', async () => {
    const requests: string[] = [];
    const spying = cluster.refusing('cluster-wide', ({ path }) => requests.push(path) === 0);
    const fleets = { ...deployments, group: 'sea', kind: 'Fleet', plural: 'fleets', namespaced: false };
    const discover = async () => [{ ...fleets, verbs: ['get', 'update'] }];
    await cluster.patch(horizontalpodautoscalers, 'web', {
      spec: { scaleTargetRef: { kind: 'Fleet', apiVersion: 'sea/v1' } },
    });
    await cluster.run(createHorizontalPodAutoscaler(spying, { discover }));
    await cluster.pass(16_000);
    expect(requests.filter((path) => path.includes('fleets'))).toEqual([]);
    expect(requests.some((path) => path.endsWith('horizontalpodautoscalers/web/status'))).toBe(true);
  });

  test('does nothing while its target is switched off', async () => {
    await cluster.patch(deployments, 'web', { spec: { replicas: 0 } });
    await cluster.pass(60_000);
    expect(await replicas()).toBe(0);
    expect(await conditions()).toMatchObject({ ScalingActive: 'False ScalingDisabled' });
  });

  describe('by metrics that somebody else serves', () => {
    /** Answers by path, with the query's selectors. */
    let served: Record<string, unknown>;
    let asked: string[];
    const group = (preferred: string, ...versions: string[]) => ({
      kind: 'APIGroup',
      preferredVersion: { version: preferred },
      versions: versions.map((version) => ({ version })),
    });
    const values = (...items: object[]) => ({
      kind: 'MetricValueList',
      items: items.map((item) => ({ timestamp: timestamp(cluster.clock), ...item })),
    });
    const custom = '/apis/custom.metrics.k8s.io';
    const own = `${custom}/v1beta2/namespaces/default`;
    const outside = '/apis/external.metrics.k8s.io/v1beta1/namespaces/default';

    beforeEach(() => {
      served = { [custom]: group('v1beta2', 'v1beta1', 'v1beta2') };
      asked = [];
      const { transport } = context.client;
      const real = transport.request.bind(transport);
      vi.spyOn(transport, 'request').mockImplementation(async (r) => {
        if (!/^\/apis\/(custom|external)\./.test(r.path)) return real(r);
        const selectors = Object.entries(r.query ?? {}).filter(([, value]) => value !== undefined);
        asked.push([r.path, ...selectors.map(([key, value]) => `${key}: ${value}`)].join(' '));
        return r.path in served ? served[r.path] : real(r);
      });
    });

    const scaleBy = async (...metrics: object[]) => {
      asked = [];
      await cluster.patch(horizontalpodautoscalers, 'web', { spec: { metrics } });
    };
    const current = async () =>
      (await cluster.get(horizontalpodautoscalers, 'web')).status?.currentMetrics?.[0];
    const rescaled = async () => (await cluster.events('SuccessfulRescale')).at(-1);
    const podsMetric = (averageValue: string) => ({
      type: 'Pods',
      pods: { metric: { name: 'qps' }, target: { type: 'AverageValue', averageValue } },
    });
    const describedObject = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const objectMetric = (target: object, reference: object = describedObject) => ({
      type: 'Object',
      object: { describedObject: reference, metric: { name: 'qps' }, target },
    });
    const selector = { matchLabels: { queue: 'a' } };
    const externalMetric = (target: object) => ({
      type: 'External',
      external: { metric: { name: 'waiting', selector }, target },
    });
    const servePods = async (of: string) => {
      const names = await cluster.names(pods);
      served[`${of}/pods/*/qps`] = values(
        ...names.map((name, i) => ({ describedObject: { name }, value: i % 2 ? '30' : '29500m' })),
      );
    };

    test('of each pod', async () => {
      await servePods(own);
      await scaleBy(podsMetric('15'));
      expect(asked).toEqual([custom, `${own}/pods/*/qps labelSelector: app=web`]);
      expect(await replicas()).toBe(4);
      expect(await rescaled()).toBe('SuccessfulRescale New size: 4; reason: pods metric qps above target');
      expect(await current()).toEqual({
        type: 'Pods',
        pods: { metric: { name: 'qps' }, current: { averageValue: '29750m' } },
      });
    });

    test('in the older version where only that is served', async () => {
      served[custom] = group('v2', 'v2', 'v1beta1');
      await servePods(`${custom}/v1beta1/namespaces/default`);
      await scaleBy(podsMetric('15'));
      expect(await replicas()).toBe(4);
      served[custom] = group('v2', 'v2');
      await cluster.pass(16_000);
      expect(await cluster.events('FailedGetPodsMetric')).toContain(
        'FailedGetPodsMetric unable to get metric qps: unable to fetch metrics from custom metrics API: no known available metric versions found',
      );
    });

    test('that are narrowed by labels', async () => {
      served[`${own}/pods/*/qps`] = values();
      const metric = { name: 'qps', selector };
      const target = { type: 'AverageValue', averageValue: '1' };
      await scaleBy({ type: 'Pods', pods: { metric, target } });
      expect(asked[1]).toBe(`${own}/pods/*/qps labelSelector: app=web metricLabelSelector: queue=a`);
      const why = 'unable to get metric qps: no metrics returned from custom metrics API';
      expect(await cluster.events('FailedGetPodsMetric')).toContain(`FailedGetPodsMetric ${why}`);
      expect(await cluster.events('FailedComputeMetricsReplicas')).toContain(
        `FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: ${why}`,
      );
    });

    test('of one object', async () => {
      served[`${own}/deployments.apps/web/qps`] = values({ value: '30' });
      await scaleBy(objectMetric({ type: 'Value', value: '20' }));
      expect(await replicas()).toBe(3);
      expect(await rescaled()).toBe(
        'SuccessfulRescale New size: 3; reason: Deployment metric qps above target',
      );
      expect(await current()).toEqual({
        type: 'Object',
        object: { describedObject, metric: { name: 'qps' }, current: { value: '30' } },
      });
    });

    test('of one object, shared among the replicas', async () => {
      served[`${own}/deployments.apps/web/qps`] = values({ value: '31' });
      await scaleBy(objectMetric({ type: 'AverageValue', averageValue: '10' }));
      expect(await replicas()).toBe(4);
      expect(await rescaled()).toBe(
        'SuccessfulRescale New size: 4; reason: external metric qps(nil) above target',
      );
      expect(await current()).toMatchObject({ object: { current: { averageValue: '15500m' } } });
    });

    test('of its namespace, whichever is named', async () => {
      served[`${own}/metrics/qps`] = values({ value: '30' });
      await scaleBy(
        objectMetric(
          { type: 'Value', value: '20' },
          { apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' },
        ),
      );
      expect(await replicas()).toBe(3);
    });

    test('of an object that cannot be found', async () => {
      const target = { type: 'Value', value: '20' };
      const get =
        'unable to get metric qps on Deployment default/web: unable to fetch metrics from custom metrics API';
      served[`${own}/deployments.apps/web/qps`] = values({ value: '1' }, { value: '2' });
      await scaleBy(objectMetric(target));
      const events = await cluster.events('FailedGetObjectMetric');
      expect(events).toContain(
        `FailedGetObjectMetric ${get}: the custom metrics API server returned 2 results when we asked for exactly one`,
      );
      expect(await current()).toEqual({ type: '' });
      await scaleBy(objectMetric(target, { apiVersion: 'sea/v1', kind: 'Ship', name: 'web' }));
      expect(await cluster.events('FailedGetObjectMetric')).toContain(
        `FailedGetObjectMetric ${get.replace('Deployment', 'Ship')}: unable to map kind Ship.sea to resource: no matches for kind "Ship" in group "sea"`,
      );
      delete served[custom];
      await scaleBy(objectMetric(target));
      expect(await cluster.events('FailedComputeMetricsReplicas')).toContain(
        `FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get object metric value: ${get}: no custom metrics API (custom.metrics.k8s.io) registered`,
      );
    });

    test('from outside, all values together', async () => {
      served[`${outside}/waiting`] = values({ value: '20' }, { value: '10' });
      await scaleBy(externalMetric({ type: 'Value', value: '20' }));
      expect(asked).toEqual([`${outside}/waiting labelSelector: queue=a`]);
      expect(await replicas()).toBe(3);
      const metric = { name: 'waiting', selector };
      expect(await current()).toEqual({ type: 'External', external: { metric, current: { value: '30' } } });
      expect(await rescaled()).toBe(
        'SuccessfulRescale New size: 3; reason: external metric waiting(&LabelSelector{MatchLabels:map[string]string{queue: a,},MatchExpressions:[]LabelSelectorRequirement{},}) above target',
      );
    });

    test('from outside, shared among the replicas', async () => {
      served[`${outside}/waiting`] = values({ value: '20' }, { value: '10' });
      await scaleBy(externalMetric({ type: 'AverageValue', averageValue: '10' }));
      expect(await replicas()).toBe(3);
      expect(await current()).toMatchObject({ external: { current: { averageValue: '15' } } });
    });

    test('from outside, that nobody serves', async () => {
      await scaleBy(externalMetric({ type: 'Value', value: '20' }));
      const selected =
        '&LabelSelector{MatchLabels:map[string]string{queue: a,},MatchExpressions:[]LabelSelectorRequirement{},}';
      expect((await cluster.events('FailedGetExternalMetric'))[0]).toBe(
        `FailedGetExternalMetric unable to get external metric default/waiting/${selected}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get waiting.external.metrics.k8s.io)`,
      );
      expect((await cluster.events('FailedComputeMetricsReplicas')).join()).toContain(
        `first error is: failed to get waiting external metric value: failed to get external metric waiting: unable to get external metric default/waiting/${selected}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get waiting.external.metrics.k8s.io)`,
      );
    });

    test('some of which cannot be had: it grows by the others, and does not shrink', async () => {
      served[`${outside}/waiting`] = values({ value: '30' });
      const metrics = [podsMetric('1'), externalMetric({ type: 'Value', value: '20' })];
      await scaleBy(...metrics);
      expect(await replicas()).toBe(3);
      const { status } = await cluster.get(horizontalpodautoscalers, 'web');
      expect(status?.currentMetrics).toEqual([{ type: '' }, expect.objectContaining({ type: 'External' })]);
      served[`${outside}/waiting`] = values({ value: '1' });
      await cluster.pass(400_000);
      expect(await replicas()).toBe(3);
      expect(await conditions()).toMatchObject({ ScalingActive: 'False FailedGetPodsMetric' });
    });

    test('within the tolerance that it was given', async () => {
      served[`${outside}/waiting`] = values({ value: '23' });
      const behavior = { scaleUp: { tolerance: '0.2' }, scaleDown: { tolerance: '0' } };
      await cluster.patch(horizontalpodautoscalers, 'web', { spec: { behavior } });
      await scaleBy(externalMetric({ type: 'Value', value: '20' }));
      expect(await replicas()).toBe(2);
      await cluster.patch(horizontalpodautoscalers, 'web', {
        spec: { behavior: { scaleUp: { tolerance: '0.1' } } },
      });
      expect(await replicas()).toBe(3);
    });
  });
});
