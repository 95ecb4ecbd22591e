import { describe, expect, test } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { parseRequestInfo, splitTarget } from '../corridor/request-info.ts';
import { mandatoryLevels, suggestedLevels, suggestedSchemas } from '../kinds/flowcontrol/bootstrap.ts';
import type { Entrant, Fairness, Leave } from './fairness.ts';
import { dumpPriorityLevels, dumpQueues, dumpRequests } from './dumps.ts';
import { testFairness, type TestObjects } from './testing-fairness.ts';

const jane = { name: 'jane', groups: ['system:authenticated'] };
const joe = { name: 'joe', groups: ['system:authenticated'] };
const root = { name: 'root', groups: ['system:masters', 'system:authenticated'] };

/** A request that can be made to go away. */
function request(target = '/api/v1/namespaces/default/pods/a', method = 'GET'): Entrant & { go(): void } {
  const { path, query } = splitTarget(target);
  const info = parseRequestInfo(method, path, query);
  const gone: (() => void)[] = [];
  return {
    info,
    query,
    flow: undefined,
    request: { onGone: (fn) => void gone.push(fn) },
    go: () => {
      for (const fn of gone) fn();
    },
  };
}

const level = (name: string, limited: object): PriorityLevelConfiguration => ({
  metadata: { name, uid: `level-${name}` },
  spec: {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 10, ...limited } as PriorityLevelConfiguration['spec']['limited'],
  },
});

const queue = (queuing: object = {}) => ({
  limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 1, queueLengthLimit: 2, ...queuing } },
});

const schema = (name: string, to: string, more: object = {}): FlowSchema => ({
  metadata: { name, uid: `schema-${name}` },
  spec: {
    priorityLevelConfiguration: { name: to },
    matchingPrecedence: 500,
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: 'system:authenticated' } }],
        resourceRules: [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
        ],
      },
    ],
    ...more,
  },
});

/** One level besides the catch-all, with half of two seats. */
function small(queuing: object = {}): { fairness: Fairness; clock: VirtualClock; objects: TestObjects } {
  const objects = {
    levels: [level('catch-all', { limitResponse: { type: 'Reject' } }), level('a', queue(queuing))],
    schemas: [schema('a', 'a')],
    version: 1,
  };
  const clock = new VirtualClock();
  return { fairness: testFairness(2, { objects, clock }), clock, objects };
}

test('uncontended requests get their place at once, without a promise', () => {
  const { fairness } = small();
  const x = request();
  const leave = fairness.enter(x, jane);
  expect(typeof leave).toBe('function');
  expect([x.flow?.uid, x.flow?.level.uid]).toEqual(['schema-a', 'level-a']);
  (leave as Leave)();
  expect(typeof fairness.enter(request(), jane)).toBe('function');
});

test('what finds no seat waits for one; a full queue refuses, and says when to come again', async () => {
  const { fairness } = small();
  const leave = fairness.enter(request(), jane) as Leave;
  const second = fairness.enter(request(), jane);
  expect(second).toBeInstanceOf(Promise);
  const third = fairness.enter(request(), jane);
  await expect(fairness.enter(request(), jane)).rejects.toMatchObject({
    status: {
      code: 429,
      reason: 'TooManyRequests',
      message: 'Too many requests, please try again later.',
      details: { retryAfterSeconds: 1 },
    },
  });
  leave();
  (await second)();
  (await third)();
});

test('users do not stand in each other’s way', async () => {
  const { fairness } = small({ queueLengthLimit: 10 });
  const order: string[] = [];
  const leave = fairness.enter(request(), jane) as Leave;
  const enter = async (user: typeof jane) => {
    const next = await fairness.enter(request(), user);
    order.push(user.name);
    next();
  };
  // Joe's one queue is Jane's: hands of one card may be alike.
  const ann = { ...jane, name: 'ann' };
  const all = [enter(jane), enter(jane), enter(jane), enter(ann)];
  leave();
  await Promise.all(all);
  expect(order.indexOf('ann')).toBeLessThan(2);
});

test('nobody waits for longer than a quarter of the time that the request may take', async () => {
  const { fairness, clock } = small();
  void fairness.enter(request(), jane);
  const patient = fairness.enter(request(), jane) as Promise<Leave>;
  const hasty = fairness.enter(request('/api/v1/namespaces/default/pods/a?timeout=8s'), jane);
  const refused: string[] = [];
  patient.catch(() => refused.push('patient'));
  (hasty as Promise<Leave>).catch(() => refused.push('hasty'));
  await clock.advance(2001);
  expect(refused).toEqual(['hasty']);
  await clock.advance(13_000);
  expect(refused).toEqual(['hasty', 'patient']);
});

test('who goes away while waiting is not waited for', async () => {
  const { fairness } = small({ queueLengthLimit: 1 });
  const leave = fairness.enter(request(), jane) as Leave;
  const gone = request();
  const waiting = fairness.enter(gone, jane) as Promise<Leave>;
  gone.go();
  await expect(waiting).rejects.toMatchObject({ status: { code: 429 } });
  const next = fairness.enter(request(), jane);
  leave();
  expect(typeof (await next)).toBe('function');
});

test('administrators are exempt, streams are let through, a watch holds its place until it is given back', () => {
  const { fairness } = small({ queueLengthLimit: 1 });
  const leave = fairness.enter(request('/api/v1/namespaces/default/pods?watch=1&resourceVersion=5'), jane);
  expect(fairness.enter(request(), jane)).toBeInstanceOf(Promise);
  const stream = request('/api/v1/namespaces/default/pods/a/exec', 'POST');
  expect(typeof fairness.enter(stream, jane)).toBe('function');
  expect(stream.flow).toBeUndefined();
  const exempt = request();
  expect(typeof fairness.enter(exempt, root)).toBe('function');
  expect(exempt.flow?.name).toBe('exempt');
  (leave as Leave)();
});

describe('the objects there are', () => {
  test('count as soon as they change', () => {
    const { fairness, objects } = small();
    const ask = () => {
      const x = request();
      (fairness.enter(x, jane) as Leave)();
      return x.flow?.name;
    };
    expect(ask()).toBe('a');
    objects.schemas.push(schema('b', 'a', { matchingPrecedence: 400 }));
    objects.version++;
    expect(ask()).toBe('b');
    // A schema whose level is not there is passed over.
    objects.schemas.push(schema('c', 'gone', { matchingPrecedence: 300 }));
    objects.version++;
    expect(ask()).toBe('b');
    objects.schemas = [];
    objects.version++;
    expect(ask()).toBe('catch-all');
  });

  test('a level that goes while requests wait there serves them still', async () => {
    const { fairness, objects } = small();
    const leave = fairness.enter(request(), jane) as Leave;
    const waiting = fairness.enter(request(), jane);
    objects.levels.pop();
    objects.version++;
    const other = request();
    void fairness.enter(other, joe);
    expect(other.flow?.level.name).toBe('catch-all');
    leave();
    (await waiting)();
  });

  test('a level that refuses has no queues', () => {
    const objects = {
      levels: [level('catch-all', { limitResponse: { type: 'Reject' } })],
      schemas: [],
      version: 1,
    };
    const fairness = testFairness(1, { objects });
    const leave = fairness.enter(request(), jane) as Leave;
    expect(() => fairness.enter(request(), jane)).toThrow('Too many requests, please try again later.');
    leave();
    expect(typeof fairness.enter(request(), jane)).toBe('function');
  });
});

test('lists of many objects take several seats, as many as one request may', () => {
  const objects = {
    levels: [...mandatoryLevels, ...suggestedLevels],
    schemas: [...suggestedSchemas],
    version: 1,
  };
  const fairness = testFairness(600, { objects, count: 850 });
  const seatsOf = (target: string) => {
    const x = request(target);
    const leave = fairness.enter(x, jane) as Leave;
    const taken = x.flow?.counts.executingSeats;
    leave();
    return taken;
  };
  expect(seatsOf('/api/v1/pods')).toBe(8);
  expect(seatsOf('/api/v1/namespaces/default/pods/a')).toBe(1);
  expect(seatsOf('/api/v1/pods?watch=1')).toBe(8);
  expect(seatsOf('/api/v1/pods?watch=1&resourceVersion=7')).toBe(1);
  expect(seatsOf('/api/v1/pods?fieldSelector=metadata.name%3Da')).toBe(1);
});

test('a busy level borrows what the others do not need, and gives it back', async () => {
  const queued = (name: string) => level(name, { lendablePercent: 50, ...queue({ queueLengthLimit: 100 }) });
  const objects = {
    levels: [queued('catch-all'), queued('a'), queued('b')],
    schemas: [
      schema('a', 'a'),
      schema('b', 'b', {
        matchingPrecedence: 100,
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'joe' } }],
            resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
          },
        ],
      }),
    ],
    version: 1,
  };
  objects.levels[0] = level('catch-all', { lendablePercent: 50, limitResponse: { type: 'Reject' } });
  const clock = new VirtualClock();
  const fairness = testFairness(30, { objects, clock });
  const places: Leave[] = [];
  const flood = (user: typeof jane, count: number) => {
    for (let i = 0; i < count; i++) {
      const place = fairness.enter(request(), user);
      if (place instanceof Promise) {
        place.then(
          (leave) => places.push(leave),
          () => {},
        );
      } else places.push(place);
    }
  };
  flood(jane, 40);
  const atFirst = places.length;
  await clock.advance(10_001);
  expect(places.length).toBeGreaterThan(atFirst);
  expect(places.length).toBeGreaterThan(15);
  const had = places.length;
  for (const leave of places.splice(0)) leave();
  await clock.advance(1);
  for (const leave of places.splice(0)) leave();
  // The other level wants seats now and has at least what it does not lend.
  flood(joe, 5);
  expect(places.length).toBe(5);
  expect(had).toBeLessThanOrEqual(30);
});

test('the metrics have upstream’s names and say what happened', async () => {
  const { fairness } = small({ queueLengthLimit: 1 });
  const leave = fairness.enter(request(), jane) as Leave;
  const waiting = fairness.enter(request(), jane);
  await expect(fairness.enter(request(), jane)).rejects.toThrow();
  const read = (name: string) => {
    const family = fairness.metrics.find((f) => f.name === `apiserver_flowcontrol_${name}`);
    return family?.values().find(({ labels }) => labels.flow_schema === 'a' || labels.priority_level === 'a');
  };
  expect(read('rejected_requests_total')).toMatchObject({ value: 1, labels: { reason: 'queue-full' } });
  expect(read('current_inqueue_requests')).toMatchObject({ value: 1 });
  expect(read('current_executing_requests')).toMatchObject({ value: 1 });
  expect(read('nominal_limit_seats')).toMatchObject({ value: 1, labels: { priority_level: 'a' } });
  leave();
  (await waiting)();
  expect(read('dispatched_requests_total')).toMatchObject({ value: 2 });
  expect(read('current_inqueue_requests')).toMatchObject({ value: 0 });
  expect(read('current_executing_requests')).toMatchObject({ value: 0 });
});

describe('dumps', () => {
  const cells = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/, */));

  test('name the levels, with what they have let through and refused', async () => {
    const { fairness } = small();
    expect(dumpPriorityLevels(fairness.state)).toMatch(
      /^PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, /,
    );
    const leave = fairness.enter(request(), jane) as Leave;
    const waiting = [fairness.enter(request(), jane), fairness.enter(request(), jane)];
    await expect(fairness.enter(request(), jane)).rejects.toThrow();
    expect(cells(dumpPriorityLevels(fairness.state)).slice(1)).toEqual([
      ['a', '1', 'false', 'false', '2', '1', '1', '1', '0', '0'],
      ['catch-all', '0', 'true', 'false', '0', '0', '0', '0', '0', '0'],
      ['exempt', '0', 'true', 'false', '0', '0', '0', '0', '0', '0'],
    ]);
    leave();
    for (const place of waiting) (await place)();
    expect(cells(dumpPriorityLevels(fairness.state))[1]).toEqual([
      'a',
      '0',
      'true',
      'false',
      '0',
      '0',
      '3',
      '1',
      '0',
      '0',
    ]);
    expect([...fairness.state.attended]).toEqual([]);
  });

  test('name the queues, with who waits and works there', () => {
    const { fairness } = small();
    void fairness.enter(request(), jane);
    void fairness.enter(request(), jane);
    const [head, ...queues] = cells(dumpQueues(fairness.state));
    expect(head).toContain('NextDispatchR');
    expect(queues).toHaveLength(8);
    expect(queues.filter((row) => row[2] !== '0' || row[3] !== '0')).toEqual([
      ['a', expect.any(String), '1', '1', '1', '0.00300000ss', '1', '1', '0.00300000ss'],
    ]);
  });

  test('name the requests, with who asks for what where that is wanted', async () => {
    const { fairness, clock } = small();
    await clock.advance(1500);
    void fairness.enter(request(), jane);
    void fairness.enter(request('/apis/apps/v1/namespaces/default/deployments/d/scale', 'PUT'), jane);
    const dump = (withDetails: boolean) => cells(dumpRequests(fairness.state, { clock, withDetails }));
    const at = new Date(clock.now()).toISOString().replace('00Z', 'Z');
    const [, waiting, executing] = dump(true);
    const queue = expect.stringMatching(/^[0-7]$/);
    const never = '0001-01-01T00:00:00Z';
    expect(waiting).toEqual([
      ...['a', 'a', queue, '0', 'jane', at, '1', '0', '0s', never, 'jane', 'update'],
      ...[
        '/apis/apps/v1/namespaces/default/deployments/d/scale',
        'default',
        'd',
        'apps/v1',
        'deployments',
        'scale',
      ],
    ]);
    expect(executing?.slice(0, 10)).toEqual(['a', 'a', queue, '-1', 'jane', at, '1', '0', '0s', at]);
    expect(dump(false)[1]).toHaveLength(10);
  });
});
