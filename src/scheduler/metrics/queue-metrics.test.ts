import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import { nodes, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { MetricRegistry } from '../../platform/metrics/registry.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { SchedulingQueue } from '../queue/scheduling-queue.ts';
import { testProfile } from '../testing.ts';
import { QueueMetrics } from './queue-metrics.ts';

const profile = testProfile();

const metadataOf = (name: string) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
});
const pod = (name: string, spec: Partial<Pod['spec']> = {}): Stored<Pod> => ({
  metadata: metadataOf(name),
  spec: { schedulerName: 'default-scheduler', containers: [], ...spec },
});
const node: Stored<Node> = {
  metadata: metadataOf('node'),
  spec: {},
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
};

function measured() {
  const clock = new VirtualClock();
  const meter = new MetricRegistry();
  const profiles = new Map([[profile.schedulerName, profile]]);
  const queue = new SchedulingQueue({ clock, profiles, metrics: new QueueMetrics(meter, clock) });
  const pending = () =>
    ['active', 'backoff', 'unschedulable', 'gated'].map(
      (place) => seriesOf(meter)[`scheduler_pending_pods{queue="${place}"}`],
    );
  const incoming = () =>
    Object.entries(seriesOf(meter)).flatMap(([name, value]) => {
      const [, place, event] = /^scheduler_queue_incoming.*queue="(.*)",event="(.*)"/.exec(name) ?? [];
      return place ? [`${place} ${event} ${value}`] : [];
    });
  const refuse = (...names: string[]) => {
    for (const name of names) {
      queue.set(pod(name));
      queue.poll();
      queue.refused(name, new Set(['NodeResourcesFit']));
    }
  };
  return { clock, meter, queue, pending, incoming, refuse };
}

test('pods are counted where they wait', async () => {
  const { clock, queue, pending, refuse } = measured();
  refuse('a', 'b');
  expect(pending()).toEqual([0, 0, 2, 0]);
  queue.set(pod('c'));
  expect(pending()).toEqual([1, 0, 2, 0]);
  // The delay after a refusal is not over yet.
  queue.happened({ resource: nodes, action: 'Add', object: node });
  expect(pending()).toEqual([1, 2, 0, 0]);
  await clock.advance(1000);
  expect(pending()).toEqual([3, 0, 0, 0]);
  queue.remove('a');
  expect(pending()).toEqual([2, 0, 0, 0]);
  queue.close();
  expect(pending()).toEqual([0, 0, 0, 0]);
});

test('a pod with gates is counted apart until they are gone', () => {
  const { meter, queue, pending, incoming } = measured();
  const gated = pod('gated', { schedulingGates: [{ name: 'wait' }] });
  queue.set(gated);
  expect(pending()).toEqual([0, 0, 0, 1]);
  const refused = 'scheduler_unschedulable_pods{plugin="SchedulingGates",profile="default-scheduler"}';
  expect(seriesOf(meter)[refused]).toBe(1);
  queue.set({ ...gated, spec: { ...gated.spec, schedulingGates: [] } }, gated);
  expect(pending()).toEqual([1, 0, 0, 0]);
  expect(incoming()).toEqual(['unschedulable UnschedulablePodAdd 1', 'active UnschedulablePodUpdate 1']);
});

test('pods are counted whenever they come into a part of the queue, with what brought them', async () => {
  const { clock, queue, incoming, refuse } = measured();
  refuse('a', 'b', 'c');
  expect(incoming()).toEqual(['active UnschedulablePodAdd 3', 'unschedulable ScheduleAttemptFailure 3']);
  const old: Stored<Node> = { ...node, status: {} };
  queue.happened({ resource: nodes, action: 'UpdateAllocatable', object: node, old });
  expect(incoming()).toContain('backoff NodeUpdateNodeAllocatable 3');
  expect(queue.poll()).toBeDefined();
  expect(incoming()).toContain('active PopFromBackoffQ 1');
  await clock.advance(1000);
  expect(incoming()).toContain('active BackoffComplete 2');
  // Without a plugin that refused it, something went wrong.
  queue.refused(queue.poll()?.pod.metadata.uid ?? '');
  expect(incoming()).toContain('backoff ScheduleAttemptFailure 1');
});

test('what nothing has happened for wakes in the end, and is known by that', async () => {
  const { clock, queue, incoming, refuse } = measured();
  refuse('a');
  await clock.advance(330_000);
  expect(incoming()).toContain('active UnschedulableTimeout 1');
  expect(queue.poll()).toMatchObject({ isOverdue: true, enteredMs: 0 });
});

test('refusals are counted by plugin while pods wait', () => {
  const { meter, queue } = measured();
  const refusals = () =>
    Object.entries(seriesOf(meter)).filter(([name]) => name.startsWith('scheduler_unschedulable_pods'));
  queue.set(pod('a'));
  queue.poll();
  queue.refused('a', new Set(['NodeResourcesFit', 'TaintToleration']));
  const series = (plugin: string) =>
    `scheduler_unschedulable_pods{plugin="${plugin}",profile="default-scheduler"}`;
  expect(refusals()).toEqual([
    [series('NodeResourcesFit'), 1],
    [series('TaintToleration'), 1],
  ]);
  queue.remove('a');
  expect(refusals()).toEqual([]);
});

test('one call in ten of what tells whether an event helps is timed', () => {
  const { meter, queue, refuse } = measured();
  refuse(...Array.from({ length: 20 }, (_, i) => `pod-${i}`));
  queue.happened({ resource: pods, action: 'Delete', object: pod('gone', { nodeName: 'node' }) });
  const counts = Object.entries(seriesOf(meter)).filter(([name]) =>
    name.startsWith('scheduler_queueing_hint_execution_duration_seconds_count'),
  );
  expect(counts).toEqual([
    [expect.stringContaining('plugin="NodeResourcesFit",event="AssignedPodDelete"'), 2],
  ]);
});
