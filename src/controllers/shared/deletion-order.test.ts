import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { byActivity, byDeletionOrder } from './deletion-order.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();

interface Given {
  uid?: string;
  node?: string;
  phase?: string;
  /** Seconds since it has been ready, and since it was made. */
  readyFor?: number;
  age?: number;
  restarts?: number;
  sidecarRestarts?: number;
  cost?: string;
}

function podOf(name: string, given: Given): Stored<Pod> {
  const { node = 'n', phase = 'Running', age = 1000, readyFor, restarts = 0, sidecarRestarts = 0 } = given;
  const annotations = given.cost && { 'controller.kubernetes.io/pod-deletion-cost': given.cost };
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor ?? 0) };
  const status = (container: string, restartCount: number) => ({ name: container, restartCount });
  return {
    metadata: {
      name,
      uid: given.uid ?? name,
      creationTimestamp: ago(age),
      resourceVersion: '1',
      ...(annotations && { annotations }),
    },
    spec: {
      ...(node && { nodeName: node }),
      containers: [{ name: 'c' }],
      initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'init' }],
    },
    status: {
      phase,
      conditions: readyFor === undefined ? [] : [ready],
      containerStatuses: [status('c', restarts)],
      initContainerStatuses: [status('side', sidecarRestarts), status('init', 99)],
    },
  } as unknown as Stored<Pod>;
}

/** The names of the pods, the first to go first, whatever the order in which they are given. */
const sorted = (pods: Record<string, Given>, rank: Record<string, number> = {}) => {
  const all = Object.entries(pods).map(([name, given]) => podOf(name, given));
  const order = (list: Stored<Pod>[]) =>
    byDeletionOrder(list, (pod) => rank[pod.metadata.name] ?? 0, nowMs).map(({ metadata }) => metadata.name);
  expect(order(all.toReversed())).toEqual(order(all));
  return order(all);
};

// upstream: TestSortingActivePodsWithRanks
describe('surplus pods go in this order', () => {
  test('those without a node, those that do not run, those that are not ready', () => {
    const pods = {
      ready: { readyFor: 10 },
      unready: {},
      unknown: { phase: 'Unknown' },
      pending: { phase: 'Pending' },
      nowhere: { node: '', phase: 'Pending' },
    };
    expect(sorted(pods)).toEqual(['nowhere', 'pending', 'unknown', 'unready', 'ready']);
  });

  test('the cheaper, then the more crowded', () => {
    const pods = {
      dear: { readyFor: 1, cost: '10' },
      cheap: { readyFor: 9, cost: '-5' },
      alone: { readyFor: 1 },
      crowded: { readyFor: 9 },
    };
    expect(sorted(pods, { crowded: 2, alone: 1 })).toEqual(['cheap', 'crowded', 'alone', 'dear']);
  });

  test('those that have been ready for a much shorter time, by the logarithm of nanoseconds', () => {
    expect(sorted({ old: { readyFor: 1000 }, young: { readyFor: 10 } })).toEqual(['young', 'old']);
    // 2^33 ns are 8.6 s: the seconds 8 and 9 are not of one magnitude, 9 and 17 are.
    expect(sorted({ a: { readyFor: 9 }, b: { readyFor: 8 } })).toEqual(['b', 'a']);
  });

  test('of those ready for about as long, by their UIDs, whatever they were restarted and whenever they were made', () => {
    const pods = {
      a: { uid: '2', readyFor: 17, restarts: 5, age: 20 },
      b: { uid: '1', readyFor: 9, restarts: 0, age: 5000 },
    };
    expect(sorted(pods)).toEqual(['b', 'a']);
  });

  test('those that were restarted more, sidecars after all others', () => {
    const pods = {
      none: {},
      side: { sidecarRestarts: 3 },
      many: { restarts: 2 },
      few: { restarts: 1, sidecarRestarts: 9 },
    };
    expect(sorted(pods)).toEqual(['many', 'few', 'side', 'none']);
  });

  test('the much younger; of those about as old, by their UIDs', () => {
    const pods = {
      old: { age: 5000 },
      young: { age: 5 },
      b: { uid: '1', age: 10 },
      a: { uid: '2', age: 16 },
    };
    expect(sorted(pods)).toEqual(['young', 'b', 'a', 'old']);
  });
});

// upstream: TestSortingActivePods
test('a Job takes the younger away to the second, and asks neither for costs nor for other pods', () => {
  const pods = {
    long: { uid: '1', readyFor: 17, cost: '-9' },
    short: { uid: '2', readyFor: 16 },
    restarted: { readyFor: 18, restarts: 1 },
    made: { readyFor: 18, age: 10 },
    before: { readyFor: 18, age: 11 },
    unready: {},
  };
  const all = Object.entries(pods).map(([name, given]) => podOf(name, given));
  const names = ['unready', 'short', 'long', 'restarted', 'made', 'before'];
  expect(byActivity(all).map(({ metadata }) => metadata.name)).toEqual(names);
});
