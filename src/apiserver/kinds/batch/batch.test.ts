import { describe, expect, test } from 'vitest';
import type { CronJob, Job, JobSpec } from '../../../api/batch/v1.ts';
import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import { created, createErrors, texts, testContext, updateErrors } from '../shared/testing.ts';
import { cronJobKind } from './cron-job.ts';
import { scheduleError } from '../../../machinery/cron/pattern.ts';
import { jobKind } from './job.ts';

const template = (): PodTemplateSpec => ({
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] },
});
const job = (spec: Partial<JobSpec> = {}): Job => ({
  metadata: { name: 'pi', namespace: 'default', uid: 'u-1' },
  spec: { template: template(), ...spec },
});
const indexed = (spec: Partial<JobSpec> = {}) =>
  job({ completionMode: 'Indexed', completions: 3, parallelism: 3, ...spec });

describe('a job', () => {
  test('gets a selector and labels of its own', () => {
    const { spec } = created(jobKind, job());
    expect(spec.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } });
    expect(spec.template.metadata?.labels).toEqual({
      'batch.kubernetes.io/controller-uid': 'u-1',
      'batch.kubernetes.io/job-name': 'pi',
      'controller-uid': 'u-1',
      'job-name': 'pi',
    });
    expect(spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
    });
    expect(spec.template.spec).toMatchObject({ restartPolicy: 'Never' });
    expect(createErrors(jobKind, job())).toEqual([]);
  });

  test('does not choose its selector unless it says that it does', () => {
    expect(createErrors(jobKind, job({ selector: { matchLabels: { a: 'b' } } }))).toContain(
      'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u-1","a":"b"}}: `selector` not auto-generated',
    );
    const own = job({ manualSelector: true, selector: { matchLabels: { a: 'b' } } });
    own.spec.template.metadata = { labels: { a: 'b' } };
    expect(createErrors(jobKind, own)).toEqual([]);
    expect(createErrors(jobKind, job({ manualSelector: true }))).toEqual([
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
    ]);
  });

  test('has pods that end', () => {
    const forever = template();
    delete forever.spec?.restartPolicy;
    expect(createErrors(jobKind, job({ template: forever }))).toEqual([
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
  });

  test('keeps its template and number of completions', () => {
    const errors = updateErrors(jobKind, job(), (j) => {
      j.spec.completions = 2;
      (j.spec.template.spec as { containers: { image?: string }[] }).containers[0] = { image: 'x' };
    });
    expect(errors).toContain('spec.completions: Invalid value: 2: field is immutable');
    expect(errors.some((e) => e.startsWith('spec.template: ') && e.endsWith('field is immutable'))).toBe(
      true,
    );
    expect(updateErrors(jobKind, job(), (j) => void (j.spec.parallelism = 4))).toEqual([]);
  });

  test('may be told where its pods go while it is suspended', () => {
    const steer = (j: Job) =>
      Object.assign(j.spec.template.spec as object, { nodeSelector: { disk: 'ssd' } });
    expect(updateErrors(jobKind, job({ suspend: true }), steer)).toEqual([]);
    expect(updateErrors(jobKind, job(), steer)).toHaveLength(1);
  });

  test('with indexes grows and shrinks as a whole', () => {
    const both = (j: Job) => Object.assign(j.spec, { completions: 5, parallelism: 5 });
    expect(updateErrors(jobKind, indexed(), both)).toEqual([]);
    expect(updateErrors(jobKind, indexed(), (j) => void (j.spec.completions = 5))).toEqual([
      'spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism',
    ]);
  });

  test('counts failures by index where it has indexes', () => {
    expect(createErrors(jobKind, job({ backoffLimitPerIndex: 1 }))).toEqual([
      'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
    ]);
    expect(createErrors(jobKind, indexed({ maxFailedIndexes: 1 }))).toEqual([
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
    ]);
  });

  test('says when it has succeeded early', () => {
    const rules = [{ succeededIndexes: '0,2-3' }, { succeededCount: 4 }, {}];
    expect(createErrors(jobKind, indexed({ successPolicy: { rules } }))).toEqual([
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0,2-3": error parsing succeededIndexes: too large index: "3"',
      'spec.successPolicy.rules[1].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)',
      'spec.successPolicy.rules[2]: Required value: at least one of succeededCount or succeededIndexes must be specified',
    ]);
  });

  test('fails by rules that make sense', () => {
    const onExitCodes = { containerName: 'x', operator: 'In' as const, values: [0, 2, 1] };
    const podFailurePolicy = { rules: [{ action: 'FailJob' as const, onExitCodes }] };
    expect(createErrors(jobKind, job({ podFailurePolicy }))).toEqual([
      'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator',
      'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [0,2,1]: must be ordered',
    ]);
  });

  test('is not both done and failed', () => {
    const old = created(jobKind, job());
    const now = structuredClone(old);
    const condition = (type: string) => ({ type, status: 'True' });
    now.status = { active: 1, conditions: [condition('Failed')] };
    const errors = jobKind.status?.validateUpdate?.(now, old, testContext()) ?? [];
    expect(texts(errors)).toEqual([
      'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.startTime: Required value: startTime is required for finished job',
    ]);
  });
});

describe('a cron job', () => {
  const cronJob = (spec: Partial<CronJob['spec']> = {}): CronJob => ({
    metadata: { name: 'tick', namespace: 'default' },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: template() } }, ...spec },
  });

  test('is filled in, its template of a job less so', () => {
    const { spec } = created(cronJobKind, cronJob());
    expect(spec).toMatchObject({
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    expect(spec.jobTemplate.spec?.completions).toBeUndefined();
    expect(createErrors(cronJobKind, cronJob())).toEqual([]);
  });

  test.each([
    ['TZ=UTC 0 0 * * *', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
    ['error', 'expected exactly 5 fields, found 1: [error]'],
    ['61 * * * *', 'end of range (61) above maximum (59): 61'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['@sometimes', 'unrecognized descriptor: @sometimes'],
  ])('cannot have the schedule %s', (schedule, why) => {
    expect(createErrors(cronJobKind, cronJob({ schedule }))).toEqual([
      `spec.schedule: Invalid value: "${schedule}": ${why}`,
    ]);
  });

  test.each(['@hourly', '@every 1h30m', '0 22 * * 1-5', '0 0 1 jan,jul ?', '23 0-20/2 * * sun'])(
    'can have the schedule %s',
    (schedule) => {
      expect(scheduleError(schedule)).toBeUndefined();
    },
  );

  test('is in a time zone that there is', () => {
    expect(createErrors(cronJobKind, cronJob({ timeZone: 'Europe/Berlin' }))).toEqual([]);
    expect(createErrors(cronJobKind, cronJob({ timeZone: 'Mars/Olympus' }))).toEqual([
      'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
    ]);
  });

  test('leaves room in its name for what is added to that of its jobs', () => {
    const long = { ...cronJob(), metadata: { name: 'a'.repeat(53), namespace: 'default' } };
    expect(createErrors(cronJobKind, long)).toEqual([
      `metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 bytes`,
    ]);
  });
});
