import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Job } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { jobs, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { createGarbageCollector } from '../garbage/garbage.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { judgeFailure } from './failure-policy.ts';
import { IndexSet } from './indexes.ts';
import { countPods } from './count.ts';
import { createJobController } from './job.ts';
import { decide } from './outcome.ts';
import { nextStatus, planPods } from './plan.ts';
import { endedMs, indexOf, isTracked, jobPod } from './pods.ts';

test('indexes are written as ranges', () => {
  expect(`${IndexSet.of([5, 1, 3, 4, 7, 8])}`).toBe('1,3-5,7,8');
  expect(`${IndexSet.parse('1,3-5,7', 10)}`).toBe('1,3-5,7');
  expect(`${IndexSet.parse('1,3-2147483647', 5)}`).toBe('1,3,4');
  expect(`${IndexSet.parse('4-9,1-5,9-10,20,x,7-6')}`).toBe('1-10,20');
  expect(`${IndexSet.parse('')}`).toBe('');
});

test('two thousand million indexes, which anybody may ask a Job for, are not written out', () => {
  const set = IndexSet.parse('1,3-5,9-2147483646');
  expect(set.size).toBe(2147483642);
  expect([0, 1, 2, 3, 5, 6, 8, 9, 2147483646, 2147483647].filter((index) => set.has(index))).toEqual([
    1, 3, 5, 9, 2147483646,
  ]);
  expect([0, 1, 4, 7, 9].map((index) => set.nextAbsent(index))).toEqual([0, 2, 6, 7, 2147483647]);
  expect(set.countShared(IndexSet.parse('0-3,5-11'))).toBe(6);
  for (const index of [2, 2, 7]) set.add(index);
  expect([`${set}`, set.size]).toEqual(['1-5,7,9-2147483646', 2147483644]);
});

test('a Job of which all indexes but three have come to an end, or are said to have, is looked at without each of them', () => {
  const spec = {
    completionMode: 'Indexed',
    completions: 2 ** 31 - 1,
    parallelism: 10,
    backoffLimitPerIndex: 1,
  };
  const status = { completedIndexes: '0-1000000000,1000000002-2147483643', failedIndexes: '2147483644' };
  const job = { metadata: { name: 'j', uid: 'u' }, spec, status } as unknown as Stored<Job>;
  const count = countPods(job, []);
  const { create } = planPods(job, count, { jobMs: 0, indexMs: () => 0 });
  expect(create.map(({ index }) => index)).toEqual([1_000_000_001, 2_147_483_645, 2_147_483_646]);
  expect(nextStatus(job, count, { outcome: undefined, activeAfter: [], nowMs: 0 })).toMatchObject(status);
});

test('the first rule that fits a failure decides', () => {
  const terminated = { exitCode: 42 };
  const status = {
    containerStatuses: [{ name: 'c', state: { terminated } }],
    conditions: [{ type: 'DisruptionTarget', status: 'True' }],
  };
  const pod = { metadata: { name: 'p', namespace: 'n' }, spec: { containers: [] }, status } as never;
  const onExitCodes = { operator: 'In', values: [42] };
  expect(judgeFailure(undefined, pod)).toEqual({ action: 'Count' });
  expect(judgeFailure({ rules: [{ action: 'FailJob', onExitCodes }] }, pod).message).toBe(
    'Container c for pod n/p failed with exit code 42 matching FailJob rule at index 0',
  );
  const onPodConditions = [{ type: 'DisruptionTarget' }];
  expect(judgeFailure({ rules: [{ action: 'Ignore', onPodConditions }] }, pod).action).toBe('Ignore');
  const other = { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [42] } };
  expect(judgeFailure({ rules: [other] }, pod)).toEqual({ action: 'Count' });
});

describe('a Job of more pods than there is memory for', () => {
  const most = 2 ** 31 - 1;
  const plan = (spec: object) => {
    const job = { metadata: { name: 'j', uid: 'u' }, spec } as Stored<Job>;
    return planPods(job, countPods(job, []), { jobMs: 0, indexMs: () => 0 });
  };
  const indexed = { completionMode: 'Indexed', completions: most, parallelism: 100_000 };

  test.each([
    [{ parallelism: most }, undefined],
    [indexed, 499],
    [{ ...indexed, backoffLimitPerIndex: 1 }, 499],
  ])('gets them in portions: %j', (spec, last) => {
    const { create } = plan(spec);
    expect(create).toHaveLength(500);
    expect(create.at(-1)?.index).toBe(last);
  });
});

// upstream: MaxUncountedPods
describe('pods that end all at once', () => {
  const podOf = (phase: string, index: number) => ({
    metadata: {
      name: `p-${index}`,
      uid: `u-${index}`,
      finalizers: ['batch.kubernetes.io/job-tracking'],
      annotations: { 'batch.kubernetes.io/job-completion-index': `${index}` },
    },
    status: { phase },
  });
  const podsOf = (phase: string) =>
    Array.from({ length: 1200 }, (_, i) => podOf(phase, i)) as unknown as Stored<Pod>[];
  const job = (spec: object, status: object = {}) =>
    ({ metadata: { name: 'j' }, spec, status }) as Stored<Job>;
  const small = { completions: 1200, parallelism: 1200, backoffLimit: 1 };

  test('are noted in portions, and decided on as a whole', () => {
    const first = countPods(job(small), podsOf('Succeeded'));
    expect(first).toMatchObject({ succeeded: 1200, isCutShort: true });
    expect([first.release.length, first.uncounted.succeeded.length]).toEqual([500, 500]);
    const outcome = decide(job(small), first, 0);
    expect(outcome).toMatchObject({ type: 'Complete' });
    const status = nextStatus(job(small), first, { outcome, activeAfter: [], nowMs: 0 });
    expect(status.conditions?.map(({ type }) => type)).toEqual(['SuccessCriteriaMet']);
    const left = podsOf('Succeeded').slice(500);
    const next = countPods(job(small, status), left);
    expect(next).toMatchObject({ succeeded: 1200, settled: { succeeded: 500 }, isCutShort: true });
  });

  test('are not over while some of their indexes are held', () => {
    const spec = { ...small, completionMode: 'Indexed' };
    const count = countPods(job(spec), podsOf('Succeeded'));
    expect([count.completed.size, count.release.length, count.uncounted.succeeded.length]).toEqual([
      1200, 500, 0,
    ]);
    const outcome = decide(job(spec), count, 0);
    const status = nextStatus(job(spec), count, { outcome, activeAfter: [], nowMs: 0 });
    expect(status.conditions?.map(({ type }) => type)).toEqual(['SuccessCriteriaMet']);
  });

  test('and fail with their Job are counted in portions', () => {
    const count = countPods(job(small), podsOf('Running'), 'Failed');
    expect([count.failed, count.release.length, count.uncounted.failed.length]).toEqual([1200, 500, 500]);
  });
});

// upstream: TestGetFinishedTime
test('a pod has ended when its last container has, or it was not ready any more, or it was deleted', () => {
  const terminated = (finishedAt?: string) => ({ name: 'c', state: { terminated: { finishedAt } } });
  const ready = (status: string) => ({ type: 'Ready', status, lastTransitionTime: '2026-01-01T00:00:20Z' });
  const went = { deletionTimestamp: '2026-01-01T00:01:00Z', deletionGracePeriodSeconds: 30 };
  const end = (status: object, metadata: object = {}) =>
    new Date(
      endedMs({ metadata: { creationTimestamp: '2026-01-01T00:00:00Z', ...metadata }, status } as never),
    )
      .toISOString()
      .slice(17, 19);
  const both = [terminated('2026-01-01T00:00:05Z'), terminated('2026-01-01T00:00:07Z')];
  expect(end({ containerStatuses: both, conditions: [ready('False')] })).toBe('07');
  expect(end({ containerStatuses: [...both, terminated()], conditions: [ready('False')] })).toBe('20');
  expect(end({ conditions: [ready('True')] }, went)).toBe('30');
  expect(end({ conditions: [ready('True')] })).toBe('00');
});

let cluster: TestCluster;
let nodes: TestNodes;
/** Which requests of the controller are refused. */
let refuse: (request: ApiRequest) => boolean;

beforeEach(async () => {
  refuse = () => false;
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  await cluster.run(createJobController(cluster.refusing('job-controller', (r) => refuse(r))));
});
afterEach(() => cluster.stop());

const create = (spec: object, podSpec: object = {}) =>
  cluster.create(jobs, {
    metadata: { name: 'j' },
    spec: {
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'work:1' }], ...podSpec },
      },
      ...spec,
    },
  });
const get = () => cluster.get(jobs, 'j');
const ended = (job: Stored<Job>) =>
  (job.status?.conditions ?? []).filter((c) => c.status === 'True').map((c) => `${c.type} ${c.reason}`);
const disruption = { type: 'DisruptionTarget', status: 'True' };
/** The failure policy that leaves disrupted pods out of account. */
const ignoring = { rules: [{ action: 'Ignore', onPodConditions: [disruption] }] };
/** A pod fails, and not by its own fault. */
const disrupt = (pod: Stored<Pod> | undefined) => {
  const status = { phase: 'Failed', conditions: [disruption] };
  return cluster.patch(pods, pod?.metadata.name ?? '', { status }, { subresource: 'status' });
};
const running = async () =>
  (await cluster.list(pods)).filter((p) => p.status?.phase === 'Running' && !p.metadata.deletionTimestamp);

describe('metrics', () => {
  const count = (name: string) => seriesOf(cluster.meter)[`job_controller_${name}`];

  test('tell of Jobs and pods that succeeded, and of what was done for that', async () => {
    nodes.fate = () => 'Succeeded';
    await create({ completions: 2, parallelism: 2, completionMode: 'Indexed' });
    await cluster.settle();
    const mode = 'completion_mode="Indexed",result="succeeded"';
    expect(count(`jobs_finished_total{${mode},reason="CompletionsReached"}`)).toBe(1);
    expect(count(`job_pods_finished_total{${mode}}`)).toBe(2);
    const sync = 'completion_mode="Indexed",result="success",action="pods_created"';
    expect(count(`job_syncs_total{${sync}}`)).toBe(1);
    expect(count(`job_sync_duration_seconds_count{${sync}}`)).toBe(1);
  });

  test('tell of those that failed', async () => {
    nodes.fate = () => 'Failed';
    await create({ backoffLimit: 0 });
    await cluster.settle();
    const mode = 'completion_mode="NonIndexed",result="failed"';
    expect(count(`jobs_finished_total{${mode},reason="BackoffLimitExceeded"}`)).toBe(1);
    expect(count(`job_pods_finished_total{${mode}}`)).toBe(1);
  });

  // upstream: TestIndexedJob, TestBackoffLimitPerIndex
  test('tell of indexes that succeeded and of those that failed', async () => {
    nodes.fate = (pod) => (indexOf(pod) === 1 ? 'Failed' : 'Succeeded');
    const indexed = { completions: 3, parallelism: 3, completionMode: 'Indexed' };
    await create({ ...indexed, backoffLimitPerIndex: 0 });
    await cluster.settle();
    expect(count('job_finished_indexes_total{status="succeeded",backoffLimit="perIndex"}')).toBe(2);
    expect(count('job_finished_indexes_total{status="failed",backoffLimit="perIndex"}')).toBe(1);
  });

  // upstream: TestParallelJob
  test('tell of pods that were made, and made again, and held until they were counted', async () => {
    await create({ parallelism: 2, completions: 2 });
    await cluster.settle();
    for (const pod of await running()) await nodes.become(pod, 'Failed');
    await cluster.pass(25_000);
    for (const pod of await running()) await nodes.become(pod, 'Succeeded');
    await cluster.settle();
    expect(count('job_pods_creation_total{reason="new",status="succeeded"}')).toBe(2);
    const again = 'reason="recreate_terminating_or_failed",status="succeeded"';
    expect(count(`job_pods_creation_total{${again}}`)).toBe(2);
    expect(count('terminated_pods_tracking_finalizer_total{event="add"}')).toBe(4);
    expect(count('terminated_pods_tracking_finalizer_total{event="delete"}')).toBe(4);
  });

  // upstream: TestJobPodReplacementPolicy
  test('tell of pods that could not be made', async () => {
    refuse = (r) => r.method === 'POST';
    await create({ podReplacementPolicy: 'Failed' });
    await cluster.settle();
    expect(count('job_pods_creation_total{reason="new",status="failed"}')).toBeGreaterThan(0);
  });

  // upstream: TestJobPodFailurePolicy
  test.each(['FailJob', 'Ignore', 'Count'])('tell of failures by what a policy says: %s', async (action) => {
    const onPodConditions = [{ type: 'ConfigIssue', status: 'True' }];
    await create({ podFailurePolicy: { rules: [{ action, onPodConditions }] } });
    await cluster.settle();
    const [name] = await cluster.names(pods);
    const status = { phase: 'Failed', conditions: [{ type: 'ConfigIssue', status: 'True' }] };
    await cluster.patch(pods, name ?? '', { status }, { subresource: 'status' });
    expect(count(`pod_failures_handled_by_failure_policy_total{action="${action}"}`)).toBe(1);
    await cluster.pass(11_000);
    for (const pod of await running()) await nodes.become(pod, 'Failed');
    await cluster.settle();
    expect(count(`pod_failures_handled_by_failure_policy_total{action="${action}"}`)).toBe(1);
  });

  test('tell of those that others deal with', async () => {
    await create({ managedBy: 'example.com/other' });
    await cluster.settle();
    expect(count('jobs_by_external_controller_total{controller_name="example.com/other"}')).toBe(1);
    expect(await cluster.list(pods)).toEqual([]);
  });
});

describe('a Job', () => {
  test('runs one pod and is complete', async () => {
    nodes.fate = () => 'Succeeded';
    await create({});
    await cluster.settle();
    const job = await get();
    expect(ended(job)).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
    expect(job.status).toMatchObject({
      succeeded: 1,
      ready: 0,
      terminating: 0,
      uncountedTerminatedPods: {},
      completionTime: expect.any(String),
    });
    const [pod] = await cluster.list(pods);
    expect(pod?.metadata.finalizers).toBeUndefined();
    expect(pod?.metadata.labels).toMatchObject({ 'batch.kubernetes.io/job-name': 'j' });
    expect(await cluster.events('Completed')).toEqual(['Completed Job completed']);
  });

  test('runs so many at once until enough have succeeded', async () => {
    await create({ parallelism: 2, completions: 5 });
    await cluster.settle();
    const most: number[] = [];
    for (let i = 0; i < 5; i++) {
      const now = await running();
      most.push(now.length);
      if (now[0]) await nodes.become(now[0], 'Succeeded');
      await cluster.settle();
    }
    expect(most).toEqual([2, 2, 2, 2, 1]);
    expect((await get()).status).toMatchObject({ succeeded: 5 });
    expect(await cluster.list(pods)).toHaveLength(5);
  });

  test('without a number of completions ends when its pods end', async () => {
    await create({ parallelism: 3 });
    await cluster.settle();
    const [first, ...others] = await running();
    if (first) await nodes.become(first, 'Succeeded');
    await cluster.settle();
    expect(await cluster.list(pods)).toHaveLength(3);
    expect(ended(await get())).toEqual([]);
    for (const pod of others) await nodes.become(pod, 'Succeeded');
    await cluster.settle();
    expect(ended(await get())).toContain('Complete CompletionsReached');
  });

  test('tries again ever later, and gives up', async () => {
    nodes.fate = () => 'Failed';
    await create({ backoffLimit: 2 });
    await cluster.settle();
    expect(await cluster.list(pods)).toHaveLength(1);
    await cluster.pass(11_000);
    expect(await cluster.list(pods)).toHaveLength(2);
    await cluster.pass(18_000);
    expect(await cluster.list(pods)).toHaveLength(2);
    await cluster.pass(4_000);
    const job = await get();
    expect(ended(job)).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
    expect(job.status).toMatchObject({ failed: 3 });
    expect(await cluster.events('BackoffLimitExceeded')).toEqual([
      'BackoffLimitExceeded Job has reached the specified backoff limit',
    ]);
  });

  test('ends at its deadline, with its pods', async () => {
    await create({ activeDeadlineSeconds: 30, parallelism: 2, completions: 2 });
    await cluster.pass(29_000);
    expect(await running()).toHaveLength(2);
    await cluster.pass(2_000);
    expect(await running()).toHaveLength(0);
    expect(ended(await get())).toContain('Failed DeadlineExceeded');
  });

  test('rests while it is suspended', async () => {
    await create({ suspend: true, activeDeadlineSeconds: 60 });
    await cluster.pass(600_000);
    expect(await cluster.list(pods)).toEqual([]);
    expect(ended(await get())).toEqual(['Suspended JobSuspended']);
    await cluster.patch(jobs, 'j', { spec: { suspend: false } });
    expect(await running()).toHaveLength(1);
    await cluster.patch(jobs, 'j', { spec: { suspend: true } });
    expect(await running()).toHaveLength(0);
    expect((await get()).status?.startTime).toBeUndefined();
    expect(await cluster.events('Resumed')).toEqual(['Resumed Job resumed']);
  });

  test('that has nothing to do is complete, though it is suspended', async () => {
    await create({ completions: 0, suspend: true });
    await cluster.settle();
    expect(ended(await get())).toEqual([
      'SuccessCriteriaMet CompletionsReached',
      'Complete CompletionsReached',
    ]);
  });

  test('scales with its parallelism', async () => {
    await create({ parallelism: 1, completions: 10 });
    await cluster.patch(jobs, 'j', { spec: { parallelism: 4 } });
    expect(await running()).toHaveLength(4);
    await cluster.patch(jobs, 'j', { spec: { parallelism: 2 } });
    expect(await running()).toHaveLength(2);
  });

  test('counts pods that are deleted as failed and replaces them', async () => {
    await create({});
    await cluster.settle();
    const [pod] = await running();
    await cluster.delete(pods, pod?.metadata.name ?? '');
    await cluster.pass(11_000);
    expect((await get()).status).toMatchObject({ failed: 1, active: 1 });
    expect(await cluster.list(pods)).toHaveLength(1);
  });

  test('goes with its pods', async () => {
    const context = cluster.context('generic-garbage-collector');
    await cluster.run(createGarbageCollector(context, { discover: cluster.discover }));
    await create({ parallelism: 2, completions: 2 });
    await cluster.settle();
    await cluster.delete(jobs, 'j', { propagationPolicy: 'Background' });
    await cluster.pass(1_000);
    expect(await cluster.list(pods)).toEqual([]);
    await create({ parallelism: 2, completions: 2 });
    await cluster.settle();
    await cluster.delete(jobs, 'j', { propagationPolicy: 'Foreground' });
    await cluster.pass(1_000);
    expect(await cluster.find(jobs, 'j')).toBeUndefined();
    expect(await cluster.list(pods)).toEqual([]);
  });

  // upstream: TestOrphanPodsFinalizersClearedWithGC
  test.each([{ backoffLimitPerIndex: 3 }, { podReplacementPolicy: 'Failed' }])(
    'holds none of its pods while it goes after them: %j',
    async (spec) => {
      const context = cluster.context('generic-garbage-collector');
      await cluster.run(createGarbageCollector(context, { discover: cluster.discover }));
      nodes.place = () => 'lost';
      nodes.lets = false;
      await create({ parallelism: 2, completions: 2, completionMode: 'Indexed', ...spec });
      await cluster.settle();
      const [first] = await running();
      if (first) await nodes.become(first, 'Failed');
      await cluster.settle();
      await cluster.delete(jobs, 'j', { propagationPolicy: 'Foreground' });
      expect((await cluster.list(pods)).filter(isTracked)).toEqual([]);
      for (const pod of await cluster.list(pods)) await nodes.finish(pod);
      await cluster.pass(1_000);
      expect(await cluster.find(jobs, 'j')).toBeUndefined();
    },
  );

  test('waits after a failure, also one that its policy says to ignore', async () => {
    await create({ podFailurePolicy: ignoring });
    await cluster.settle();
    await disrupt((await cluster.list(pods))[0]);
    expect(await running()).toEqual([]);
    await cluster.pass(11_000);
    expect(await running()).toHaveLength(1);
    expect((await get()).status?.failed).toBeUndefined();
  });

  test('waits after a pod was deleted, however long that had been ready', async () => {
    await create({});
    await cluster.pass(3_600_000);
    await cluster.delete(pods, (await cluster.names(pods))[0] ?? '');
    expect(await running()).toEqual([]);
    await cluster.pass(41_000);
    expect(await running()).toHaveLength(1);
  });

  // upstream: TestSyncOrphanPod
  test('has nothing to do with pods of another kind of Job', async () => {
    const owner = { apiVersion: 'example.com/v1', kind: 'Job', name: 'j', uid: 'u', controller: true };
    const finalizers = ['batch.kubernetes.io/job-tracking'];
    await cluster.create(pods, {
      metadata: { name: 'theirs', finalizers, ownerReferences: [owner] },
      spec: { containers: [{ name: 'c', image: 'work:1' }] },
    });
    await cluster.settle();
    expect(isTracked(await cluster.get(pods, 'theirs'))).toBe(true);
  });

  test('lets go of pods that stay when it goes', async () => {
    await cluster.run(
      createGarbageCollector(cluster.context('generic-garbage-collector'), { discover: cluster.discover }),
    );
    await create({});
    await cluster.settle();
    await cluster.delete(jobs, 'j', { propagationPolicy: 'Orphan' });
    const [pod] = await cluster.list(pods);
    expect(pod?.metadata.ownerReferences).toBeUndefined();
    expect(pod?.metadata.finalizers).toBeUndefined();
    await cluster.delete(pods, pod?.metadata.name ?? '');
    expect(await cluster.list(pods)).toEqual([]);
  });

  test('comes to rest', async () => {
    await create({ parallelism: 2, completions: 2 });
    await cluster.settle();
    const before = (await get()).metadata.resourceVersion;
    await cluster.pass(600_000);
    expect((await get()).metadata.resourceVersion).toBe(before);
  });
});

describe('an indexed Job', () => {
  const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 };
  const end = async (index: number, fate: 'Succeeded' | 'Failed') => {
    const pod = (await running()).find((p) => indexOf(p) === index);
    if (pod) await nodes.become(pod, fate);
    await cluster.settle();
  };

  test('has a pod for each index, which knows it', async () => {
    await create(indexed);
    await cluster.settle();
    const all = await cluster.list(pods);
    expect(all.map(indexOf).sort()).toEqual([0, 1, 2]);
    const first = all.find((p) => indexOf(p) === 0);
    expect(first?.metadata.name).toMatch(/^j-0-.{5}$/);
    expect(first?.spec.hostname).toBe('j-0');
    expect(first?.spec.containers[0]?.env?.[0]).toEqual({
      name: 'JOB_COMPLETION_INDEX',
      valueFrom: {
        fieldRef: {
          apiVersion: 'v1',
          fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']",
        },
      },
    });
    for (const index of [0, 2]) await end(index, 'Succeeded');
    expect((await get()).status).toMatchObject({ succeeded: 2, completedIndexes: '0,2' });
    await end(1, 'Failed');
    await cluster.pass(11_000);
    expect((await running()).map(indexOf)).toEqual([1]);
    await end(1, 'Succeeded');
    expect((await get()).status).toMatchObject({ succeeded: 3, failed: 1, completedIndexes: '0-2' });
    expect(ended(await get())).toContain('Complete CompletionsReached');
  });

  // upstream: appendPodsWithSameIndexForRemoval
  test('keeps the pod that is furthest where an index has two', async () => {
    nodes.fate = (pod) => (pod.metadata.name === 'j-twin' ? 'ready' : 'pending');
    await create({ ...indexed, completions: 1 });
    await cluster.settle();
    const [first] = await cluster.list(pods);
    if (!first) throw new Error('no pod');
    const { labels, annotations, ownerReferences, finalizers } = first.metadata;
    const metadata = { name: 'j-twin', labels, annotations, ownerReferences, finalizers };
    await cluster.create(pods, { metadata, spec: first.spec });
    await cluster.settle();
    expect(await cluster.names(pods)).toEqual(['j-twin']);
  });

  test('may fail by index', async () => {
    nodes.fate = (pod) => (indexOf(pod) === 1 ? 'Failed' : 'Succeeded');
    await create({ ...indexed, backoffLimitPerIndex: 1 });
    await cluster.pass(60_000);
    const job = await get();
    expect(job.status).toMatchObject({
      succeeded: 2,
      failed: 2,
      completedIndexes: '0,2',
      failedIndexes: '1',
    });
    expect(ended(job)).toEqual(['FailureTarget FailedIndexes', 'Failed FailedIndexes']);
  });

  test('replaces the index whose pod has failed, not the one whose pod is still on its way out', async () => {
    await create({ ...indexed, podReplacementPolicy: 'Failed' });
    await cluster.settle();
    nodes.lets = false;
    const leaving = (await running()).find((p) => indexOf(p) === 0);
    await cluster.delete(pods, leaving?.metadata.name ?? '');
    await end(2, 'Failed');
    await cluster.pass(11_000);
    expect((await running()).map(indexOf).sort()).toEqual([1, 2]);
    expect((await get()).status).toMatchObject({ active: 2, terminating: 1, failed: 1 });
  });

  test('waits for each index after its failures, also those that its policy says to ignore', async () => {
    await create({ ...indexed, backoffLimitPerIndex: 1, podFailurePolicy: ignoring });
    await cluster.settle();
    const again = () => running().then((all) => all.find((pod) => indexOf(pod) === 1));
    await disrupt(await again());
    expect(await again()).toBeUndefined();
    await cluster.pass(11_000);
    const second = await again();
    const failures = { 'job-index-failure-count': '0', 'job-index-ignored-failure-count': '1' };
    for (const [key, value] of Object.entries(failures))
      expect(second?.metadata.annotations?.[`batch.kubernetes.io/${key}`]).toBe(value);
    await disrupt(second);
    await cluster.pass(11_000);
    expect(await again()).toBeUndefined();
    await cluster.pass(11_000);
    expect(await again()).toBeDefined();
  });

  // upstream: TestElasticIndexedJob
  test('does an index again that it has no more for a while', async () => {
    await create(indexed);
    await cluster.settle();
    await end(2, 'Succeeded');
    await cluster.patch(jobs, 'j', { spec: { completions: 2, parallelism: 2 } });
    expect((await get()).status).toMatchObject({ active: 2 });
    expect((await get()).status?.completedIndexes).toBeUndefined();
    await cluster.patch(jobs, 'j', { spec: { completions: 3, parallelism: 3 } });
    for (const index of [0, 1, 2]) await end(index, 'Succeeded');
    expect((await get()).status).toMatchObject({ completedIndexes: '0-2', succeeded: 3 });
    expect(ended(await get())).toContain('Complete CompletionsReached');
  });

  // upstream: TestPodGenerateNameWithIndex
  test('with a long name has its indexes in the names of its pods', () => {
    const metadata = { name: 'a'.repeat(60), uid: 'u' };
    const pod = jobPod(
      { metadata, spec: { template: { spec: { containers: [] } } } } as unknown as Stored<Job>,
      { index: 12 },
    );
    expect(pod.metadata.generateName).toBe(`${'a'.repeat(54)}-12-`);
  });

  test('that becomes smaller is not failed by an index it has no more', async () => {
    await create({ ...indexed, backoffLimitPerIndex: 0 });
    await cluster.settle();
    await end(2, 'Failed');
    expect((await get()).status).toMatchObject({ failedIndexes: '2', active: 2 });
    await cluster.patch(jobs, 'j', { spec: { completions: 2, parallelism: 2 } });
    for (const index of [0, 1]) await end(index, 'Succeeded');
    expect((await get()).status).toMatchObject({ failedIndexes: '', completedIndexes: '0,1' });
    expect(ended(await get())).toContain('Complete CompletionsReached');
  });

  test('all of whose indexes have ended has failed by one of them, also where its success policy is met', () => {
    const rules = [{ succeededIndexes: '0' }];
    const job = { spec: { ...indexed, completions: 2, backoffLimitPerIndex: 0, successPolicy: { rules } } };
    const fresh = { succeeded: [], failed: [] };
    const indexes = { completed: IndexSet.of([0]), failedIndexes: IndexSet.of([1]) };
    const count = { active: [], failed: 0, succeeded: 1, fresh, ...indexes };
    expect(decide(job as never, count as never, 0)).toMatchObject({ reason: 'FailedIndexes' });
  });

  test('ends early where its success policy says so', async () => {
    await create({ ...indexed, successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 1 }] } });
    await cluster.settle();
    await end(2, 'Succeeded');
    expect(ended(await get())).toEqual([]);
    await end(1, 'Succeeded');
    await cluster.settle();
    expect(ended(await get())).toEqual(['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy']);
    expect(await running()).toEqual([]);
  });
});

describe('pods that a Job takes away itself', () => {
  test('are not failed: fewer are wanted', async () => {
    await create({ parallelism: 3, completions: 3, backoffLimit: 1 });
    await cluster.settle();
    await cluster.patch(jobs, 'j', { spec: { parallelism: 1 } });
    expect((await get()).status).toMatchObject({ active: 1, ready: 1, terminating: 0 });
    expect((await get()).status?.failed).toBeUndefined();
  });

  test('are not failed: it is suspended', async () => {
    nodes.lets = false;
    await create({ parallelism: 3, completions: 3, completionMode: 'Indexed', backoffLimitPerIndex: 0 });
    await cluster.settle();
    await cluster.patch(jobs, 'j', { spec: { suspend: true } });
    expect((await get()).status).toMatchObject({ failedIndexes: '', ready: 0, terminating: 3 });
    expect((await get()).status?.failed).toBeUndefined();
    for (const pod of await cluster.list(pods)) await nodes.finish(pod);
    await cluster.patch(jobs, 'j', { spec: { suspend: false } });
    expect((await get()).status).toMatchObject({ active: 3, terminating: 0 });
  });

  const failsBy = (action: string) => ({
    rules: [{ action, onPodConditions: [{ type: 'ConfigIssue', status: 'True' }] }],
  });
  const failByPolicy = (name: string) =>
    cluster.patch(
      pods,
      name,
      { status: { phase: 'Failed', conditions: [{ type: 'ConfigIssue', status: 'True' }] } },
      { subresource: 'status' },
    );

  test('are failed with it, at once, and it is over when they are gone', async () => {
    nodes.lets = false;
    await create({ parallelism: 2, completions: 2, podFailurePolicy: failsBy('FailJob') });
    await cluster.settle();
    const [first] = await cluster.names(pods);
    await failByPolicy(first ?? '');
    const left = (await cluster.list(pods)).filter((pod) => pod.metadata.deletionTimestamp);
    expect(left.map(({ metadata }) => metadata.finalizers)).toEqual([undefined]);
    expect((await get()).status).toMatchObject({ failed: 2, terminating: 1 });
    expect(ended(await get())).toEqual(['FailureTarget PodFailurePolicy']);
    for (const pod of left) await nodes.finish(pod);
    await cluster.settle();
    expect((await get()).status).toMatchObject({ failed: 2, terminating: 0 });
    expect(ended(await get())).toEqual(['FailureTarget PodFailurePolicy', 'Failed PodFailurePolicy']);
  });

  test('are failed with it, also those that wait for another of their index', async () => {
    await create({
      parallelism: 3,
      completions: 3,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 1,
      maxFailedIndexes: 0,
      podFailurePolicy: failsBy('FailIndex'),
    });
    await cluster.settle();
    const [first, second] = await cluster.list(pods);
    if (first) await nodes.become(first, 'Failed');
    await cluster.settle();
    await failByPolicy(second?.metadata.name ?? '');
    expect((await get()).status).toMatchObject({ failed: 3, failedIndexes: '1', terminating: 0 });
    expect((await cluster.list(pods)).filter(isTracked)).toEqual([]);
  });

  test('are not failed where it has succeeded, and it is over when they are gone', async () => {
    nodes.lets = false;
    const successPolicy = { rules: [{ succeededCount: 1 }] };
    await create({ parallelism: 2, completions: 2, completionMode: 'Indexed', successPolicy });
    await cluster.settle();
    const [first, second] = await cluster.list(pods);
    if (first) await nodes.become(first, 'Succeeded');
    await cluster.settle();
    expect((await get()).status).toMatchObject({ succeeded: 1, terminating: 1 });
    expect(ended(await get())).toEqual(['SuccessCriteriaMet SuccessPolicy']);
    if (second) await nodes.finish(second);
    await cluster.settle();
    expect(ended(await get())).toEqual(['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy']);
    expect((await get()).status?.failed).toBeUndefined();
  });
});

describe('a pod that comes to a Job by its labels', () => {
  const labels = { app: 'mine' };
  const containers = [{ name: 'c', image: 'work:1' }];
  beforeEach(async () => {
    nodes.fate = () => 'pending';
    await cluster.create(pods, { metadata: { name: 'other', labels }, spec: { containers } });
    await cluster.create(jobs, {
      metadata: { name: 'j' },
      spec: {
        manualSelector: true,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers } },
      },
    });
    await cluster.settle();
  });

  test('is counted as its own', async () => {
    const other = await cluster.get(pods, 'other');
    expect(isTracked(other)).toBe(true);
    await nodes.become(other, 'Succeeded');
    await cluster.settle();
    expect((await get()).status?.succeeded).toBe(1);
  });

  test('and goes by them waits for nobody any more', async () => {
    await cluster.patch(pods, 'other', { metadata: { labels: { app: 'else' } } });
    const { ownerReferences, finalizers } = (await cluster.get(pods, 'other')).metadata;
    expect([ownerReferences, finalizers]).toEqual([undefined, undefined]);
  });
});

describe('what a Job tells', () => {
  test('that more pods have succeeded than it needs', async () => {
    const labels = { app: 'mine' };
    const containers = [{ name: 'c', image: 'work:1' }];
    nodes.fate = () => 'pending';
    await cluster.create(jobs, {
      metadata: { name: 'j' },
      spec: {
        completions: 1,
        manualSelector: true,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers } },
      },
    });
    await cluster.settle();
    const [first] = await cluster.list(pods);
    if (first) await nodes.become(first, 'Succeeded');
    await nodes.become(
      await cluster.create(pods, { metadata: { name: 'other', labels }, spec: { containers } }),
      'Succeeded',
    );
    await cluster.settle();
    expect((await get()).status?.succeeded).toBe(2);
    expect(await cluster.events('TooManySucceededPods')).toEqual([
      'TooManySucceededPods Too many succeeded pods running after completion count reached',
    ]);
  });

  test('that a pod cannot be deleted', async () => {
    await create({ parallelism: 2, completions: 2 });
    await cluster.settle();
    refuse = (r) => r.method === 'DELETE';
    await cluster.patch(jobs, 'j', { spec: { parallelism: 1 } });
    expect(await cluster.events('FailedDelete')).toContain('FailedDelete Error deleting: no');
  });
});
