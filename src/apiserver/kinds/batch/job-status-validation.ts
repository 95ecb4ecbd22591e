import type { Job } from '../../../api/batch/v1.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { nonNegative } from '../shared/validate.ts';

/** What a report of a job's state may say. */
export function jobStatusErrors(job: Job): FieldError[] {
  const { status = {} } = job;
  const errors = [
    ...nonNegative('status.active', status.active),
    ...nonNegative('status.succeeded', status.succeeded),
    ...nonNegative('status.failed', status.failed),
    ...nonNegative('status.ready', status.ready),
    ...nonNegative('status.terminating', status.terminating),
  ];
  const holds = (type: string) =>
    status.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
  if (holds('Complete') && holds('Failed')) {
    errors.push(
      invalid('status.conditions', status.conditions, 'cannot set Complete=True and Failed=true conditions'),
    );
  }
  if (status.completionTime && !holds('Complete')) {
    const why = 'cannot set completionTime when there is no Complete=True condition';
    errors.push(invalid('status.completionTime', status.completionTime, why));
  }
  if (holds('Complete') && !status.completionTime) {
    errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  }
  if ((holds('Complete') || holds('Failed')) && (status.active ?? 0) > 0) {
    errors.push(invalid('status.active', status.active, 'active>0 is invalid for finished job'));
  }
  return errors;
}
