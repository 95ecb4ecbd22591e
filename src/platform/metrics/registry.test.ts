import { expect, test } from 'vitest';
import { exponentialBounds } from './histogram.ts';
import { MetricRegistry } from './registry.ts';

const options = { name: 'things_total', help: 'Things.', stability: 'ALPHA', labels: ['kind'] } as const;

const valuesOf = (registry: MetricRegistry) => [...registry.metrics()].flatMap(({ values }) => values());

test('a metric is made once, so a part that is made anew counts on', () => {
  const registry = new MetricRegistry();
  registry.counter(options).with('a').add();
  registry.counter(options).with('a').add(2);
  registry.counter(options).with('b').add();
  expect([...registry.metrics()]).toMatchObject([
    { name: 'things_total', type: 'counter', stability: 'ALPHA' },
  ]);
  expect(valuesOf(registry)).toEqual([
    { labels: { kind: 'a' }, value: 3 },
    { labels: { kind: 'b' }, value: 1 },
  ]);
});

test('a counter can be read from what counts anyhow, and goes on from there when that is made anew', () => {
  const registry = new MetricRegistry();
  const counter = registry.counter(options).with('a');
  const [first, second] = [{ count: 3 }, { count: 0 }];
  counter.follow(() => first.count);
  counter.add();
  expect(valuesOf(registry)).toMatchObject([{ value: 4 }]);
  first.count++;
  counter.follow(() => second.count);
  first.count++;
  second.count++;
  expect(valuesOf(registry)).toMatchObject([{ value: 6 }]);
});

test('a gauge says what it was set to, or what it is read from', () => {
  const registry = new MetricRegistry();
  const gauge = registry.gauge({ ...options, labels: [] }).with();
  gauge.set(3);
  expect(valuesOf(registry)).toEqual([{ labels: {}, value: 3 }]);
  let level = 5;
  gauge.follow(() => level);
  level = 7;
  expect(valuesOf(registry)).toEqual([{ labels: {}, value: 7 }]);
});

test('readings are those of whoever gave them last', () => {
  const registry = new MetricRegistry();
  registry.readings(options, () => [[['a'], 1]]);
  const [before] = registry.metrics();
  registry.readings(options, () => [[['b'], 2]]);
  expect([...registry.metrics()]).toEqual([before]);
  expect(valuesOf(registry)).toEqual([{ labels: { kind: 'b' }, value: 2 }]);
});

test("the bounds of a histogram's buckets are written as Go writes them", () => {
  const registry = new MetricRegistry();
  const bounds = [...exponentialBounds(0.00001, 10, 2), 0.25, 1, 1.5, 250000, 1e6, 1.5e7];
  registry
    .histogram({ ...options, bounds })
    .with('a')
    .observe(0.3);
  const values = valuesOf(registry);
  expect(values.map(({ labels: { le } }) => le)).toEqual([
    '1e-05',
    '0.0001',
    '0.25',
    '1',
    '1.5',
    '250000',
    '1e+06',
    '1.5e+07',
    '+Inf',
    undefined,
    undefined,
  ]);
  expect(values.map(({ value }) => value)).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1, 0.3, 1]);
});
