import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cronjobs, jobs, pods } from '../../api/generated/resources.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { createGarbageCollector } from '../garbage/garbage.ts';
import { createJobController } from '../job/job.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { createCronJobController } from './cronjob.ts';

const ms = (text: string) => Date.parse(text);
let cluster: TestCluster;
let nodes: TestNodes;
/** Which requests of the controller are refused. */
let refuse: (request: ApiRequest) => boolean;

beforeEach(async () => {
  refuse = () => false;
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  nodes.fate = () => 'Succeeded';
  await cluster.run(
    createCronJobController(cluster.refusing('cronjob-controller', (r) => refuse(r))),
    createJobController(cluster.context('job-controller')),
    createGarbageCollector(cluster.context('generic-garbage-collector'), { discover: cluster.discover }),
  );
});
afterEach(() => cluster.stop());

const create = (spec: object = {}) =>
  cluster.create(cronjobs, {
    metadata: { name: 'tick' },
    spec: {
      schedule: '*/5 * * * *',
      jobTemplate: {
        metadata: { labels: { from: 'tick' } },
        spec: {
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'work:1' }] } },
        },
      },
      ...spec,
    },
  });
const get = () => cluster.get(cronjobs, 'tick');

test('how late a Job was made is measured', async () => {
  await create();
  await cluster.pass(301_000);
  const skew = 'cronjob_controller_job_creation_skew_duration_seconds';
  expect(seriesOf(cluster.meter)).toMatchObject({ [`${skew}_count`]: 1, [`${skew}_sum`]: 0 });
});

describe('a CronJob that cannot be kept', () => {
  /** As if it had been stored before the API server minded. */
  const show = async (spec: object) => {
    const informer = cluster.informers.of(cronjobs);
    const real = informer.get.bind(informer);
    vi.spyOn(informer, 'get').mockImplementation((key) => {
      const cron = real(key);
      return cron && { ...cron, spec: { ...cron.spec, ...spec } };
    });
    await create();
    await cluster.pass(301_000);
  };

  test('for its time zone says so, though it is suspended', async () => {
    await show({ timeZone: 'Mars/Olympus', suspend: true });
    expect(await cluster.events('UnknownTimeZone')).toEqual([
      'UnknownTimeZone invalid timeZone: "Mars/Olympus": unknown time zone Mars/Olympus',
    ]);
    expect(await cluster.list(jobs)).toEqual([]);
  });

  test('for sure, as its schedule has a time zone, is kept all the same', async () => {
    await show({ schedule: 'TZ=Asia/Kolkata 35 5 * * *' });
    expect(await cluster.names(jobs)).toEqual([`tick-${ms('2026-01-01T00:05:00Z') / 60_000}`]);
    expect((await cluster.events('UnsupportedSchedule'))[0]).toBe(
      'UnsupportedSchedule CRON_TZ or TZ used in schedule "TZ=Asia/Kolkata 35 5 * * *" is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
    );
  });

  test('for its new Jobs are refused takes old ones away all the same, and sees which have ended', async () => {
    await create({ successfulJobsHistoryLimit: 1 });
    await cluster.pass(599_000);
    refuse = (r) => r.method === 'POST' && r.path.endsWith('/jobs');
    await cluster.patch(cronjobs, 'tick', { spec: { successfulJobsHistoryLimit: 0 } });
    await cluster.pass(60_000);
    expect(await cluster.list(jobs)).toEqual([]);
    expect((await get()).status?.active).toBeUndefined();
  });

  test('away from its old Jobs goes on with new ones', async () => {
    refuse = (r) => r.method === 'DELETE';
    await create({ successfulJobsHistoryLimit: 1 });
    await cluster.pass(901_000);
    expect(await cluster.list(jobs)).toHaveLength(3);
    expect(await cluster.events('FailedDelete')).toContain('FailedDelete Deleted job: no');
    refuse = () => false;
    await cluster.pass(300_000);
    expect(await cluster.list(jobs)).toHaveLength(1);
  });
});

test.each([
  ['01:41:00', 0],
  ['01:42:00', 1],
])(
  'at %s of a Job each minute since midnight it is said so often that too many were missed: %d',
  async (time, said) => {
    await create({ suspend: true, schedule: '* * * * *' });
    await cluster.pass(ms(`2026-01-01T${time}Z`) - cluster.clock.now() - 1_000);
    await cluster.patch(cronjobs, 'tick', { spec: { suspend: false } });
    expect(await cluster.events('TooManyMissedTimes')).toHaveLength(said);
  },
);

test('a schedule that names no day that there is, is told of', async () => {
  await create({ schedule: '59 23 31 2 *' });
  await cluster.pass(1_000);
  expect(await cluster.events('InvalidSchedule')).toEqual([
    'InvalidSchedule invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second',
  ]);
});

describe('a CronJob', () => {
  test('starts a Job at each time and keeps the last ones', async () => {
    await create();
    await cluster.pass(299_000);
    expect(await cluster.list(jobs)).toEqual([]);
    await cluster.pass(2_000);
    const [job] = await cluster.list(jobs);
    const minute = ms('2026-01-01T00:05:00Z') / 60_000;
    expect(job?.metadata).toMatchObject({
      name: `tick-${minute}`,
      labels: { from: 'tick' },
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:05:00Z' },
    });
    expect((await get()).status).toMatchObject({
      lastScheduleTime: '2026-01-01T00:05:00Z',
      lastSuccessfulTime: '2026-01-01T00:05:00Z',
    });
    expect((await get()).status?.active).toBeUndefined();
    await cluster.pass(3_600_000);
    expect(await cluster.list(jobs)).toHaveLength(3);
    expect(await cluster.list(pods)).toHaveLength(3);
  });

  test('shows what runs, lets several run, or only one', async () => {
    nodes.fate = () => 'ready';
    await create();
    await cluster.pass(660_000);
    expect((await get()).status?.active).toHaveLength(2);
    await cluster.patch(cronjobs, 'tick', { spec: { concurrencyPolicy: 'Forbid' } });
    await cluster.pass(600_000);
    expect((await get()).status?.active).toHaveLength(2);
    expect((await cluster.events('JobAlreadyActive')).length).toBeGreaterThan(0);
  });

  test('notes on its Job the time that is meant, as its own zone shows it', async () => {
    await create({ timeZone: 'Asia/Kolkata' });
    await cluster.pass(301_000);
    const [job] = await cluster.list(jobs);
    const key = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
    expect(job?.metadata.annotations?.[key]).toBe('2026-01-01T05:35:00+05:30');
  });

  test.each(['Forbid', 'Replace'])(
    '%s: a Job that a person made of it neither holds it up nor gives way',
    async (policy) => {
      nodes.fate = () => 'ready';
      const { apiVersion, kind, metadata, spec } = await create({ concurrencyPolicy: policy });
      const owner = {
        apiVersion: apiVersion ?? '',
        kind: kind ?? '',
        name: 'tick',
        uid: metadata.uid,
        controller: true,
      };
      const { template } = spec.jobTemplate.spec ?? {};
      await cluster.create(jobs, {
        metadata: { name: 'by-hand', ownerReferences: [owner] },
        spec: { template },
      });
      await cluster.pass(301_000);
      expect((await cluster.list(jobs)).map((job) => job.metadata.name)).toEqual([
        'by-hand',
        expect.stringMatching(/^tick-/),
      ]);
      expect((await get()).status?.active).toHaveLength(1);
      const message = 'UnexpectedJob Saw a job that the controller did not create or forgot: by-hand';
      expect(await cluster.events('UnexpectedJob')).toContain(message);
    },
  );

  test('replaces the Job that still runs', async () => {
    nodes.fate = () => 'ready';
    await create({ concurrencyPolicy: 'Replace' });
    await cluster.pass(660_000);
    expect(await cluster.list(jobs)).toHaveLength(1);
    expect(await cluster.list(pods)).toHaveLength(1);
    expect((await get()).status?.active).toHaveLength(1);
  });

  test('rests while suspended, and does not make up for everything', async () => {
    await create({ suspend: true, startingDeadlineSeconds: 100 });
    await cluster.pass(3_600_000 + 120_000);
    expect(await cluster.list(jobs)).toEqual([]);
    await cluster.patch(cronjobs, 'tick', { spec: { suspend: false } });
    expect(await cluster.list(jobs)).toEqual([]);
    await cluster.pass(180_000);
    expect(await cluster.list(jobs)).toHaveLength(1);
  });

  test('after a long pause starts the last one missed, and says that many were', async () => {
    await create({ suspend: true, schedule: '* * * * *' });
    await cluster.pass(3 * 3_600_000);
    await cluster.patch(cronjobs, 'tick', { spec: { suspend: false } });
    expect(await cluster.list(jobs)).toHaveLength(1);
    expect((await get()).status?.lastScheduleTime).toBe('2026-01-01T03:00:00Z');
    expect(await cluster.events('TooManyMissedTimes')).toHaveLength(1);
  });

  test('keeps failed Jobs by their own limit', async () => {
    nodes.fate = () => 'Failed';
    await create({
      failedJobsHistoryLimit: 2,
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [{ name: 'c', image: 'work:1' }],
            },
          },
        },
      },
    });
    await cluster.pass(1_800_000);
    expect(await cluster.list(jobs)).toHaveLength(2);
  });
});
