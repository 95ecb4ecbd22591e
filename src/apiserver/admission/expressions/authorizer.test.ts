import { expect, test } from 'vitest';
import { compile } from '../../../machinery/cel/cel.ts';
import { maxCostOf } from '../../../machinery/cel/max-cost.ts';
import { mutationScope } from '../policies/mutation-types.ts';
import type { Answers } from './answers.ts';
import type { Attributes } from '../../auth/authorizer.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { authorizerLibrary, authorizerTypes, authorizerValue, resourceCheckValue } from './authorizer.ts';

const allowing = { authorize: () => ({ verdict: 'allow', reason: '' }) } as unknown as Answers;
const authorizer = authorizerValue(allowing, { name: 'u', groups: [] });

function costOf(expression: string, library = authorizerLibrary): number {
  let spent = 0;
  const program = compile(expression, { variables: authorizerTypes, library });
  program.evaluate(() => authorizer, { onCost: (cost) => (spent = cost) });
  return spent;
}

const selector = 'spec.nodeName=example-node-name.fully.qualified.domain.name.example.com';
const backend =
  "authorizer.group('apps').resource('deployments').subresource('status').namespace('test').name('backend')";

test.each([
  ["authorizer.path('/healthz')", 2],
  [backend, 6],
  [`authorizer.group('').resource('pods').fieldSelector('${selector}')`, 1821],
  [`authorizer.group('').resource('pods').labelSelector('${selector}')`, 1821],
  ["authorizer.path('/healthz').check('get').allowed()", 350_003],
  [`${backend}.check('create').reason()`, 350_007],
  [`${backend}.check('create').errored()`, 350_007],
  [`${backend}.check('create').error()`, 350_007],
])('asking the authorizer costs what upstream counts: %s', (expression, cost) => {
  expect(costOf(expression)).toBe(cost);
  expect(maxCostOf(expression, { variables: authorizerTypes, extents: new Map() })).toBe(cost);
});

test('so does escaping a key of a patch', () => {
  expect(costOf("jsonpatch.escapeKey('abc/def~ abc/def~')", mutationScope.library)).toBe(2);
});

test('the resource of a request is the one that was asked for', () => {
  const asked: Attributes[] = [];
  const answers: Answers = {
    authorize: (_, attributes) => {
      asked.push(attributes);
      return { verdict: 'allow', reason: '' };
    },
  };
  const attributes = {
    kind: { resource: { group: '', plural: 'events' } },
    resource: { group: 'events.k8s.io', plural: 'events' },
    subresource: 'status',
    namespace: 'default',
    name: 'e',
    verb: 'update',
    context: { user: { name: 'u', groups: [] } },
  } as unknown as AdmissionAttributes;
  const value = resourceCheckValue(answers, attributes);
  const program = compile("authorizer.requestResource.check('get').allowed()", {
    variables: authorizerTypes,
    library: authorizerLibrary,
  });
  expect(program.evaluate(() => value)).toBe(true);
  expect(asked).toMatchObject([
    {
      verb: 'get',
      group: 'events.k8s.io',
      resource: 'events',
      subresource: 'status',
      namespace: 'default',
      name: 'e',
    },
  ]);
});
