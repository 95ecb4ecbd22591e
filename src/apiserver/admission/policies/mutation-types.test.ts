import { expect, test } from 'vitest';
import { compile } from '../../../machinery/cel/cel.ts';
import { mismatches, mutationScope } from './mutation-types.ts';

const unexpected = (name: string, wanted: string) =>
  `unexpected type name "${name}", expected "${wanted}", which matches field name path from root Object type`;

test.each([
  [`Object{spec: Object.spec{replicas: 100, m: {"k1": Object.spec.m{}}, l: [Object.spec.l{}]}}`, []],
  [`Object{invalid: Object.spec{replicas: 100}}`, [unexpected('Object.spec', 'Object.invalid')]],
  [
    `Object{spec: Object.spec{m: {"k1": Object.spec.invalid{}}}}`,
    [unexpected('Object.spec.invalid', 'Object.spec.m')],
  ],
  [
    `Object{spec: Object.spec{l: [Object.spec.invalid{}]}}`,
    [unexpected('Object.spec.invalid', 'Object.spec.l')],
  ],
  [`Object.spec{l: Object.spec.l{}}`, []],
])('pieces of the object are named after their fields: %s', (expression, wanted) => {
  const program = compile(expression, { variables: {}, ...mutationScope });
  expect(mismatches(program.evaluate(() => null))).toEqual(wanted);
});

test.each<[string, unknown]>([
  ['Object{}.missing', null],
  ['[Object{}].all(o, o.missing == null)', true],
  ['Object{a: 1}.a', 1n],
  ['Object{}.?missing.hasValue()', false],
  ['has(Object{}.missing)', false],
  ['Object{intList: [1, 2, 3]}.intList.sum()', 6n],
  ['Object{spec: Object.spec{replicas: 3}} == Object{spec: Object.spec{replicas: 1 + 2}}', true],
  ['Object{?spec: optional.ofNonZeroValue(Object.spec{?replicas: Object{}.?replicas})} == Object{}', true],
])('a piece of the object has any field, null where nothing is said: %s', (expression, value) => {
  expect(compile(expression, { variables: {}, ...mutationScope }).evaluate(() => null)).toBe(value);
});

test('a field of what stands in a piece has to be there', () => {
  const program = compile('Object{spec: Object.spec{}}.spec.missing', { variables: {}, ...mutationScope });
  expect(() => program.evaluate(() => null)).toThrow('no such key: missing');
});

test.each(['Object', 'Object.spec', 'JSONPatch'])('%s is no value, though it is known', (name) => {
  expect(() => compile(`type(1) == ${name}`, { variables: {}, ...mutationScope })).toThrow(
    `reference to undefined type: ${name}`,
  );
});

test('what is no record is not known', () => {
  expect(() => compile('Invalid{}', { variables: {}, ...mutationScope })).toThrow(
    "undeclared reference to 'Invalid'",
  );
});
