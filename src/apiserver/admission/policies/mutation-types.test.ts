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
