import type { CronJob } from '../../../api/batch/v1.ts';
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts';
import { nonNegative, requireSupported } from '../shared/validate.ts';
import { scheduleError } from './cron-schedule.ts';
import { jobSpec } from './job-validation.ts';

/** A job's name is that of its cron job with eleven characters more. */
const maxNameLength = 52;

/** What holds for a cron job at any time. */
export function cronJobErrors({ metadata, spec }: CronJob): FieldError[] {
  const { name = '' } = metadata;
  return [
    ...schedule(spec.schedule ?? ''),
    ...timeZone(spec.timeZone),
    ...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...requireSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...jobTemplate(spec.jobTemplate),
    ...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
    ...(name.length > maxNameLength
      ? [invalid('metadata.name', name, `must be no more than ${maxNameLength} characters`)]
      : []),
  ];
}

function schedule(text: string): FieldError[] {
  const field = 'spec.schedule';
  if (!text) return [required(field)];
  if (text.includes('TZ')) {
    return [invalid(field, text, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')];
  }
  const error = scheduleError(text);
  return error ? [invalid(field, text, error)] : [];
}

function timeZone(zone: string | undefined): FieldError[] {
  const field = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [invalid(field, zone, 'timeZone must be nil or non-empty string')];
  if (zone.toLowerCase() === 'local') {
    return [
      invalid(
        field,
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  }
  return isTimeZone(zone) ? [] : [invalid(field, zone, `unknown time zone ${zone}`)];
}

function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function jobTemplate(template: CronJob['spec']['jobTemplate']): FieldError[] {
  const field = 'spec.jobTemplate.spec';
  const spec = template.spec ?? { template: {} };
  const errors = jobSpec(field, spec);
  if (spec.manualSelector) {
    errors.push(notSupported(`${field}.manualSelector`, spec.manualSelector, ['nil', 'false']));
  }
  if (spec.selector)
    errors.push(invalid(`${field}.selector`, spec.selector, '`selector` will be auto-generated'));
  return errors;
}
