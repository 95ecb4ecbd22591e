import type { Job, JobSpec, JobStatus } from '../../../api/batch/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  invalidUnshown,
  required,
} from '../../../machinery/field-error.ts';
import { each, immutableMessage, nonNegative, repeats } from '../shared/validate.ts';
import { countIndexes, sharedIndex } from './indexes.ts';

/** What a report says, and what was said before: rules count where something of what they are about is new. */
interface Report {
  spec: JobSpec;
  now: JobStatus;
  before: JobStatus;
}

const holds = ({ conditions }: JobStatus, type: string) =>
  conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
const finished = (status: JobStatus) => holds(status, 'Complete') || holds(status, 'Failed');
const isIndexed = ({ completionMode }: JobSpec) => completionMode === 'Indexed';
const conditions = (why: string) => invalidUnshown('status.conditions', why);

/** What a report of a job's state may say. */
export function jobStatusErrors(job: Job, old: Job): readonly FieldError[] {
  const report = { spec: old.spec, now: job.status ?? {}, before: old.status ?? {} };
  return [
    ...counts(report.now),
    ...outcomes(report),
    ...times(report),
    ...reasons(report),
    ...ends(report),
    ...indexes(report),
    ...pods(report),
    ...contradictions(report),
    ...changes(report),
  ];
}

function counts({ active, succeeded, failed, ready, terminating, uncountedTerminatedPods }: JobStatus) {
  const repeated = repeats();
  const field = 'status.uncountedTerminatedPods';
  const uids = (name: 'succeeded' | 'failed') =>
    each(`${field}.${name}`, uncountedTerminatedPods?.[name], (uid, path) => {
      if (uid === '') return [invalid(path, uid, 'must not be empty')];
      return repeated(uid) ? [duplicate(path, uid)] : [];
    });
  return [
    ...nonNegative('status.active', active),
    ...nonNegative('status.succeeded', succeeded),
    ...nonNegative('status.failed', failed),
    ...nonNegative('status.ready', ready),
    ...nonNegative('status.terminating', terminating),
    ...uids('succeeded'),
    ...uids('failed'),
  ];
}

/** Whether one of the conditions is new, or no longer there. */
function moved({ now, before }: Report, ...types: string[]): boolean {
  return types.some((type) => holds(now, type) !== holds(before, type));
}

function outcomes(report: Report): readonly FieldError[] {
  const complete = holds(report.now, 'Complete');
  const errors: FieldError[] = [];
  if (complete && holds(report.now, 'Failed') && moved(report, 'Complete', 'Failed')) {
    errors.push(conditions('cannot set Complete=True and Failed=true conditions'));
  }
  if (complete && holds(report.now, 'FailureTarget') && moved(report, 'Complete', 'FailureTarget')) {
    errors.push(conditions('cannot set Complete=True and FailureTarget=true conditions'));
  }
  return errors;
}

function times(report: Report): readonly FieldError[] {
  const { now, before } = report;
  const { startTime, completionTime } = now;
  const field = 'status.completionTime';
  const ended = completionTime !== before.completionTime;
  const errors: FieldError[] = [];
  if (moved(report, 'Complete') || ended) {
    const complete = holds(now, 'Complete');
    const early = 'cannot set completionTime when there is no Complete=True condition';
    if (completionTime && !complete) errors.push(invalid(field, completionTime, early));
    if (!completionTime && complete)
      errors.push(required(field, 'completionTime is required for Complete jobs'));
  }
  const ordered = !startTime || !completionTime || Date.parse(completionTime) >= Date.parse(startTime);
  if ((ended || startTime !== before.startTime) && !ordered)
    errors.push(invalid(field, completionTime, 'must be equal to or after `startTime`'));
  return errors;
}

/** A job ends for a reason that was there before. */
function reasons(report: Report): readonly FieldError[] {
  const { now, before } = report;
  const errors: FieldError[] = [];
  const failing = moved(report, 'Failed') || now.failedIndexes !== before.failedIndexes;
  if (failing && holds(now, 'Failed') && !holds(now, 'FailureTarget')) {
    errors.push(conditions('cannot set Failed=True condition without the FailureTarget=true condition'));
  }
  const completing = moved(report, 'Complete', 'SuccessCriteriaMet');
  if (completing && holds(now, 'Complete') && !holds(now, 'SuccessCriteriaMet')) {
    errors.push(
      conditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'),
    );
  }
  return errors;
}

/** A job that is finished has begun, and has nothing left to do. */
function ends({ now, before }: Report): readonly FieldError[] {
  if (!finished(now)) return [];
  const ending = !finished(before);
  const errors: FieldError[] = [];
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = now;
  if (active > 0 && (ending || active !== (before.active ?? 0))) {
    errors.push(invalid('status.active', active, 'active>0 is invalid for finished job'));
  }
  if (!startTime && (ending || startTime !== before.startTime)) {
    errors.push(required('status.startTime', 'startTime is required for finished job'));
  }
  const left = (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0);
  if (left > 0 && (ending || !deepEqual(uncounted, before.uncountedTerminatedPods))) {
    const shown = { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null };
    errors.push(invalid('status.uncountedTerminatedPods', shown, 'must be empty for finished job'));
  }
  return errors;
}

function indexes({ spec, now, before }: Report): readonly FieldError[] {
  const { completedIndexes: completed = '', failedIndexes: failed } = now;
  const { completions, backoffLimitPerIndex } = spec;
  const [newCompleted, newFailed] = [
    completed !== (before.completedIndexes ?? ''),
    failed !== before.failedIndexes,
  ];
  const unreadable = (name: string, text: string) => {
    const fault = countIndexes(text, completions ?? 0);
    return typeof fault === 'string'
      ? [invalid(`status.${name}`, text, `error parsing ${name}: ${fault}`)]
      : [];
  };
  const errors: FieldError[] = [];
  if (newCompleted && completions !== undefined) errors.push(...unreadable('completedIndexes', completed));
  if (newFailed && completions !== undefined && backoffLimitPerIndex !== undefined && failed !== undefined)
    errors.push(...unreadable('failedIndexes', failed));
  if (newCompleted && completed !== '' && !isIndexed(spec)) {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(invalid('status.completedIndexes', completed, why));
  }
  if (newFailed && backoffLimitPerIndex === undefined && failed !== undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.push(invalid('status.failedIndexes', failed, why));
  }
  if ((!newCompleted && !newFailed) || completions === undefined || failed === undefined) return errors;
  const both = sharedIndex(completed, failed, completions);
  if (both === undefined) return errors;
  const why = `failedIndexes and completedIndexes overlap at index: ${both}`;
  return [...errors, invalid('status.failedIndexes', failed, why)];
}

function pods({ now, before }: Report): readonly FieldError[] {
  const { active = 0, ready, terminating } = now;
  const errors: FieldError[] = [];
  const ending = finished(now) && (!finished(before) || terminating !== before.terminating);
  if (ending && (terminating ?? 0) > 0) {
    errors.push(invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  }
  const counted = ready !== before.ready || active !== (before.active ?? 0);
  if (counted && (ready ?? 0) > active)
    errors.push(invalid('status.ready', ready, 'cannot set more ready pods than active'));
  return errors;
}

function contradictions({ spec, now }: Report): readonly FieldError[] {
  const met = holds(now, 'SuccessCriteriaMet');
  const errors: FieldError[] = [];
  if (met && holds(now, 'Failed'))
    errors.push(conditions('cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  if (met && holds(now, 'FailureTarget'))
    errors.push(conditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  if (spec.successPolicy && !met && holds(now, 'Complete')) {
    const why = 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True';
    errors.push(conditions(why));
  }
  return errors;
}

/** What has happened has happened. */
function changes({ spec, now, before }: Report): readonly FieldError[] {
  const lost = ['Failed', 'Complete', 'FailureTarget'].filter(
    (type) => holds(before, type) && !holds(now, type),
  );
  const errors = lost.map((type) => conditions(`cannot disable the terminal ${type}=True condition`));
  const fewer = (name: 'failed' | 'succeeded') =>
    (now[name] ?? 0) < (before[name] ?? 0)
      ? [invalid(`status.${name}`, now[name] ?? 0, `cannot decrease the ${name} counter`)]
      : [];
  errors.push(...fewer('failed'));
  if (!isIndexed(spec) || spec.completions !== spec.parallelism) errors.push(...fewer('succeeded'));
  const { completionTime: end, startTime: start } = now;
  if (end && before.completionTime && end !== before.completionTime)
    errors.push(invalid('status.completionTime', end, immutableMessage));
  if (before.startTime && start !== before.startTime && !spec.suspend)
    errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  const [met, wasMet] = [holds(now, 'SuccessCriteriaMet'), holds(before, 'SuccessCriteriaMet')];
  if (wasMet && !met) errors.push(conditions('cannot disable the SuccessCriteriaMet=True condition'));
  if (holds(before, 'Complete') && !wasMet && met) {
    const why = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions';
    errors.push(conditions(why));
  }
  return errors;
}
