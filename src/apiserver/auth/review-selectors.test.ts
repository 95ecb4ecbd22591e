import { expect, test } from 'vitest';
import type { ResourceAttributes } from '../../api/authorization/v1.ts';
import { texts } from '../kinds/shared/testing.ts';
import { selectorsOfReview } from './asked-selectors.ts';
import { selectorErrors, selectorEvaluationError } from './review-selectors.ts';

const at = 'spec.resourceAttributes';
const inA = { key: 'a', operator: 'In', values: ['b'] };

test.each<[string, ResourceAttributes, string[], string]>([
  ['nothing', {}, [], ''],
  [
    'what can be read',
    { fieldSelector: { rawSelector: 'a=b' }, labelSelector: { requirements: [inA] } },
    [],
    '',
  ],
  [
    'both forms at once',
    { fieldSelector: { rawSelector: 'a=b', requirements: [inA] } },
    [
      `${at}.fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`,
    ],
    '',
  ],
  [
    'neither form',
    { fieldSelector: {}, labelSelector: {} },
    [
      `${at}.fieldSelector.requirements: Required value: when ${at}.fieldSelector is specified, requirements or rawSelector is required`,
      `${at}.labelSelector.requirements: Required value: when ${at}.labelSelector is specified, requirements or rawSelector is required`,
    ],
    '',
  ],
  [
    'requirements on nothing',
    {
      fieldSelector: { requirements: [{ key: '', operator: 'In' }] },
      labelSelector: { requirements: [{ key: 'a b', operator: 'Exists', values: ['c'] }] },
    },
    [
      `${at}.fieldSelector.requirements[0].key: Required value: must be specified`,
      `${at}.fieldSelector.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
      `${at}.labelSelector.requirements[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
      expect.stringContaining(`${at}.labelSelector.requirements[0].key: Invalid value: "a b"`) as never,
    ],
    `${at}.fieldSelector ignored due to parse error; ${at}.labelSelector ignored due to parse error`,
  ],
  [
    'operators of later versions',
    {
      fieldSelector: { requirements: [inA, { key: 'a', operator: 'Exists' }] },
      labelSelector: { requirements: [{ key: 'a', operator: 'Later' }] },
    },
    [],
    `${at}.fieldSelector partially ignored due to parse error; ${at}.labelSelector ignored due to parse error`,
  ],
  [
    'texts that are none',
    { fieldSelector: { rawSelector: 'a' }, labelSelector: { rawSelector: 'a in' } },
    [],
    `${at}.fieldSelector ignored due to parse error; ${at}.labelSelector ignored due to parse error`,
  ],
])('the selectors of a question: %s', (_, asked, errors, said) => {
  expect(texts(selectorErrors(at, asked))).toEqual(errors);
  expect(selectorEvaluationError(selectorsOfReview(asked))).toBe(said);
});
