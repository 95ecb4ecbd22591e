import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Samples } from './metrics.ts';
import { countByAverage, countByShare, countByUtilization, countByValue, type Present } from './replicas.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
const tolerance = { up: 0.1, down: 0.1 };
const time = (agoSeconds: number) => new Date(nowMs - agoSeconds * 1000).toISOString();

interface Told {
  used?: number;
  request?: string;
  phase?: string;
  ready?: boolean;
  /** Seconds ago. */
  started?: number;
  changed?: number;
  measured?: number;
  deleted?: boolean;
  more?: object;
}

const podOf = (index: number, told: Told) =>
  ({
    metadata: { name: `p${index}`, ...(told.deleted && { deletionTimestamp: time(1) }) },
    spec: {
      containers: [{ name: 'c', ...(told.request && { resources: { requests: { cpu: told.request } } }) }],
      ...told.more,
    },
    status: {
      phase: told.phase ?? 'Running',
      startTime: time(told.started ?? 3600),
      conditions: [
        {
          type: 'Ready',
          status: (told.ready ?? true) ? 'True' : 'False',
          lastTransitionTime: time(told.changed ?? 3000),
        },
      ],
    },
  }) as unknown as Stored<Pod>;

function given(list: readonly Told[], replicas = list.length): { present: Present; samples: Samples } {
  const samples: Samples = new Map();
  list.forEach(({ used, measured = 0 }, i) => {
    if (used !== undefined)
      samples.set(`p${i}`, { value: used, atMs: nowMs - measured * 1000, windowMs: 60_000 });
  });
  return { present: { pods: list.map((told, i) => podOf(i, told)), replicas, tolerance, nowMs }, samples };
}

const byUtilization = (percent: number, list: readonly Told[], replicas?: number) => {
  const { present, samples } = given(list, replicas);
  return countByUtilization(present, { samples, resource: 'cpu', percent });
};
const cpu = (used: number | undefined, more: Told = {}): Told => ({ used, request: '1', ...more });

describe('replicas by what pods use of what they ask for', () => {
  test('scale up and down, and not for less than a tenth', () => {
    expect(byUtilization(30, [cpu(300), cpu(500), cpu(700)])).toEqual({
      replicas: 5,
      utilization: 50,
      average: 500,
    });
    expect(byUtilization(50, [cpu(100), cpu(300), cpu(500), cpu(250), cpu(250)]).replicas).toBe(3);
    expect(byUtilization(100, [cpu(950), cpu(1010), cpu(1050)]).replicas).toBe(3);
  });

  test('a percent is cut off, not rounded', () => {
    expect(byUtilization(50, [cpu(559)])).toEqual({ replicas: 1, utilization: 55, average: 559 });
  });

  test('scale up with pods that are not ready: they use nothing', () => {
    const starting = { ready: false, started: 60, changed: 60 };
    expect(byUtilization(30, [cpu(300, starting), cpu(500), cpu(700)])).toMatchObject({
      replicas: 4,
      utilization: 60,
    });
    expect(byUtilization(30, [cpu(400, starting), cpu(500, starting), cpu(700)]).replicas).toBe(3);
  });

  test('a pod that is ready again, or has been for a window, counts', () => {
    expect(byUtilization(30, [cpu(900, { started: 60, changed: 70 })]).replicas).toBe(3);
    expect(() => byUtilization(30, [cpu(900, { started: 60, changed: 30 })])).toThrow(
      'did not receive metrics for targeted pods (pods might be unready)',
    );
    // Unready for a while, though it was ready once.
    expect(byUtilization(30, [cpu(900, { ready: false, changed: 10 })]).replicas).toBe(3);
    // It never was.
    expect(() => byUtilization(30, [cpu(900, { ready: false, changed: 3590 })])).toThrow();
  });

  test('pods that tell nothing use all they ask for where some are to go, nothing where some are to come', () => {
    expect(byUtilization(100, [cpu(undefined), cpu(300)], 2).replicas).toBe(2);
    expect(byUtilization(50, [cpu(undefined), cpu(1000)], 2).replicas).toBe(2);
    expect(byUtilization(10, [cpu(undefined), cpu(1000)], 2).replicas).toBe(10);
    // Above a target of more than all, they use the target.
    expect(byUtilization(200, [cpu(undefined), cpu(100), cpu(100)], 3).replicas).toBe(2);
  });

  test('pods that have ended or are going, and pending ones, count for nothing', () => {
    const list = [cpu(900), cpu(900, { phase: 'Failed' }), cpu(900, { deleted: true })];
    expect(byUtilization(30, list, 1).replicas).toBe(3);
    expect(byUtilization(30, [cpu(900), cpu(undefined, { phase: 'Pending' })], 2).replicas).toBe(3);
  });

  test('what a pod asks for as a whole counts instead', () => {
    const more = { resources: { requests: { cpu: '3' } } };
    expect(byUtilization(30, [cpu(900, { more })]).replicas).toBe(1);
    const status = { phase: 'Running', resources: { requests: { cpu: '9' } } };
    const { present, samples } = given([cpu(900, { more })]);
    const shrinking = {
      ...present,
      pods: present.pods.map((p) => ({ ...p, status: { ...p.status, ...status } })),
    };
    expect(countByUtilization(shrinking, { samples, resource: 'cpu', percent: 10 }).replicas).toBe(3);
    const memory = { resources: { requests: { memory: '3' } } };
    expect(() => byUtilization(30, [{ used: 900, more: memory }])).toThrow(
      'missing pod-level request for cpu in Pod p0',
    );
  });

  test('says what is missing', () => {
    expect(() => byUtilization(30, [])).toThrow(
      'no pods returned by selector while calculating replica count',
    );
    expect(() => byUtilization(30, [{ used: 900 }])).toThrow(
      'missing request for cpu in container c of Pod p0',
    );
    const { present, samples } = given([cpu(900)]);
    expect(() =>
      countByUtilization(present, { samples, resource: 'cpu', container: 'd', percent: 1 }),
    ).toThrow('container d not found in Pod p0');
  });
});

describe('replicas by a mean', () => {
  const byAverage = (target: number, list: readonly Told[], replicas?: number) => {
    const { present, samples } = given(list, replicas);
    return countByAverage(present, { samples, target });
  };

  test('scale up and down; unready pods count too', () => {
    expect(byAverage(15_000, [{ used: 20_000 }, { used: 10_000 }, { used: 30_000 }])).toEqual({
      replicas: 4,
      average: 20_000,
    });
    expect(byAverage(15_000, [{ used: 30_000, ready: false, started: 9 }]).replicas).toBe(2);
    expect(
      byAverage(
        20_000,
        [12_000, 12_000, 12_000].map((used) => ({ used })),
      ).replicas,
    ).toBe(2);
  });

  test('does not turn around by what is not known', () => {
    expect(byAverage(15_000, [{ used: 20_000 }, {}], 2).replicas).toBe(2);
    expect(byAverage(25_000, [{ used: 10_000 }, {}, {}], 3).replicas).toBe(3);
    expect(byAverage(50_000, [{ used: 10_000 }, {}, {}], 5).replicas).toBe(3);
    // Fewer pods than replicas: what was to grow would shrink.
    expect(byAverage(15_000, [{ used: 50_000 }, {}], 8).replicas).toBe(8);
  });
});

describe('replicas by one value', () => {
  test('by the pods that are ready', () => {
    const { present } = given([{}, {}, { ready: false }], 3);
    expect(countByValue(present, 2)).toBe(4);
    expect(countByValue(present, 1.1)).toBe(3);
    expect(countByValue(present, 1e12)).toBe(2 ** 31 - 1);
    expect(countByValue({ ...present, replicas: 0 }, 1.5)).toBe(2);
    expect(() => countByValue({ ...present, pods: [] }, 2)).toThrow(
      'unable to calculate ready pods: no pods returned by selector while calculating replica count',
    );
  });

  test('of which each bears its share', () => {
    const share = (replicas: number, value: number) =>
      countByShare({ replicas, tolerance }, { value, target: 10 });
    expect(share(3, 55)).toEqual({ replicas: 6, average: 19 });
    expect(share(3, 31)).toEqual({ replicas: 3, average: 11 });
    expect(share(0, 31)).toEqual({ replicas: 4, average: 0 });
  });
});
