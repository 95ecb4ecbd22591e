import { expect, test } from 'vitest';
import { jobs } from '../../api/generated/resources.ts';
import { formatTime } from '../../platform/clock.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster } from '../testing.ts';
import { createTtlAfterFinishedController } from './ttl-after-finished.ts';

test('a finished Job goes when its time is over, not before', async () => {
  const cluster = await TestCluster.start();
  await cluster.run(createTtlAfterFinishedController(cluster.context('ttl-after-finished-controller')));
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'web:1' }] } };
  const job = await cluster.create(jobs, {
    metadata: { name: 'j' },
    spec: { ttlSecondsAfterFinished: 30, template },
  });
  await cluster.pass(60_000);
  const time = formatTime(cluster.clock.now());
  const status = {
    startTime: time,
    completionTime: time,
    conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => {
      return { type, status: 'True', lastTransitionTime: time, lastProbeTime: time };
    }),
  };
  await cluster.client.of(jobs).updateStatus({ ...job, status }, { cause: { reason: 'test' } });
  await cluster.pass(29_000);
  expect((await cluster.get(jobs, 'j')).metadata.deletionTimestamp).toBeUndefined();
  await cluster.pass(2_000);
  // Deleted in the foreground: without a garbage collector it stays with that finalizer.
  expect((await cluster.get(jobs, 'j')).metadata.finalizers).toEqual(['foregroundDeletion']);
  const late = 'ttl_after_finished_controller_job_deletion_duration_seconds';
  expect(seriesOf(cluster.meter)).toMatchObject({
    [`${late}_count`]: 1,
    [`${late}_sum`]: expect.closeTo(0, 0),
  });
  await cluster.stop();
});
