import { describe, expect, test } from 'vitest';
import type {
  FlowSchemaSpec,
  PriorityLevelConfigurationSpec,
  ResourcePolicyRule,
  Subject,
} from '../../../api/flowcontrol/v1.ts';
import { created, createErrors } from '../shared/testing.ts';
import { clone } from '../../../machinery/clone.ts';
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from './bootstrap.ts';
import { flowSchemaKind, priorityLevelConfigurationKind } from './flowcontrol.ts';

const metadata = { name: 'x' };

describe('a flow schema', () => {
  const level = { priorityLevelConfiguration: { name: 'l' } };
  const errors = (spec: Partial<FlowSchemaSpec>) =>
    createErrors(flowSchemaKind, { metadata, spec: { ...level, ...spec } });
  const rule = (subject: Subject, more: Partial<ResourcePolicyRule> = {}) => ({
    subjects: [subject],
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], ...more }],
  });
  const jane: Subject = { kind: 'User', user: { name: 'jane' } };

  test('comes after others unless it says so', () => {
    expect(created(flowSchemaKind, { metadata, spec: level }).spec.matchingPrecedence).toBe(1000);
    expect(errors({ rules: [rule(jane)] })).toEqual([]);
    expect(errors({ matchingPrecedence: 1 })).toEqual([
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    ]);
    expect(errors({ matchingPrecedence: 10_001 })).toEqual([
      'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
    ]);
  });

  test('is for somebody', () => {
    expect(errors({ rules: [rule({ kind: 'User', group: { name: 'g' } })] })).toEqual([
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
      "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
    ]);
  });

  test('is for requests that there are', () => {
    expect(errors({ rules: [rule(jane, { verbs: ['look'], namespaces: [] })] })).toEqual([
      'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["look"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
    ]);
    const nonResourceRules = [{ verbs: ['get'], nonResourceURLs: ['/a/*', '/a*', 'b', '/c//d'] }];
    const at = 'spec.rules[0].nonResourceRules[0].nonResourceURLs';
    expect(errors({ rules: [{ subjects: [jane], nonResourceRules }] })).toEqual([
      `${at}[1]: Invalid value: "/a*": wildcard can only do suffix matching`,
      `${at}[2]: Invalid value: "b": must start with slash`,
      `${at}[3]: Invalid value: "/c//d": must not contain double slash`,
    ]);
  });
});

describe('a priority level', () => {
  const errors = (spec: PriorityLevelConfigurationSpec, name = 'x') =>
    createErrors(priorityLevelConfigurationKind, { metadata: { name }, spec });

  test('is limited, or is the one that is not', () => {
    expect(errors({ type: 'Exempt' })).toEqual([
      "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
    ]);
    expect(errors({ type: 'Exempt' }, 'exempt')).toEqual([]);
    expect(errors({ type: 'Limited' })).toEqual([
      'spec.limited: Required value: must not be empty when type is Limited',
    ]);
  });

  test('deals hands of queues that can be told apart', () => {
    const queuing = (queues: number, handSize: number) =>
      errors({
        type: 'Limited',
        limited: { limitResponse: { type: 'Queue', queuing: { queues, handSize } } },
      });
    const at = 'spec.limited.limitResponse.queuing.handSize';
    expect(queuing(64, 8)).toEqual([]);
    expect(queuing(4, 8)).toEqual([`${at}: Invalid value: 8: should not be greater than queues (4)`]);
    expect(queuing(512, 8)).toEqual([
      `${at}: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60`,
    ]);
  });
});

describe('what every server has', () => {
  test('is as defaults and rules want it', () => {
    for (const schema of [...mandatorySchemas, ...suggestedSchemas]) {
      expect(created(flowSchemaKind, schema).spec).toEqual(schema.spec);
      expect(createErrors(flowSchemaKind, schema), schema.metadata.name).toEqual([]);
    }
    for (const level of [...mandatoryLevels, ...suggestedLevels]) {
      expect(created(priorityLevelConfigurationKind, level).spec).toEqual(level.spec);
      expect(createErrors(priorityLevelConfigurationKind, level), level.metadata.name).toEqual([]);
    }
  });

  test('stays as it is where it must be there', () => {
    const schema = clone(mandatorySchemas.find(({ metadata: { name } }) => name === 'catch-all')!);
    schema.spec.matchingPrecedence = 9999;
    expect(createErrors(flowSchemaKind, schema)).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/),
    ]);
    const [catchAll, exempt] = clone(mandatoryLevels) as [
      (typeof mandatoryLevels)[number],
      (typeof mandatoryLevels)[number],
    ];
    catchAll.spec.limited!.lendablePercent = 50;
    expect(createErrors(priorityLevelConfigurationKind, catchAll)).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/),
    ]);
    exempt.spec.exempt!.lendablePercent = 50;
    expect(createErrors(priorityLevelConfigurationKind, exempt)).toEqual([]);
  });
});
