import { expect, test } from 'vitest';
import type { Node } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { MetricRegistry } from '../../platform/metrics/registry.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { SchedulerCache } from '../cache/cache.ts';
import { SchedulerMetrics } from './scheduler-metrics.ts';

const node: Stored<Node> = {
  metadata: { name: 'a', uid: 'a', resourceVersion: '1', creationTimestamp: '' },
  spec: {},
};

test('a scheduler that has ended knows of no nodes, and one that follows it of its own', () => {
  const meter = new MetricRegistry();
  const start = () => {
    const cache = new SchedulerCache();
    return {
      cache,
      metrics: new SchedulerMetrics(meter, { clock: new VirtualClock(), profiles: [], cache }),
    };
  };
  const nodes = () => seriesOf(meter)['scheduler_cache_size{type="nodes"}'];
  const first = start();
  first.cache.setNode(node);
  expect(nodes()).toBe(1);
  first.metrics.end();
  expect(nodes()).toBe(0);
  start().cache.setNode(node);
  expect(nodes()).toBe(1);
});
