import { expect, test } from 'vitest';
import type { Condition } from '../../../api/meta/v1.ts';
import { conditionErrors } from './conditions.ts';
import { texts } from './testing.ts';

const good: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Fine',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const reasonForm =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";

test.each<[Partial<Condition>, string[]]>([
  [{}, []],
  [
    { type: '' },
    [
      'c[0].type: Invalid value: "": name part must be non-empty',
      `c[0].type: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
  ],
  [{ status: '' }, ['c[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"']],
  [
    { observedGeneration: -1 },
    ['c[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero'],
  ],
  [{ lastTransitionTime: '' }, ['c[0].lastTransitionTime: Required value']],
  [{ reason: '' }, ['c[0].reason: Required value']],
  [{ reason: 'a b' }, [`c[0].reason: Invalid value: "a b": ${reasonForm}`]],
  [{ reason: 'a,b:c_1' }, []],
  [{ reason: 'a'.repeat(1025) }, ['c[0].reason: Too long: may not be more than 1024 bytes']],
  [{ message: 'a'.repeat(32769) }, ['c[0].message: Too long: may not be more than 32768 bytes']],
])('a condition that differs in %j', (change, said) => {
  expect(texts(conditionErrors('c', [{ ...good, ...change }]))).toEqual(said);
});

test('each type is there once', () => {
  expect(texts(conditionErrors('c', [good, good]))).toEqual(['c[1].type: Duplicate value: "Ready"']);
});
