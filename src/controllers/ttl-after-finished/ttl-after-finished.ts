import type { Job } from '../../api/batch/v1.ts';
import { jobs } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { HistogramOptions } from '../../platform/metrics/meter.ts';
import { type ControllerContext, createController, done } from '../controller.ts';

const deletionDuration: HistogramOptions = {
  name: 'ttl_after_finished_controller_job_deletion_duration_seconds',
  help: 'How long after its time was up a Job was deleted.',
  stability: 'ALPHA',
  bounds: exponentialBounds(0.1, 2, 14),
};

/** When a Job's time after its end is over, in milliseconds since the epoch; undefined where it may stay. */
export function expiryMs(job: Job): number | undefined {
  const ttl = job.spec?.ttlSecondsAfterFinished;
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  if (ttl === undefined || !end?.lastTransitionTime || job.metadata.deletionTimestamp) return undefined;
  return Date.parse(end.lastTransitionTime) + ttl * 1000;
}

/** Deletes Jobs some time after they have finished, where they ask for it. */
export function createTtlAfterFinishedController(context: ControllerContext): Component {
  const informer = context.informers.of(jobs);
  return createController({
    name: 'ttl-after-finished-controller',
    queueName: 'ttl_jobs_to_delete',
    context,
    setup: ({ queue }) => {
      const lateness = context.meter.histogram(deletionDuration).with();
      const add = (job: Stored<Job>) => {
        if (expiryMs(job) !== undefined) queue.add(keyOf(job));
      };
      informer.onChange({ added: add, updated: add });
      return async (key) => {
        const seen = informer.get(key);
        const dueMs = seen && expiryMs(seen);
        if (!seen || dueMs === undefined) return done;
        const leftMs = dueMs - context.clock.now();
        if (leftMs > 0) return { type: 'again', afterMs: leftMs };
        const api = context.client.of(jobs);
        try {
          // Somebody may just have given it more time: ask before it is gone for good.
          const job = await api.get(seen.metadata);
          if (expiryMs(job) !== dueMs) return done;
          const { uid, resourceVersion } = job.metadata;
          const cause = causedBy(job, `it ended ${job.spec?.ttlSecondsAfterFinished} s ago`);
          const preconditions = { uid, resourceVersion };
          await api.delete(job.metadata, { cause, propagationPolicy: 'Foreground', preconditions });
          lateness.observe((context.clock.now() - dueMs) / 1000);
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
        }
        return done;
      };
    },
  });
}
