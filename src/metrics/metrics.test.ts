import { describe, expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import { silentLog } from '../platform/log.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { type Point, readPoints } from './read-points.ts';
import { UsageCollector } from './usage-collector.ts';
import { UsagePoints } from './usage-points.ts';
import { nextOfContainer, nextOfNode, usedIn } from './window.ts';

const MiB = 2 ** 20;
const point = (second: number, cpuSeconds: number, more: Partial<Point> = {}): Point => ({
  timeMs: second * 1000,
  startMs: 0,
  cpuSeconds,
  memoryBytes: MiB,
  ...more,
});

test('what a kubelet says is read by container, and only what is whole', () => {
  const text = `# HELP container_cpu_usage_seconds_total Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="a",namespace="ns",pod="p"} 1.5e+01 2000
container_cpu_usage_seconds_total{container="b",namespace="ns",pod="p"} 2
container_cpu_usage_seconds_total{container="a",namespace="ns",pod="half"} 2 2000
container_memory_working_set_bytes{container="a",namespace="ns",pod="p"} 1.048576e+06 2000
container_memory_working_set_bytes{container="b",namespace="ns",pod="p"} 7 2000
container_start_time_seconds{container="a",namespace="ns",pod="p"} 1.5
node_cpu_usage_seconds_total 100 3000
node_memory_working_set_bytes 4096 3000
pod_cpu_usage_seconds_total{namespace="ns",pod="p"} 17 2000
resource_scrape_error 0
`;
  const { node, pods } = readPoints(text, 9000);
  expect(node).toEqual({ timeMs: 3000, startMs: 0, cpuSeconds: 100, memoryBytes: 4096 });
  const containers: [string, Point][] = [
    ['a', { timeMs: 2000, startMs: 1500, cpuSeconds: 15, memoryBytes: MiB }],
    ['b', { timeMs: 9000, startMs: 0, cpuSeconds: 2, memoryBytes: 7 }],
  ];
  expect([...pods]).toEqual([['ns/p', new Map(containers)]]);
  expect(readPoints('container_cpu_usage_seconds_total{ nonsense', 0)).toEqual({ pods: new Map() });
});

describe('two points', () => {
  test('give the average between them, and the memory at their end', () => {
    const window = nextOfNode(nextOfNode(undefined, point(10, 1)), point(25, 4, { memoryBytes: 3 * MiB }));
    expect(usedIn(window)).toEqual({
      timestamp: '1970-01-01T00:00:25Z',
      window: '15s',
      usage: { cpu: '200m', memory: '3Mi' },
    });
  });

  test('are needed', () => {
    expect(usedIn(nextOfNode(undefined, point(10, 1)))).toBeUndefined();
  });

  test('are the last two of different times', () => {
    const first = nextOfNode(undefined, point(10, 1));
    const again = nextOfNode(nextOfNode(first, point(20, 2)), point(20, 2));
    expect(usedIn(again)).toMatchObject({ window: '10s', usage: { cpu: '100m' } });
  });

  test('of which the later is of an earlier time are of a clock that was set back', () => {
    const first = nextOfNode(nextOfNode(undefined, point(7200, 1)), point(7215, 2));
    const setBack = nextOfNode(first, point(30, 3));
    expect(usedIn(setBack)).toBeUndefined();
    expect(usedIn(nextOfNode(setBack, point(45, 6)))).toMatchObject({
      window: '15s',
      usage: { cpu: '200m' },
    });
  });

  test('of which the later counts less are of two machines of one name', () => {
    expect(usedIn(nextOfNode(nextOfNode(undefined, point(10, 100)), point(25, 3)))).toBeUndefined();
  });
});

describe('a container', () => {
  const next = (known: Parameters<typeof nextOfContainer>[0], last: Point) =>
    nextOfContainer(known, last, 15_000);

  test('that is young has used what it has used since it began', () => {
    const young = next(undefined, point(22, 6, { startMs: 10_000 }));
    expect(usedIn(young)).toMatchObject({ window: '12s', usage: { cpu: '500m' } });
    expect(usedIn(next(undefined, point(19, 6, { startMs: 10_000 })))).toBeUndefined();
    expect(usedIn(next(undefined, point(25, 6, { startMs: 10_000 })))).toBeUndefined();
  });

  test('that was started again begins anew, however much it has used by then', () => {
    const before = next(next(undefined, point(100, 1)), point(115, 2));
    const after = next(before, point(130, 9, { startMs: 125_000 }));
    expect(usedIn(after)).toBeUndefined();
    expect(usedIn(next(after, point(145, 12, { startMs: 125_000 })))).toMatchObject({
      window: '15s',
      usage: { cpu: '200m' },
    });
  });
});

describe('what is known of all', () => {
  const scrape = (second: number, containers: Record<string, number>, pod = 'ns/p') => ({
    node: point(second, second),
    pods: new Map([
      [pod, new Map(Object.entries(containers).map(([name, cpu]) => [name, point(second, cpu)]))],
    ]),
  });

  test('a pod is told when all of its containers are', () => {
    const points = new UsagePoints(15_000);
    points.take('n', scrape(100, { a: 1 }));
    points.take('n', scrape(115, { a: 4, b: 5 }));
    expect(points.pod('ns', 'p')).toBeUndefined();
    points.take('n', scrape(130, { a: 4, b: 8 }));
    expect(points.pod('ns', 'p')).toEqual({
      timestamp: '1970-01-01T00:02:10Z',
      window: '15s',
      containers: [
        { name: 'a', usage: { cpu: '0', memory: '1Mi' } },
        { name: 'b', usage: { cpu: '200m', memory: '1Mi' } },
      ],
    });
    expect(points.pod('other', 'p')).toBeUndefined();
  });

  test('what is gone is forgotten, and a pod of the same name elsewhere is another', () => {
    const points = new UsagePoints(15_000);
    for (const second of [100, 115]) points.take('old', scrape(second, { a: second }));
    for (const second of [116, 131]) points.take('new', scrape(second, { a: 2 * second }));
    points.take('old', scrape(130, {}, 'ns/other'));
    expect(points.pod('ns', 'p')?.containers[0]?.usage.cpu).toBe('2');
    points.keep(new Set(['old']));
    expect(points.pod('ns', 'p')).toBeUndefined();
    expect(points.node('new')).toBeUndefined();
    expect(points.node('old')?.usage.cpu).toBe('1');
  });
});

describe('nodes are asked', () => {
  const clock = new VirtualClock();
  const startMs = clock.now();
  const said = (second: number) =>
    `node_cpu_usage_seconds_total ${second}\nnode_memory_working_set_bytes 1024\n`;

  test('every 15 seconds, all at once; who does not answer is not known, and holds nobody up', async () => {
    const asked: string[] = [];
    let nodes = ['a', 'b', 'silent'];
    let isMute = false;
    const collector = new UsageCollector({
      clock,
      log: silentLog,
      nodes: () => nodes.map((name): Node => ({ metadata: { name }, spec: {}, status: {} })),
      read: async ({ metadata: { name } }, signal) => {
        const second = (clock.now() - startMs) / 1000;
        asked.push(`${second} ${name}`);
        if (name === 'silent') await clock.sleep(60_000, signal);
        if (isMute) throw new Error('connection refused');
        return said(second / 2);
      },
    });
    const end = new AbortController();
    const running = collector.run(end.signal);
    await clock.advance(16_000);
    expect(asked).toEqual(['0 a', '0 b', '0 silent', '15 a', '15 b', '15 silent']);
    expect(collector.node('a')).toMatchObject({ window: '15s', usage: { cpu: '500m', memory: '1Ki' } });
    expect(collector.node('silent')).toBeUndefined();
    isMute = true;
    nodes = ['a'];
    await clock.advance(15_000);
    expect(collector.node('a')).toBeUndefined();
    expect(collector.node('b')).toBeUndefined();
    end.abort();
    await running;
    expect(asked).toHaveLength(7);
  });

  test('some in each breath where there are many, and others come to a turn between them', async () => {
    const atMs = new Map<number, number>();
    const collector = new UsageCollector({
      clock,
      log: silentLog,
      nodes: () =>
        Array.from({ length: 400 }, (_, i): Node => ({ metadata: { name: `n${i}` }, spec: {}, status: {} })),
      read: async (_, signal) => {
        atMs.set(clock.now(), (atMs.get(clock.now()) ?? 0) + 1);
        await clock.sleep(60_000, signal);
        return '';
      },
    });
    const end = new AbortController();
    const running = collector.run(end.signal);
    await clock.advance(14_000);
    expect(Math.max(...atMs.values())).toBeLessThanOrEqual(16);
    // Of nodes that do not answer only so many are waited for.
    expect([...atMs.values()].reduce((sum, count) => sum + count)).toBe(256);
    end.abort();
    await running;
  });
});
