import type { CronJob, CronJobSpec } from '../../../api/batch/v1.ts';
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { nonNegative, requireSupported } from '../shared/validate.ts';
import { scheduleError } from '../../../machinery/cron/pattern.ts';
import { jobSpec } from './job-validation.ts';
import { isTimeZone } from '../../../machinery/cron/time-zone.ts';

/** A job's name is that of its cron job with eleven characters more. */
const maxNameLength = 52;

/** What holds for a new cron job. */
export function newCronJobErrors({ metadata, spec }: CronJob): readonly FieldError[] {
  const { name = '' } = metadata;
  const long = byteLength(name) > maxNameLength;
  const why = `must be no more than ${maxNameLength} bytes`;
  return [...cronJobErrors(spec), ...(long ? [invalid('metadata.name', name, why)] : [])];
}

/** What holds for a cron job at any time; what was accepted once is not looked at again. */
export function cronJobErrors(spec: CronJobSpec, old?: CronJobSpec): readonly FieldError[] {
  return [
    ...schedule(spec, old),
    ...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...(old && old.timeZone === spec.timeZone ? [] : timeZone(spec.timeZone)),
    ...requireSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...jobTemplate(spec.jobTemplate),
    ...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ];
}

function schedule(
  { schedule: text, timeZone: zone }: CronJobSpec,
  old: CronJobSpec | undefined,
): readonly FieldError[] {
  const field = 'spec.schedule';
  if (!text) return [required(field)];
  const fault = scheduleError(text);
  const errors = fault ? [invalid(field, text, fault)] : [];
  if (!text.includes('TZ')) return errors;
  if (!old?.schedule.includes('TZ')) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    return [...errors, invalid(field, text, why)];
  }
  if (zone === undefined) return errors;
  return [...errors, invalid(field, text, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')];
}

const zonePart = /^[A-Za-z.\-_0-9+]{1,14}$/;

function timeZone(zone: string | undefined): readonly FieldError[] {
  const field = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [invalid(field, zone, 'timeZone must be nil or non-empty string')];
  const unknown = invalid(field, zone, `unknown time zone ${zone}`);
  const odd = (part: string) => part === '.' || part === '..' || part.startsWith('-') || !zonePart.test(part);
  if (zone.split('/').some(odd)) return [unknown];
  const why = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
  const local = zone.toLowerCase() === 'local' ? [invalid(field, zone, why)] : [];
  return zone === 'Local' || isTimeZone(zone) ? local : [...local, unknown];
}

function jobTemplate({ spec = { template: {} } }: CronJob['spec']['jobTemplate']): readonly FieldError[] {
  const field = 'spec.jobTemplate.spec';
  const errors = [...jobSpec(field, spec)];
  if (spec.selector)
    errors.push(invalid(`${field}.selector`, spec.selector, '`selector` will be auto-generated'));
  if (spec.manualSelector) {
    errors.push(notSupported(`${field}.manualSelector`, spec.manualSelector, ['nil', 'false']));
  }
  return errors;
}
