import { describe, expect, test } from 'vitest';
import type { NamedRuleWithOperations } from '../../api/admissionregistration/v1.ts';
import type { AdmissionAttributes } from './admission.ts';
import { compileWanted, findWanted, isWanted, type WantedSource } from './matching.ts';

const inVersion = (version: string) => ({ resource: { group: 'g', version, resource: 'things' } });

/** A request to create something in v1 that is served in v2 and v3 too. */
const attributes = {
  kind: { resource: { group: 'g', plural: 'things', namespaced: false } },
  operation: 'CREATE',
  verb: 'create',
  subresource: '',
  name: 'a',
  namespace: '',
  isServedIn: () => true,
  forms: () => ['v1', 'v2', 'v3'].map(inVersion),
} as unknown as AdmissionAttributes;

const rule = (version: string, more: Partial<NamedRuleWithOperations> = {}): NamedRuleWithOperations => ({
  operations: ['CREATE'],
  apiGroups: ['g'],
  apiVersions: [version],
  resources: ['things'],
  ...more,
});

test.each<[string, WantedSource, string | undefined]>([
  ['its own version before others', { rules: [rule('v3'), rule('v1')] }, 'v1'],
  ['the version of the first rule that names one', { rules: [rule('v9'), rule('v3'), rule('v2')] }, 'v3'],
  [
    'the first version of a rule that names several',
    { rules: [rule('', { apiVersions: ['v3', 'v2'] })] },
    'v2',
  ],
  ['no other version where it has to be that one', { rules: [rule('v2')], matchPolicy: 'Exact' }, undefined],
  ['what is named so', { rules: [rule('v2', { resourceNames: ['a'] })] }, 'v2'],
  ['nothing that is named otherwise', { rules: [rule('v1', { resourceNames: ['b'] })] }, undefined],
  ['nothing that is excluded', { rules: [rule('*')], excluded: [rule('v1')] }, undefined],
  ['nothing that is excluded in another version', { rules: [rule('v1')], excluded: [rule('v3')] }, undefined],
  [
    'what is excluded in another version, where it has to be that one',
    { rules: [rule('v1')], excluded: [rule('v3')], matchPolicy: 'Exact' },
    'v1',
  ],
  [
    'what is excluded under another name',
    { rules: [rule('v1')], excluded: [rule('v1', { resourceNames: ['b'] })] },
    'v1',
  ],
  ['nothing without rules', {}, undefined],
])('wanted is %s', (_, source, version) => {
  expect(findWanted(attributes, compileWanted(source))?.resource.version).toBe(version);
});

test.each<[string, WantedSource, boolean]>([
  ['all, without rules', {}, true],
  ['nothing that is excluded in another version', { excluded: [rule('v2')] }, false],
  [
    'what has to be excluded in its own version, and is not',
    { excluded: [rule('v2')], matchPolicy: 'Exact' },
    true,
  ],
])('a binding is for %s', (_, source, isFor) => {
  expect(isWanted(attributes, compileWanted(source))).toBe(isFor);
});

describe('in a namespace that is not there', () => {
  const lost = {
    ...attributes,
    kind: { resource: { group: 'g', plural: 'things', namespaced: true } },
    namespace: 'gone',
    object: { metadata: { labels: { a: 'b' } } },
    context: { get: () => undefined },
  } as unknown as AdmissionAttributes;
  const namespaceSelector = { matchLabels: { a: 'b' } };
  const all = { namespaceSelector, rules: [rule('v1')] };

  test('what fits is an error', () => {
    expect(() => findWanted(lost, compileWanted(all))).toThrow('namespaces "gone" not found');
    expect(() => isWanted(lost, compileWanted({ namespaceSelector }))).toThrow('namespaces "gone" not found');
  });

  test.each<[string, WantedSource]>([
    ['in version', { rules: [rule('v9')] }],
    ['in scope', { rules: [rule('v1', { scope: 'Cluster' })] }],
    ['in name', { rules: [rule('v1', { resourceNames: ['b'] })] }],
    ['in labels', { objectSelector: { matchLabels: { a: 'c' } } }],
    ['since it is excluded', { excluded: [rule('v1')] }],
  ])('what does not fit %s is not wanted', (_, more) => {
    const wanted = compileWanted({ ...all, ...more });
    expect(findWanted(lost, wanted)).toBeUndefined();
    expect(isWanted(lost, wanted)).toBe(false);
  });
});
