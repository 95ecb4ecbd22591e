import { describe, expect, test } from 'vitest';
import type { ContainerStatus, Node, Pod } from '../api/core/v1.ts';
import { nodes, pods } from '../api/generated/resources.ts';
import type { Resource, Stored } from '../api/resource.ts';
import { seededRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { SchedulerCache } from './cache/cache.ts';
import { podInfo } from './cache/node-info.ts';
import { assumedRequestsOf, requestsOf } from './cache/resources.ts';
import { decide, enoughNodes } from './decide.ts';
import type { Action } from './framework/events.ts';
import type { Plugin } from './framework/framework.ts';
import { testProfile } from './testing.ts';
import { Heap } from './queue/heap.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';

const profile = testProfile();
let count = 0;

function node(
  name: string,
  more: { cpu?: string; memory?: string; spec?: Node['spec']; labels?: Record<string, string> } = {},
) {
  const allocatable = { cpu: more.cpu ?? '4', memory: more.memory ?? '8Gi', pods: '110' };
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: '', labels: more.labels };
  return { metadata, spec: more.spec ?? {}, status: { allocatable } } as Stored<Node>;
}

function pod(spec: Partial<Pod['spec']> = {}, requests: Record<string, string> = {}): Stored<Pod> {
  const name = `pod-${count++}`;
  const metadata = { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' };
  return {
    metadata,
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'c', resources: { requests } }],
      ...spec,
    },
  };
}

function place(one: Stored<Pod>, nodes: Stored<Node>[], running: Stored<Pod>[] = []) {
  const cache = new SchedulerCache();
  for (const n of nodes) cache.setNode(n);
  for (const p of running) cache.setPod(p);
  const verdict = decide(podInfo(one), cache.snapshot(), { profile, random: seededRandom(1), startAt: 0 });
  return verdict.type === 'placed' ? verdict.node : verdict.message;
}

describe('where a pod goes', () => {
  test('to the node with the most room', () => {
    const busy = pod({ nodeName: 'a' }, { cpu: '2', memory: '4Gi' });
    expect(place(pod({}, { cpu: '500m' }), [node('a'), node('b')], [busy])).toBe('b');
  });

  test('pods that ask for nothing spread too', () => {
    const running = [pod({ nodeName: 'a' }), pod({ nodeName: 'a' })];
    expect(place(pod(), [node('a'), node('b')], running)).toBe('b');
  });

  test('nowhere without room, and every reason is counted', () => {
    const nodes = [
      node('a', { cpu: '1' }),
      node('b', { memory: '1Gi' }),
      node('c', { spec: { unschedulable: true } }),
      node('d', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } }),
    ];
    expect(place(pod({}, { cpu: '2', memory: '2Gi' }), nodes)).toBe(
      '0/4 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. ' +
        'no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.',
    );
    expect(place(pod(), [])).toBe('no nodes available to schedule pods');
  });

  test('by selector and affinity', () => {
    const nodes = [
      node('a', { labels: { disk: 'hdd', size: '3' } }),
      node('b', { labels: { disk: 'ssd', size: '7' } }),
    ];
    expect(place(pod({ nodeSelector: { disk: 'ssd' } }), nodes)).toBe('b');
    expect(place(pod({ nodeSelector: { disk: 'tape' } }), nodes)).toContain(
      "2 node(s) didn't match Pod's node affinity/selector",
    );
    const require = (key: string, operator: string, values?: string[]) =>
      pod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
            },
          },
        },
      });
    expect(place(require('size', 'Gt', ['5']), nodes)).toBe('b');
    expect(place(require('size', 'Lt', ['5']), nodes)).toBe('a');
    expect(place(require('disk', 'NotIn', ['hdd']), nodes)).toBe('b');
    expect(place(require('none', 'Exists'), nodes)).toContain('0/2');
  });

  test('preferences count, but do not forbid', () => {
    const nodes = [node('a', { labels: { zone: 'x' } }), node('b', { labels: { zone: 'y' } })];
    const preference = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['y'] }] };
    const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50, preference }] };
    expect(place(pod({ affinity: { nodeAffinity } }), nodes)).toBe('b');
    const hard = node('b', {
      labels: { zone: 'y' },
      spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] },
    });
    expect(place(pod(), [node('a'), hard])).toBe('a');
  });

  test('tolerations open tainted nodes', () => {
    const tainted = node('a', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } });
    expect(place(pod({ tolerations: [{ key: 'k', operator: 'Equal', value: 'v' }] }), [tainted])).toBe('a');
    expect(place(pod({ tolerations: [{ key: 'k', operator: 'Exists' }] }), [tainted])).toBe('a');
    expect(place(pod({ tolerations: [{ operator: 'Exists' }] }), [tainted])).toBe('a');
    expect(place(pod({ tolerations: [{ key: 'k', value: 'other' }] }), [tainted])).toContain(
      'untolerated taint(s)',
    );
  });

  test('host ports go to one pod', () => {
    const ports = (hostPort: number, hostIP?: string) => ({
      containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, hostIP, protocol: 'TCP' }] }],
    });
    const taken = pod({ ...ports(8080), nodeName: 'a' });
    expect(place(pod(ports(8080)), [node('a'), node('b')], [taken])).toBe('b');
    expect(place(pod(ports(8080, '10.0.0.1')), [node('a')], [taken])).toContain('free ports');
    expect(place(pod(ports(8081)), [node('a')], [taken])).toBe('a');
  });

  test('a pod needs what its hungriest moment needs', () => {
    const container = (cpu: string, restartPolicy?: string) => ({
      name: cpu,
      restartPolicy,
      resources: { requests: { cpu } },
    });
    const initContainers = [container('2'), container('500m', 'Always'), container('1')];
    const requests = requestsOf(pod({ initContainers, containers: [container('300m'), container('200m')] }));
    expect(requests.cpu).toBe(2000);
    expect(
      requestsOf(pod({ initContainers: [container('1', 'Always')], containers: [container('1')] })).cpu,
    ).toBe(2000);
  });

  test('a pod that is resized holds what its node has set aside until that is given back', () => {
    const resized = pod({ containers: [{ name: 'c', resources: { requests: { cpu: '500m' } } }] });
    const status = { name: 'c', allocatedResources: { cpu: '2' }, resources: { requests: { cpu: '2' } } };
    resized.status = { containerStatuses: [status as Partial<ContainerStatus> as ContainerStatus] };
    expect(requestsOf(resized).cpu).toBe(2000);
    expect(assumedRequestsOf(resized).cpu).toBe(2000);
  });

  test('of a pod that is resized each container holds the most of its own', () => {
    const resources = (cpu: string) => ({ requests: { cpu } });
    const resized = pod({
      containers: [
        { name: 'grows', resources: resources('2') },
        { name: 'shrinks', resources: resources('1') },
      ],
    });
    const told = (name: string, cpu: string) =>
      ({ name, allocatedResources: { cpu }, resources: resources(cpu) }) as Partial<ContainerStatus>;
    resized.status = { containerStatuses: [told('grows', '1'), told('shrinks', '2')] as ContainerStatus[] };
    expect(requestsOf(resized).cpu).toBe(4000);
    expect(assumedRequestsOf(resized).cpu).toBe(4000);
  });
});

test('large clusters are not looked at in full', () => {
  expect(enoughNodes(50, undefined)).toBe(50);
  expect(enoughNodes(1000, undefined)).toBe(420);
  expect(enoughNodes(5000, undefined)).toBe(500);
  expect(enoughNodes(5000, 100)).toBe(5000);
  expect(enoughNodes(200, 1)).toBe(100);
});

test('a heap gives its items in order, whatever is put in and taken out', () => {
  const random = seededRandom(3);
  const heap = new Heap<{ key: string; value: number }>({
    before: (a, b) => a.value < b.value,
    keyOf: (i) => i.key,
  });
  for (let i = 0; i < 500; i++) heap.put({ key: String(random.int(200)), value: random.int(1000) });
  for (let i = 0; i < 50; i++) heap.remove(String(random.int(200)));
  const out: number[] = [];
  for (let item = heap.pop(); item; item = heap.pop()) out.push(item.value);
  expect(out).toEqual([...out].sort((a, b) => a - b));
  expect(out.length).toBeGreaterThan(100);
});

describe('the queue', () => {
  const make = () => {
    const clock = new VirtualClock();
    return {
      clock,
      queue: new SchedulingQueue({ clock, profiles: new Map([[profile.schedulerName, profile]]) }),
    };
  };
  const next = (queue: SchedulingQueue) => queue.poll()?.pod.metadata.name;

  test('the more important first, then the earlier', async () => {
    const { clock, queue } = make();
    const [first, second, vip] = [pod(), pod(), pod({ priority: 10 })];
    queue.set(first);
    await clock.advance(1);
    queue.set(second);
    await clock.advance(1);
    queue.set(vip);
    expect([next(queue), next(queue), next(queue)]).toEqual([vip, first, second].map((p) => p.metadata.name));
  });

  test.each([-5, 5])('delays last as long although the clock is set by %s hours meanwhile', async (hours) => {
    const { clock, queue } = make();
    const [failed, refused] = [pod(), pod()];
    for (const each of [failed, refused]) queue.set(each);
    queue.poll();
    queue.refused(failed.metadata.uid);
    clock.shiftWall(hours * 3_600_000);
    await clock.advance(500);
    expect(next(queue)).toBe(refused.metadata.name);
    queue.refused(refused.metadata.uid, new Set(['NodeName']));
    expect(next(queue)).toBeUndefined();
    await clock.advance(600);
    expect(next(queue)).toBe(failed.metadata.name);
    await clock.advance(240_000);
    expect(queue.sizes.refused).toBe(1);
    await clock.advance(90_000);
    expect(next(queue)).toBe(refused.metadata.name);
  });

  test('a pod that has just been tried comes after others that matter as much', async () => {
    const { clock, queue } = make();
    const [tried, waiting] = [pod(), pod()];
    queue.set(tried);
    expect(next(queue)).toBe(tried.metadata.name);
    await clock.advance(1);
    queue.set(waiting);
    await clock.advance(1);
    queue.refused(tried.metadata.uid, new Set(['NodeResourcesFit']));
    await clock.advance(1000);
    queue.happened({ resource: nodes, action: 'Add', object: node('a') });
    expect(queue.sizes.active).toBe(2);
    expect([next(queue), next(queue)]).toEqual([waiting, tried].map((p) => p.metadata.name));
  });

  test('what happens while a plugin holds a pod back wakes it when it is released', () => {
    let isHeld = true;
    const hold = { plugin: 'Hold', reasons: [], unresolvable: true };
    const holding = { name: 'Hold', preEnqueue: () => (isHeld ? hold : undefined) };
    const held = { ...profile, at: { ...profile.at, preEnqueue: [holding] } };
    const clock = new VirtualClock();
    const queue = new SchedulingQueue({ clock, profiles: new Map([[profile.schedulerName, held]]) });
    const [one, other] = [pod(), pod()];
    isHeld = false;
    for (const each of [one, other]) {
      queue.set(each);
      queue.poll();
    }
    isHeld = true;
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    queue.refused(other.metadata.uid, new Set(['NodeName']));
    queue.happened({ resource: pods, action: 'Delete', object: pod() });
    queue.set({ ...one, metadata: { ...one.metadata, labels: { changed: 'yes' } } });
    expect(next(queue)).toBeUndefined();
    isHeld = false;
    queue.released(one.metadata.uid);
    queue.released(other.metadata.uid);
    expect([next(queue), next(queue)]).toEqual([one.metadata.name, undefined]);
    // What refused it before still counts.
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    queue.happened({ resource: pods, action: 'Delete', object: pod() });
    expect(next(queue)).toBe(one.metadata.name);
  });

  test.each([
    ['had its part in refusing it', ['Refuse', 'Hold']],
    ['had none in refusing it', ['Refuse']],
  ])('a pod that is held back by what %s is looked at for its events alone', (_, refusedBy) => {
    let isHeld = false;
    const asked: string[] = [];
    const hold = { plugin: 'Hold', reasons: [], unresolvable: true };
    const interest = (resource: Resource, action: Action) => ({
      resource,
      actions: [action],
      helps: () => asked.push(action) > 0,
    });
    const holding: Plugin = {
      name: 'Hold',
      preEnqueue: () => (isHeld ? hold : undefined),
      events: [interest(nodes, 'Add')],
    };
    const refusing: Plugin = { name: 'Refuse', filter: () => hold, events: [interest(pods, 'Delete')] };
    const at = { ...profile.at, preEnqueue: [holding], filter: [refusing] };
    const profiles = new Map([[profile.schedulerName, { ...profile, at }]]);
    const queue = new SchedulingQueue({ clock: new VirtualClock(), profiles });
    const one = pod();
    queue.set(one);
    queue.poll();
    isHeld = true;
    queue.refused(one.metadata.uid, new Set(refusedBy));
    for (let i = 0; i < 3; i++) queue.happened({ resource: pods, action: 'Delete', object: pod() });
    expect(asked).toEqual(['Delete']);
    isHeld = false;
    queue.happened({ resource: nodes, action: 'Add', object: node('n') });
    expect(asked).toEqual(['Delete', 'Add']);
    expect(queue.sizes.refused).toBe(0);
  });

  test('a refused pod waits for an event that can help it', async () => {
    const { clock, queue } = make();
    const one = pod({ nodeSelector: { disk: 'ssd' } });
    const [unfit, fit] = [node('a'), node('a', { labels: { disk: 'ssd' } })];
    queue.set(one);
    queue.poll();
    queue.refused(one.metadata.uid, new Set(['NodeAffinity']));
    queue.happened({ resource: nodes, action: 'Add', object: unfit });
    queue.happened({ resource: pods, action: 'Delete', object: pod() });
    await clock.advance(60_000);
    expect(queue.sizes).toEqual({ active: 0, delayed: 0, refused: 1 });
    queue.happened({ resource: nodes, action: 'UpdateLabel', object: fit, old: unfit });
    expect(queue.sizes.active).toBe(1);
  });

  test('an event while it is tried is not missed, and delays grow', async () => {
    const { clock, queue } = make();
    const one = pod();
    queue.set(one);
    queue.poll();
    queue.happened({ resource: nodes, action: 'Add', object: node('a') });
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    expect(queue.sizes.delayed).toBe(1);
    await clock.advance(1000);
    queue.poll();
    queue.happened({ resource: nodes, action: 'Add', object: node('b') });
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    await clock.advance(1000);
    expect(queue.sizes.delayed).toBe(1);
    await clock.advance(1000);
    expect(queue.sizes.active).toBe(1);
  });

  const labelled = (one: Stored<Pod>, labels: Record<string, string>): Stored<Pod> => ({
    ...one,
    metadata: { ...one.metadata, labels },
  });

  test('what changes of a refused pod itself wakes it only where that can help', () => {
    const { queue } = make();
    const one = pod();
    queue.set(one);
    queue.poll();
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    const changed = labelled(one, { a: 'b' });
    queue.set(changed, one);
    expect(queue.sizes).toEqual({ active: 0, delayed: 0, refused: 1 });
    const tolerations = [{ key: 'a', operator: 'Exists' }];
    queue.set({ ...changed, spec: { ...changed.spec, tolerations } }, changed);
    expect(queue.sizes.refused).toBe(1);
    queue.happened({ resource: pods, action: 'Delete', object: pod() });
    // What has changed meanwhile is not forgotten.
    expect(queue.poll()?.pod).toMatchObject({ metadata: { labels: { a: 'b' } }, spec: { tolerations } });
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit', 'TaintToleration']));
    queue.set(changed, { ...changed, spec: { ...changed.spec, tolerations } });
    expect(queue.sizes.refused).toBe(0);
  });

  test('what changes of a pod while it is tried is not missed', () => {
    const { queue } = make();
    const one = pod();
    queue.set(one);
    queue.poll();
    queue.set(labelled(one, { a: 'b' }), one);
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    expect(queue.sizes).toEqual({ active: 0, delayed: 1, refused: 0 });
  });

  test('any change may help against what does not say which', () => {
    const refusing: Plugin = { name: 'Refuse', filter: () => undefined };
    const profiles = new Map([
      [profile.schedulerName, { ...profile, at: { ...profile.at, filter: [refusing] } }],
    ]);
    const queue = new SchedulingQueue({ clock: new VirtualClock(), profiles });
    const one = pod();
    queue.set(one);
    queue.poll();
    queue.refused(one.metadata.uid, new Set(['Refuse']));
    queue.set(labelled(one, { a: 'b' }), one);
    expect(queue.sizes.refused).toBe(0);
  });

  test('of pods whose delays end within a second, the more important is tried first', async () => {
    const { clock, queue } = make();
    const [plain, vip, late] = [pod(), pod({ priority: 10 }), pod({ priority: 100 })];
    const refuse = (one: Stored<Pod>) => {
      queue.set(one);
      queue.poll();
      queue.happened({ resource: nodes, action: 'Add', object: node('a') });
      queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    };
    refuse(plain);
    await clock.advance(300);
    // A pod that waits out its delay is the next where there is no other, so it comes back out.
    queue.set(vip);
    expect(next(queue)).toBe(vip.metadata.name);
    queue.happened({ resource: nodes, action: 'Add', object: node('b') });
    queue.refused(vip.metadata.uid, new Set(['NodeResourcesFit']));
    await clock.advance(500);
    queue.set(late);
    expect(next(queue)).toBe(late.metadata.name);
    queue.happened({ resource: nodes, action: 'Add', object: node('c') });
    queue.refused(late.metadata.uid, new Set(['NodeResourcesFit']));
    expect([next(queue), next(queue), next(queue)]).toEqual(
      [late, vip, plain].map(({ metadata }) => metadata.name),
    );
  });

  test('what goes wrong is not held against a pod as its refusals are', async () => {
    const { clock, queue } = make();
    const one = pod();
    queue.set(one);
    const fail = (refusedBy?: Set<string>) => {
      queue.poll();
      queue.refused(one.metadata.uid, refusedBy);
      if (refusedBy) queue.wake(one.metadata.uid);
    };
    for (let i = 0; i < 4; i++) fail(new Set(['NodeResourcesFit']));
    fail();
    await clock.advance(1000);
    expect(queue.sizes.active).toBe(1);
    fail();
    await clock.advance(1999);
    expect(queue.sizes.active).toBe(0);
    await clock.advance(1);
    // The fifth refusal counts as such.
    queue.poll();
    queue.refused(one.metadata.uid, new Set(['NodeResourcesFit']));
    queue.wake(one.metadata.uid);
    await clock.advance(9999);
    expect(queue.sizes.delayed).toBe(1);
    await clock.advance(1);
    expect(queue.sizes.active).toBe(1);
  });

  test('gates hold a pod back until they are gone', async () => {
    const { queue } = make();
    const gated = pod({ schedulingGates: [{ name: 'later' }] });
    queue.set(gated);
    queue.happened({ resource: nodes, action: 'Add', object: node('a') });
    expect(queue.sizes).toEqual({ active: 0, delayed: 0, refused: 1 });
    queue.set({ ...gated, spec: { ...gated.spec, schedulingGates: undefined } }, gated);
    expect(queue.sizes.active).toBe(1);
  });
});
