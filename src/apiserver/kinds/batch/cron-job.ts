import type { CronJob, CronJobSpec } from '../../../api/batch/v1.ts';
import { cronjobs } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { podNameWarnings, sameGeneration } from '../apps/template-warnings.ts';
import { ageColumn, containerColumns, integer, nameColumn, selectorColumn, text } from '../shared/columns.ts';
import { humanAge } from '../shared/human-duration.ts';
import { keepStatus } from '../shared/status.ts';
import { cronJobErrors, newCronJobErrors } from './cron-job-validation.ts';
import { defaultJobTemplate } from './job.ts';
import { jobSpecWarnings } from './job-warnings.ts';

export const cronJobKind: Kind<CronJob> = {
  resource: cronjobs,
  defaults: defaultCronJob,
  prepareForCreate(cronJob) {
    cronJob.status = {};
  },
  prepareForUpdate: keepStatus,
  validate: (cronJob) => newCronJobErrors(cronJob),
  validateUpdate: ({ spec }, old) => cronJobErrors(spec, old.spec),
  warnings: (cronJob, old) => [
    ...podNameWarnings(cronJob, old),
    ...(sameGeneration(cronJob, old)
      ? []
      : jobSpecWarnings('spec.jobTemplate.spec', cronJob.spec.jobTemplate.spec ?? { template: {} })),
  ],
  status: {},
  columns: [
    nameColumn,
    text('Schedule', 'When jobs are made, as cron writes it.', (c) => c.spec.schedule),
    text('Timezone', 'Time zone that the schedule is in.', (c) => c.spec.timeZone ?? '<none>'),
    { ...text<CronJob>('Suspend', 'Whether no jobs are made for now.', suspended), type: 'boolean' },
    integer('Active', 'Jobs that run now.', (c) => c.status?.active?.length),
    text('Last Schedule', 'Time since a job was last due.', lastSchedule),
    ageColumn,
    ...containerColumns<CronJob>((c) => c.spec.jobTemplate.spec?.template.spec?.containers),
    selectorColumn((c) => c.spec.jobTemplate.spec?.selector),
  ],
};

function defaultCronJob(cronJob: CronJob): void {
  cronJob.spec ??= {} as CronJobSpec;
  const spec = cronJob.spec;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {};
  spec.jobTemplate.metadata ??= {};
  spec.jobTemplate.spec ??= { template: {} };
  defaultJobTemplate(spec.jobTemplate.spec);
  cronJob.status ??= {};
}

function suspended({ spec }: CronJob): string {
  if (spec.suspend === undefined) return '<unset>';
  return spec.suspend ? 'True' : 'False';
}

function lastSchedule({ status }: CronJob, nowMs: number): string {
  return status?.lastScheduleTime ? humanAge(status.lastScheduleTime, nowMs) : '<none>';
}
