import { expect, test } from 'vitest';
import { expositionOf } from './exposition.ts';
import { MetricRegistry } from './registry.ts';

test('metrics are told as Prometheus reads them', () => {
  const registry = new MetricRegistry();
  const counter = registry.counter({
    name: 'seen_total',
    help: 'A\nB',
    stability: 'ALPHA',
    labels: ['what'],
  });
  counter.with('a "b"\\\n').add(2);
  registry.gauge({ name: 'level', help: 'Level.', stability: 'STABLE' }).with().set(0.5);
  registry.gauge({ name: 'nobody', help: 'Without series.', stability: 'BETA', labels: ['x'] });
  const times = registry.histogram({ name: 'seconds', help: 'Time.', stability: 'ALPHA', bounds: [1] });
  times.with().observe(0.25);
  times.with().observe(4);
  expect(expositionOf(registry.metrics())).toBe(
    `# HELP seen_total [ALPHA] A\\nB
# TYPE seen_total counter
seen_total{what="a \\"b\\"\\\\\\n"} 2
# HELP level [STABLE] Level.
# TYPE level gauge
level 0.5
# HELP seconds [ALPHA] Time.
# TYPE seconds histogram
seconds_bucket{le="1"} 1
seconds_bucket{le="+Inf"} 2
seconds_sum 4.25
seconds_count 2
`,
  );
});
