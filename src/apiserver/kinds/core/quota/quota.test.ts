import { describe, expect, test } from 'vitest';
import type { LimitRange, LimitRangeItem, ResourceQuota } from '../../../../api/core/v1.ts';
import { limitranges } from '../../../../api/generated/resources.ts';
import { createTestCluster } from '../../../registry/testing.ts';
import { created, createErrors, row, updateErrors } from '../../shared/testing.ts';
import { limitRangeKind } from './limit-range.ts';
import { resourceQuotaKind } from './resource-quota.ts';

const metadata = { name: 'q', namespace: 'default' };
const quota = (spec: ResourceQuota['spec']): ResourceQuota => ({ metadata, spec });
const limits = (...items: LimitRangeItem[]): LimitRange => ({ metadata, spec: { limits: items } });

describe('a quota', () => {
  test('counts what there is', () => {
    const hard = {
      pods: '1.5',
      bananas: '1',
      'count/deployments.apps': '2',
      'requests.nvidia.com/gpu': '1',
      'requests.cpu': '-1',
    };
    expect(createErrors(resourceQuotaKind, quota({ hard }))).toEqual([
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
      'spec.hard[bananas]: Invalid value: "bananas": must be a standard resource type or fully qualified',
      'spec.hard[bananas]: Invalid value: "bananas": must be a standard resource for quota',
      'spec.hard[requests.cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
  });

  test('has scopes that fit together and to what it counts', () => {
    expect(createErrors(resourceQuotaKind, quota({ scopes: ['BestEffort', 'NotBestEffort'] }))).toEqual([
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
    ]);
    const hard = { 'requests.cpu': '1' };
    expect(createErrors(resourceQuotaKind, quota({ hard, scopes: ['BestEffort'] }))).toEqual([
      'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
    ]);
    const matchExpressions = [{ scopeName: 'PriorityClass', operator: 'In' }];
    expect(createErrors(resourceQuotaKind, quota({ scopeSelector: { matchExpressions } }))).toEqual([
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    ]);
  });

  test('keeps its scopes', () => {
    const errors = updateErrors(resourceQuotaKind, quota({ scopes: ['Terminating'] }), (q) => {
      q.spec.scopes = ['NotTerminating'];
    });
    expect(errors).toEqual(['spec.scopes: Invalid value: ["NotTerminating"]: field is immutable']);
  });

  test.each<[hard: Record<string, string>, warnings: string[]]>([
    [{ cpu: '1', 'limits.cpu': '1', 'requests.storage': '2' }, []],
    [
      { cpu: '3', 'requests.memory': '2Gi', memory: '1', 'limits.cpu': '2', 'limits.memory': '1Gi' },
      [
        'ResourceQuota cpu (3) should be less than limits.cpu (2)',
        'ResourceQuota requests.memory (2Gi) should be less than limits.memory (1Gi)',
      ],
    ],
    [
      { 'requests.ephemeral-storage': '2048Mi', 'limits.ephemeral-storage': '1Gi', 'requests.cpu': '1' },
      ['ResourceQuota requests.ephemeral-storage (2Gi) should be less than limits.ephemeral-storage (1Gi)'],
    ],
  ])('of more requests than limits is told of when it is made: %j', (hard, warnings) => {
    const made = created(resourceQuotaKind, quota({ hard }));
    expect(resourceQuotaKind.warnings?.(made, undefined)).toEqual(warnings);
    expect(resourceQuotaKind.warnings?.(made, made)).toEqual([]);
  });

  test('shows what is used', () => {
    const object = created(resourceQuotaKind, quota({}));
    object.status = { hard: { 'limits.cpu': '4', pods: '10' }, used: { pods: '3' } };
    expect(row(resourceQuotaKind, object)).toMatchObject({
      Request: 'pods: 3/10',
      Limit: 'limits.cpu: 0/4',
    });
  });
});

describe('limits', () => {
  test('come by PUT, too, and get a name if they have none', async () => {
    const api = await createTestCluster();
    const body = { metadata: { name: 'l' }, spec: limits().spec };
    await api.send('update', limitranges, { name: 'l', body });
    expect((await api.object<LimitRange>('get', limitranges, { name: 'l' })).metadata.name).toBe('l');
    const nameless = { metadata: {}, spec: limits().spec };
    const made = await api.object<LimitRange>('create', limitranges, { body: nameless });
    expect(made.metadata.name).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  test('fill each other in', () => {
    const { spec } = created(
      limitRangeKind,
      limits({ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }),
    );
    expect(spec.limits?.[0]).toMatchObject({
      default: { cpu: '2' },
      defaultRequest: { cpu: '2', memory: '1Mi' },
    });
  });

  test('are in order', () => {
    const item = {
      type: 'Container',
      min: { cpu: '3' },
      max: { cpu: '2' },
      default: { cpu: '2' },
      defaultRequest: { cpu: '3' },
    };
    expect(createErrors(limitRangeKind, limits(item))).toEqual([
      'spec.limits[0].min[cpu]: Invalid value: "3": min value 3 is greater than max value 2',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 2',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than default limit value 2',
      'spec.limits[0].default[cpu]: Invalid value: "3": min value 3 is greater than default value 2',
    ]);
  });

  test('are for each type once, and as the type has it', () => {
    const pod = { type: 'Pod', default: { cpu: '1' } };
    const claim = { type: 'PersistentVolumeClaim' };
    expect(createErrors(limitRangeKind, limits(pod, claim, claim, { type: 'Thing' }))).toEqual([
      "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
      'spec.limits[1].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      'spec.limits[2].type: Duplicate value: "PersistentVolumeClaim"',
      'spec.limits[2].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      'spec.limits[3].type: Invalid value: "Thing": must be a standard limit type or fully qualified',
    ]);
  });

  test('have a ratio that can be kept', () => {
    const item = { type: 'Pod', max: { cpu: '2' }, min: { cpu: '1' }, maxLimitRequestRatio: { cpu: '5' } };
    expect(createErrors(limitRangeKind, limits(item))).toEqual([
      'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "5": ratio 5 is greater than max/min = 2.000000',
    ]);
  });
});
