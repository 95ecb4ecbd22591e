import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ValidatingAdmissionPolicySpec } from '../../api/admissionregistration/v1.ts';
import { validatingadmissionpolicies } from '../../api/generated/resources.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import { PolicyChecks } from './policy-checks.ts';
import { ownMeans } from './testing.ts';

let api: TestApi;
let checks: PolicyChecks;

beforeEach(async () => {
  api = await createTestApi(allKinds);

  const served = () => api.dispatcher.served();
  checks = new PolicyChecks({ ...ownMeans(api), served });
  await checks.start();
});
afterEach(() => checks.stop());

const rule = (plural: string) => ({
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: [plural],
});

/** What the status of such a policy says once it has been looked at. */
async function statusOf(spec: Partial<ValidatingAdmissionPolicySpec>) {
  const matchConstraints = { resourceRules: [rule('deployments')] };
  const body = { metadata: { name: 'p' }, spec: { matchConstraints, ...spec } };
  await api.send('create', validatingadmissionpolicies, { body });
  const status = () => api.dispatcher.reader.get(validatingadmissionpolicies, { name: 'p' })?.status;
  await vi.waitFor(() => expect(status()?.observedGeneration).toBe(1));
  return status();
}

test('a policy that is right about its objects has nothing said of it', async () => {
  const variables = [{ name: 'few', expression: 'object.spec.replicas < 5' }];
  const expression =
    'variables.few && object.metadata.labels["a"] == "b" && object.spec.template.spec.containers.all(c, c.image != "")';
  const status = await statusOf({ variables, validations: [{ expression }] });
  expect(status).toEqual({ observedGeneration: 1, typeChecking: {} });
});

test('a policy that is wrong about its objects is told where, and of which', async () => {
  const validations = [
    { expression: 'object.spec.replicas > "1"', messageExpression: '"not " + object.spec.none' },
  ];
  const status = await statusOf({ validations });
  const [wrong, message] = status?.typeChecking?.expressionWarnings ?? [];
  expect(wrong?.fieldRef).toBe('spec.validations[0].expression');
  expect(wrong?.warning).toBe(
    `apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > "1"\n | .....................^\n`,
  );
  expect(message?.fieldRef).toBe('spec.validations[0].messageExpression');
  expect(message?.warning).toContain("undefined field 'none'");
});

test('what a policy is for without naming it is not looked at', async () => {
  const matchConstraints = { resourceRules: [{ ...rule('deployments'), apiGroups: ['*'] }] };
  const status = await statusOf({ matchConstraints, validations: [{ expression: 'object.none' }] });
  expect(status?.typeChecking).toEqual({});
});

/** What a policy of one expression is warned of, without the place. */
async function warningsOf(
  expression: string,
  spec: Partial<ValidatingAdmissionPolicySpec> = {},
): Promise<(string | undefined)[]> {
  const status = await statusOf({ validations: [{ expression }], ...spec });
  const warnings = status?.typeChecking?.expressionWarnings ?? [];
  return warnings.map(({ warning }) => /ERROR: <input>:\d+:\d+: (.*)/.exec(warning)?.[1]);
}

test.each<[string, string, Partial<ValidatingAdmissionPolicySpec>, string[]]>([
  ['asks the authorizer', "authorizer.group('').resource('pods').check('create').allowed()", {}, []],
  [
    'asks the authorizer nothing',
    'authorizer.allowed()',
    {},
    ["found no matching overload for 'allowed' applied to 'kubernetes.authorization.Authorizer.()'"],
  ],
  ['uses a variable', 'variables.works', { variables: [{ name: 'works', expression: 'true' }] }, []],
  [
    'uses a variable that there is not',
    'variables.none',
    { variables: [{ name: 'works', expression: 'true' }] },
    ["undefined field 'none'"],
  ],
  [
    'uses a variable of another type',
    'variables.name == object.spec.replicas',
    { variables: [{ name: 'name', expression: "'something'" }] },
    ["found no matching overload for '_==_' applied to '(string, int)'"],
  ],
  [
    'uses a variable that is itself wrong',
    'variables.name == object.spec.replicas',
    { variables: [{ name: 'name', expression: "object.spec.replicas == 'few'" }] },
    [],
  ],
  [
    'has parameters of a kind that is known',
    'object.spec.replicas > params.none',
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } },
    ["undefined field 'none'"],
  ],
  [
    'has parameters of a kind that is not',
    'object.spec.replicas > params.none',
    { paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' } },
    [],
  ],
  [
    'is for part of an object',
    'object.none',
    { matchConstraints: { resourceRules: [rule('deployments/scale')] } },
    [],
  ],
  [
    'is for more than it names',
    'object.none',
    { matchConstraints: { resourceRules: [rule('*'), rule('deployments')] } },
    ["undefined field 'none'"],
  ],
])('a policy that %s is told what is wrong: %s', async (_, expression, spec, warnings) => {
  expect(await warningsOf(expression, spec)).toEqual(warnings);
});
