import { expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { podTemplate, type WorkloadOptions } from '../support/workloads.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const world = await startFileWorld();
const { api } = world;

const batch = 'batch/v1';
const jobs = (ns: string, name?: string) => at(batch, 'jobs', { ns, name });
const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });

/** A Job whose pods end as annotations say; they run until somebody stops them where nothing is said. */
const job = (name: string, { more, spec, ...rest }: WorkloadOptions = {}): Any => ({
  apiVersion: batch,
  kind: 'Job',
  metadata: { name },
  spec: { ...more, template: podTemplate(name, { ...rest, spec: { restartPolicy: 'Never', ...spec } }) },
});

const exits = (after: string, code = '0') => ({
  'simulated.k8ts.dev/exit-after': after,
  'simulated.k8ts.dev/exit-code': code,
});

const condition = async (ns: string, name: string, type: string) =>
  (await api.get(jobs(ns, name))).status.conditions?.find((c: Any) => c.type === type && c.status === 'True');

const complete = (ns: string, name: string) => world.until(() => condition(ns, name, 'Complete'));

line('job-adoption', async () => {
  const ns = await world.namespace();
  await api.post(jobs(ns), job('work', { more: { parallelism: 2, completions: 2, backoffLimit: 6 } }));
  const [first] = await world.ready(ns, 'job-name=work', 2);
  const path = pods(ns, first.metadata.name);
  await api.update(path, ({ metadata }) => delete metadata.ownerReferences);
  await world.until(async () => {
    const { ownerReferences } = (await api.get(path)).metadata;
    expect(ownerReferences).toMatchObject([{ kind: 'Job', name: 'work', controller: true }]);
    return true;
  });
  await api.update(path, ({ metadata }) => {
    metadata.labels = undefined;
  });
  await world.until(async () => {
    const { ownerReferences = [] } = (await api.get(path)).metadata;
    return ownerReferences.length === 0;
  });
});

line('job-ignore', async () => {
  const ns = await world.namespace();
  const rule = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] };
  const more = {
    parallelism: 2,
    completions: 2,
    completionMode: 'Indexed',
    backoffLimit: 0,
    podFailurePolicy: { rules: [rule] },
  };
  // Who is stopped does not end well.
  const annotations = { ...exits('30s'), 'simulated.k8ts.dev/stop-after': '1h' };
  await api.post(jobs(ns), job('work', { more, annotations }));
  const first = await world.ready(ns, 'job-name=work', 2);
  for (const { metadata } of first) {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name } };
    await api.post(`${pods(ns, metadata.name)}/eviction`, eviction);
  }
  await complete(ns, 'work');
  expect((await api.get(jobs(ns, 'work'))).status).toMatchObject({ succeeded: 2, completedIndexes: '0,1' });
  const second = await world.pods(ns, 'job-name=work');
  const succeeded = second.filter(({ status }) => status.phase === 'Succeeded');
  expect(succeeded).toHaveLength(2);
  const uids = first.map(({ metadata }) => metadata.uid);
  expect(succeeded.filter(({ metadata }) => uids.includes(metadata.uid))).toEqual([]);
});

line('job-fail', async () => {
  const ns = await world.namespace();
  const rule = { action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } };
  const more = { parallelism: 1, completions: 2, backoffLimit: 6, podFailurePolicy: { rules: [rule] } };
  await api.post(jobs(ns), job('work', { more, annotations: exits('2s', '1') }));
  expect(await world.until(() => condition(ns, 'work', 'Failed'))).toMatchObject({
    reason: 'PodFailurePolicy',
    message: expect.stringMatching(
      /^Container main for pod conformance-\d+\/work-\w+ failed with exit code 1 matching FailJob rule at index 0$/,
    ),
  });
  expect((await api.get(jobs(ns, 'work'))).status.failed).toBe(1);
});

line('job-status', async () => {
  const ns = await world.namespace();
  await api.post(jobs(ns), job('work', { more: { parallelism: 2, completions: 4 } }));
  await world.ready(ns, 'job-name=work', 2);
  const path = jobs(ns, 'work');
  const now = new Date(world.cluster.now()).toISOString().replace(/\.\d+/, '');
  const added = { type: 'CustomConditionType', status: 'True', lastTransitionTime: now };
  const patched = await api.patch(`${path}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { conditions: [added] },
  });
  expect(patched.metadata.annotations.patchedstatus).toBe('true');
  expect(patched.status.conditions).toMatchObject([added]);
  const updated = await api.update(`${path}/status`, ({ status }) => {
    status.conditions = [{ ...added, type: 'CustomConditionUpdated' }];
  });
  expect(updated.status.conditions).toMatchObject([{ type: 'CustomConditionUpdated' }]);
  await world.cluster.advance('10s');
  const { status, kind } = await api.get(`${path}/status`);
  expect(kind).toBe('Job');
  expect(status).toMatchObject({ active: 2, conditions: [{ type: 'CustomConditionUpdated' }] });
});

line('job-indexed', async () => {
  const ns = await world.namespace();
  const more = { parallelism: 2, completions: 4, completionMode: 'Indexed' };
  await api.post(jobs(ns), job('work', { more, annotations: exits('2s') }));
  await complete(ns, 'work');
  const key = 'batch.kubernetes.io/job-completion-index';
  const found = await world.pods(ns, 'job-name=work');
  expect(found.map(({ metadata }) => metadata.annotations[key]).sort()).toEqual(['0', '1', '2', '3']);
  for (const { metadata, spec } of found) {
    const index = metadata.annotations[key];
    expect(metadata.labels[key]).toBe(index);
    expect(spec.hostname).toBe(`work-${index}`);
    expect(spec.containers[0].env).toContainEqual({
      name: 'JOB_COMPLETION_INDEX',
      valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${key}']` } },
    });
  }
});

line('job-delete', async () => {
  const ns = await world.namespace();
  await api.post(jobs(ns), job('work', { more: { parallelism: 2, completions: 4 } }));
  await world.ready(ns, 'job-name=work', 2);
  await api.delete(jobs(ns, 'work'), { propagationPolicy: 'Foreground' });
  await world.until(async () => !(await api.has(jobs(ns, 'work'))));
  expect(await world.pods(ns, 'job-name=work')).toEqual([]);
});

line('job-lifecycle', async () => {
  const ns = await world.namespace();
  const made = job('work', { more: { suspend: true, parallelism: 2, completions: 4 } });
  made.metadata.labels = { e2e: 'lifecycle' };
  await api.post(jobs(ns), made);
  const path = jobs(ns, 'work');
  await world.until(() => condition(ns, 'work', 'Suspended'));
  expect(await world.pods(ns, 'job-name=work')).toEqual([]);
  await api.patch(path, { metadata: { labels: { patched: 'yes' } } }, 'strategic');
  expect((await api.get(path)).metadata.labels.patched).toBe('yes');
  await api.update(path, ({ metadata, spec }) => {
    spec.suspend = false;
    metadata.annotations = { updated: 'true' };
  });
  expect((await api.get(path)).metadata.annotations.updated).toBe('true');
  await world.ready(ns, 'job-name=work', 2);
  const selected = '?labelSelector=e2e%3Dlifecycle';
  expect(await api.names(at(batch, 'jobs') + selected)).toEqual(['work']);
  await api.ok('DELETE', jobs(ns) + selected, {
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
  });
  await world.until(async () => !(await api.has(path)));
  await world.until(async () => (await world.pods(ns, 'job-name=work')).length === 0);
});

line('job-restart', async () => {
  const ns = await world.namespace();
  const annotations = exits('1s', '1, 0');
  const spec = { restartPolicy: 'OnFailure' };
  const more = { parallelism: 2, completions: 4 };
  await api.post(jobs(ns), job('work', { more, annotations, spec }));
  await complete(ns, 'work');
  const found = await world.pods(ns, 'job-name=work');
  expect(found).toHaveLength(4);
  for (const { status } of found) {
    expect(status.phase).toBe('Succeeded');
    expect(status.containerStatuses[0].restartCount).toBe(1);
  }
});

const cronJobs = (ns: string, name?: string) => at(batch, 'cronjobs', { ns, name });

/** A CronJob of every minute, whose Jobs run until somebody stops them. */
const cronJob = (name: string, more: Any = {}): Any => ({
  apiVersion: batch,
  kind: 'CronJob',
  metadata: { name },
  spec: { schedule: '*/1 * * * ?', jobTemplate: { spec: job(name).spec }, ...more },
});

const activeOf = async (ns: string): Promise<Any[]> =>
  (await api.get(cronJobs(ns, 'tick'))).status.active ?? [];
const running = (ns: string, count: number) =>
  world.until(async () => {
    const active = await activeOf(ns);
    return active.length === count && active;
  });

line('cron-suspended', async () => {
  const ns = await world.namespace();
  await api.post(cronJobs(ns), cronJob('tick', { suspend: true }));
  await world.cluster.advance('5m');
  expect(await activeOf(ns)).toEqual([]);
  expect(await api.names(jobs(ns))).toEqual([]);
});

line('cron-forbid', async () => {
  const ns = await world.namespace();
  await api.post(cronJobs(ns), cronJob('tick', { concurrencyPolicy: 'Forbid' }));
  const [first] = await running(ns, 1);
  await world.cluster.advance('3m');
  expect((await activeOf(ns)).map(({ name }) => name)).toEqual([first.name]);
  expect(await api.names(jobs(ns))).toEqual([first.name]);
});

line('cron-replace', async () => {
  const ns = await world.namespace();
  await api.post(cronJobs(ns), cronJob('tick', { concurrencyPolicy: 'Replace' }));
  const [first] = await running(ns, 1);
  const [next] = await world.until(async () => {
    const active = await activeOf(ns);
    return active.length === 1 && active[0].name !== first.name && active;
  });
  await world.until(async () => (await api.names(jobs(ns))).join() === next.name);
});

line('cron-allow', async () => {
  const ns = await world.namespace();
  await api.post(cronJobs(ns), cronJob('tick', { concurrencyPolicy: 'Allow' }));
  const active = await running(ns, 2);
  expect(await api.names(jobs(ns))).toEqual(active.map(({ name }) => name).sort());
  await api.delete(cronJobs(ns, 'tick'));
});

line('cron-api', async () => {
  const ns = await world.namespace();
  const path = cronJobs(ns, 'tick');
  const events = await world.watch(cronJobs(ns));
  const labels = { e2e: 'cron' };
  for (const name of ['tick', 'tock', 'toll']) {
    const made = cronJob(name, { suspend: true });
    await api.post(cronJobs(ns), { ...made, metadata: { name, labels } });
  }
  expect((await api.get(path)).spec.schedule).toBe('*/1 * * * ?');
  expect(await api.names(at(batch, 'cronjobs') + '?labelSelector=e2e%3Dcron')).toEqual([
    'tick',
    'tock',
    'toll',
  ]);
  await api.patch(path, { metadata: { annotations: { patched: 'true' } } });
  await api.update(path, ({ metadata }) => {
    metadata.annotations.updated = 'true';
  });
  expect((await api.get(path)).metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' });
  const lastScheduleTime = new Date(world.cluster.now()).toISOString().replace(/\.\d+/, '');
  const patched = await api.patch(`${path}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { lastScheduleTime },
  });
  expect(patched.status.lastScheduleTime).toBe(lastScheduleTime);
  expect(patched.metadata.annotations.patchedstatus).toBe('true');
  const later = new Date(world.cluster.now() + 1000).toISOString().replace(/\.\d+/, '');
  const updated = await api.update(`${path}/status`, ({ status }) => {
    status.lastScheduleTime = later;
  });
  expect(updated.status.lastScheduleTime).toBe(later);
  expect((await api.get(`${path}/status`)).status.lastScheduleTime).toBe(later);
  await api.delete(path);
  await world.until(async () => !(await api.has(path)));
  await api.delete(`${cronJobs(ns)}?labelSelector=e2e%3Dcron`);
  await world.until(async () => (await api.names(cronJobs(ns))).length === 0);
  const types = events.map(({ type, object }) => `${type} ${object.metadata.name}`);
  expect(types).toEqual(
    expect.arrayContaining(['ADDED tick', 'MODIFIED tick', 'DELETED tick', 'DELETED toll']),
  );
});
