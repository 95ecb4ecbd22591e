import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deployments, horizontalpodautoscalers } from '../../api/generated/resources.ts';
import type { MeasuredUsage } from '../../apiserver/registry/kind.ts';
import { timestamp } from '../../platform/clock.ts';
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

  test('up: twice as many or four more, down: all', () => {
    expect(ask(1, 50)).toMatchObject({ replicas: 5, limited: { reason: 'ScaleUpLimit' } });
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
    usage = 10;
    await cluster.pass(120_000);
    expect(await replicas()).toBeGreaterThanOrEqual(4);
    await cluster.pass(300_000);
    expect(await replicas()).toBe(1);
  });

  test('says so where nobody measures anything', async () => {
    usage = undefined;
    await cluster.pass(16_000);
    expect(await replicas()).toBe(2);
    expect(await conditions()).toMatchObject({ ScalingActive: 'False FailedGetResourceMetric' });
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
    expect(await replicasAfter(45_000)).toBe(2);
    expect(await replicasAfter(15_000)).toBe(3);
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

  test('keeps what it wanted while its target cannot be found', async () => {
    await cluster.pass(16_000);
    await cluster.delete(deployments, 'web');
    await cluster.pass(16_000);
    expect(await conditions()).toMatchObject({ AbleToScale: 'False FailedGetScale' });
    const { status } = await cluster.get(horizontalpodautoscalers, 'web');
    expect(status).toMatchObject({ currentReplicas: 2, desiredReplicas: 2 });
  });

  test('does nothing while its target is switched off', async () => {
    await cluster.patch(deployments, 'web', { spec: { replicas: 0 } });
    await cluster.pass(60_000);
    expect(await replicas()).toBe(0);
    expect(await conditions()).toMatchObject({ ScalingActive: 'False ScalingDisabled' });
  });
});
