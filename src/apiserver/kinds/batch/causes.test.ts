import { describe, expect, test } from 'vitest';
import type { CronJob, Job, JobSpec, JobStatus } from '../../../api/batch/v1.ts';
import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import { created, createErrors, testContext, texts, updateErrors } from '../shared/testing.ts';
import { cronJobKind } from './cron-job.ts';
import { jobKind } from './job.ts';

const template = (spec: Partial<PodTemplateSpec['spec']> = {}): PodTemplateSpec => ({
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }], ...spec },
});
const job = (spec: Partial<JobSpec> = {}): Job => ({
  metadata: { name: 'pi', namespace: 'default', uid: 'u-1' },
  spec: { template: template(), ...spec },
});
const indexed = (spec: Partial<JobSpec> = {}) =>
  job({ completionMode: 'Indexed', completions: 3, parallelism: 3, ...spec });

describe('what is said of a new job', () => {
  test.each<[Partial<JobSpec>, string[]]>([
    [
      { managedBy: 'mine' },
      ['spec.managedBy: Invalid value: "mine": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [{ managedBy: `acme.io/${'x'.repeat(60)}` }, ['spec.managedBy: Too long: may not be more than 63 bytes']],
    [
      { maxFailedIndexes: 1 },
      [
        'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
        'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
      ],
    ],
    [
      { template: template({ restartPolicy: 'Sometimes' }) },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "OnFailure", "Never"',
      ],
    ],
    [
      { podFailurePolicy: { rules: [{} as never] } },
      [
        'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
        'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      ],
    ],
    [
      { successPolicy: { rules: [{ succeededCount: 1 }] } },
      [
        'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode',
      ],
    ],
  ])('%j', (spec, errors) => {
    expect(createErrors(jobKind, job(spec))).toEqual(errors);
  });

  test.each([
    [
      '1-2-3',
      `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
    ],
    ['a', 'cannot convert string to integer for index: "a"'],
    ['5', 'too large index: "5"'],
    ['1,0', 'non-increasing order, previous: 1, current: 0'],
    ['2-1', 'non-increasing order, previous: 2, current: 1'],
  ])('indexes "%s" cannot be read', (succeededIndexes, why) => {
    expect(createErrors(jobKind, indexed({ successPolicy: { rules: [{ succeededIndexes }] } }))).toEqual([
      `spec.successPolicy.rules[0].succeededIndexes: Invalid value: "${succeededIndexes}": error parsing succeededIndexes: ${why}`,
    ]);
  });
});

describe('a suspended job', () => {
  const change = (edit: (copy: Job) => void, status: JobStatus = {}) => {
    const old = { ...created(jobKind, job({ suspend: true })), status } as Stored<Job>;
    const copy = structuredClone(old) as Job;
    edit(copy);
    return texts(jobKind.validateUpdate?.(copy, old, testContext()) ?? []);
  };

  test('may be told where its pods go and how much they take, and be resumed with it', () => {
    const errors = change((copy) => {
      copy.spec.suspend = false;
      copy.spec.template.spec!.nodeSelector = { zone: 'a' };
      copy.spec.template.spec!.containers[0]!.resources = { requests: { cpu: '1' } };
    });
    expect(errors).toEqual([]);
  });

  test('keeps everything else of its template', () => {
    const [error, ...more] = change((copy) => (copy.spec.template.spec!.containers[0]!.image = 'other'));
    expect(error).toMatch(/^spec\.template\.spec: Invalid value: .*: field is immutable$/);
    expect(more).toEqual([]);
  });

  test('keeps all of it while pods of it run', () => {
    const edit = (copy: Job) => (copy.spec.template.spec!.nodeSelector = { zone: 'a' });
    expect(change(edit, { active: 1 })).toEqual([
      expect.stringMatching(/^spec\.template: Invalid value: .*: field is immutable$/),
    ]);
  });
});

test('an invalid change of a job is named twice, as upstream does', () => {
  const why = 'spec.parallelism: Invalid value: -1: must be greater than or equal to 0';
  expect(updateErrors(jobKind, job(), (copy) => (copy.spec.parallelism = -1))).toEqual([why, why]);
});

describe('what is said of a report', () => {
  const start = '2026-01-01T00:00:00Z';
  const end = '2026-01-01T00:01:00Z';
  const is = (...types: string[]) => types.map((type) => ({ type, status: 'True' }));
  const report = (spec: Job, before: JobStatus, now: JobStatus) => {
    const old = { ...created(jobKind, spec), status: before } as Stored<Job>;
    return texts(jobKind.status?.validateUpdate?.({ ...old, status: now }, old, testContext()) ?? []);
  };

  test.each<[what: string, spec: Job, before: JobStatus, now: JobStatus, errors: string[]]>([
    ['a job that runs', job(), {}, { startTime: start, active: 1, ready: 1 }, []],
    [
      'a job that is done',
      job(),
      { startTime: start },
      {
        startTime: start,
        completionTime: end,
        succeeded: 1,
        conditions: is('SuccessCriteriaMet', 'Complete'),
      },
      [],
    ],
    [
      'done without a reason',
      job(),
      { startTime: start },
      { startTime: start, completionTime: end, conditions: is('Complete') },
      [
        'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      ],
    ],
    [
      'done before it began',
      job(),
      { startTime: end },
      { startTime: end, completionTime: start, conditions: is('SuccessCriteriaMet', 'Complete') },
      [`status.completionTime: Invalid value: "${start}": must be equal to or after \`startTime\``],
    ],
    [
      'fewer failures than before',
      job(),
      { failed: 2, succeeded: 1 },
      { failed: 1 },
      [
        'status.failed: Invalid value: 1: cannot decrease the failed counter',
        'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
      ],
    ],
    [
      'more ready than there are',
      job(),
      {},
      { active: 1, ready: 2 },
      ['status.ready: Invalid value: 2: cannot set more ready pods than active'],
    ],
    [
      'the end taken back',
      job(),
      { startTime: start, conditions: is('FailureTarget', 'Failed') },
      { startTime: start, conditions: is('FailureTarget') },
      ['status.conditions: Invalid value: cannot disable the terminal Failed=True condition'],
    ],
    [
      'indexes of a job that has none',
      job(),
      {},
      { completedIndexes: '0' },
      [
        'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
      ],
    ],
    [
      'indexes that both failed and succeeded',
      indexed({ backoffLimitPerIndex: 1 }),
      {},
      { completedIndexes: '0-1', failedIndexes: '1' },
      ['status.failedIndexes: Invalid value: "1": failedIndexes and completedIndexes overlap at index: 1'],
    ],
    [
      'a pod named twice',
      job(),
      {},
      { uncountedTerminatedPods: { succeeded: ['a'], failed: ['a', ''] } },
      [
        'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
        'status.uncountedTerminatedPods.failed[1]: Invalid value: "": must not be empty',
      ],
    ],
  ])('%s', (_, spec, before, now, errors) => {
    expect(report(spec, before, now)).toEqual(errors);
  });
});

describe('what is said of a cron job', () => {
  const cronJob = (spec: Partial<CronJob['spec']> = {}): CronJob => ({
    metadata: { name: 'hello', namespace: 'default' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template() } }, ...spec },
  });

  test.each<[Partial<CronJob['spec']>, string[]]>([
    [
      { schedule: 'TZ=UTC 0 * * * *' },
      [
        'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      { timeZone: 'europe/berlin' },
      ['spec.timeZone: Invalid value: "europe/berlin": unknown time zone europe/berlin'],
    ],
    [{ timeZone: 'US/Eastern' }, []],
    [
      { timeZone: 'Local' },
      [
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ],
    ],
    [
      { timeZone: 'Europe//Berlin' },
      ['spec.timeZone: Invalid value: "Europe//Berlin": unknown time zone Europe//Berlin'],
    ],
    [
      { concurrencyPolicy: 'Maybe' },
      ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'],
    ],
  ])('%j', (spec, errors) => {
    expect(createErrors(cronJobKind, cronJob(spec))).toEqual(errors);
  });

  test('its name is only looked at when it is new', () => {
    const long = { ...cronJob(), metadata: { name: 'a'.repeat(60), namespace: 'default' } };
    expect(createErrors(cronJobKind, long)).toHaveLength(1);
    expect(updateErrors(cronJobKind, long, (copy) => (copy.spec.suspend = true))).toEqual([]);
  });

  test('many indexes of many pods are advised against', () => {
    const huge = {
      completionMode: 'Indexed',
      completions: 200_000,
      parallelism: 20_000,
      template: template(),
    };
    const warnings = cronJobKind.warnings?.(
      created(cronJobKind, cronJob({ jobTemplate: { spec: huge } })),
      undefined,
    );
    expect(warnings).toEqual([
      expect.stringMatching(/^spec\.jobTemplate\.spec: In Indexed Jobs with a number/),
    ]);
  });
});
