import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Transport } from '../../../client/transport.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';

let t: TestApiServer;
let api: Transport;
let last = 0;
const fresh = (prefix: string) => `${prefix}-${++last}`;

beforeAll(async () => {
  t = await startApiServer();
  api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
});
afterAll(() => t.stop());
beforeEach(async () => {
  for (const plural of ['validatingadmissionpolic', 'mutatingadmissionpolic']) {
    await send('DELETE', `${registration}/${plural}ies`);
    await send('DELETE', `${registration}/${plural}ybindings`);
  }
});

const registration = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';

const send = (method: 'POST' | 'DELETE', path: string, body?: unknown) =>
  api.request({ method, path, body }) as Promise<any>;

const matchConstraints = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
  ],
};

/** Stores a policy and a binding, each under a name later than all before; gives the names. */
async function bind(kind: 'validating' | 'mutating', spec: object, binding: object = {}) {
  const names = { policy: fresh('policy'), binding: fresh('binding') };
  const plural = `${registration}/${kind}admissionpolic`;
  const whole = { matchConstraints, ...(kind === 'mutating' && { reinvocationPolicy: 'Never' }), ...spec };
  await send('POST', `${plural}ies`, { metadata: { name: names.policy }, spec: whole });
  const actions = kind === 'validating' && { validationActions: ['Deny'] };
  await send('POST', `${plural}ybindings`, {
    metadata: { name: names.binding },
    spec: { policyName: names.policy, ...actions, ...binding },
  });
  return names;
}

const create = (labels: Record<string, string> = {}, more: object = {}) =>
  send('POST', configMaps, { metadata: { name: fresh('map'), labels }, ...more });
const refusal = async (creating: Promise<unknown>) => {
  const error = await creating.then(
    () => undefined,
    (failure: { status: Record<string, any> }) => failure,
  );
  return error?.status;
};

const mayGet = "authorizer.group('').resource('pods').check('get').allowed()";
const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run';
const digits = '[0,1,2,3,4,5,6,7,8,9]';
const manyDigits = `[${digits}, ${digits}, ${digits}, ${digits}]`;
/** Costs some hundred thousand units, less than one expression may. */
const costly = `${digits}.all(a, ${digits}.all(b, ${digits}.all(c, ${manyDigits}.all(d, d.all(e, a + b + c + e >= 0)))))`;

describe('a validating policy', () => {
  test('words nothing before all validations are evaluated, and pays for messages of those that hold', async () => {
    // Each validation costs seven hundred thousand units; the messages have to do with what is left.
    const expression = `${mayGet} && ${mayGet}`;
    const validations = Array.from({ length: 13 }, () => ({
      expression,
      messageExpression: `${costly} ? 'a' : 'b'`,
    }));
    const { policy, binding } = await bind('validating', { validations });
    expect(await refusal(create())).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: expect.stringContaining(
        `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: failed messageExpression: ${outOfBudget}`,
      ),
    });
  });

  test('has no authorizer for messages', async () => {
    await bind('validating', {
      variables: [{ name: 'may', expression: mayGet }],
      validations: [
        { expression: '!variables.may', messageExpression: "variables.may ? 'a' : 'b'", message: 'fixed' },
      ],
    });
    expect((await refusal(create()))?.['message']).toContain('denied request: fixed');
  });

  test('has none for audit annotations, which fail', async () => {
    const valueExpression = `${mayGet} ? 'yes' : 'no'`;
    const auditAnnotations = [{ key: 'may', valueExpression }];
    const { policy } = await bind('validating', { auditAnnotations });
    expect((await refusal(create()))?.['message']).toContain(
      `denied request: expression '${valueExpression}' resulted in error: no such attribute(s): authorizer`,
    );
    await send('DELETE', `${registration}/validatingadmissionpolicies/${policy}`);
    await bind('validating', { auditAnnotations, failurePolicy: 'Ignore' });
    await create();
  });

  test('says only that audit annotations cost too much, where they do', async () => {
    const auditAnnotations = Array.from({ length: 20 }, (_, i) => ({
      key: `k${i}`,
      valueExpression: `${costly} && ${costly} ? 'a' : 'b'`,
    }));
    const validations = [{ expression: 'false', message: 'never' }];
    await bind('validating', { validations, auditAnnotations });
    const status = await refusal(create());
    expect(status?.['message']).toContain(`denied request: ${outOfBudget}`);
    expect(status?.['details'].causes).toHaveLength(1);
  });

  test('is held against a request by its conditions, which see no namespace', async () => {
    const matchConditions = [{ name: 'n', expression: 'namespaceObject == null' }];
    await bind('validating', { matchConditions, validations: [{ expression: 'namespaceObject == null' }] });
    expect((await refusal(create()))?.['message']).toContain('failed expression: namespaceObject == null');
  });

  test('whose parameters are of no kind that is served fails whatever its bindings are about', async () => {
    const paramKind = { apiVersion: 'example.com/v1', kind: 'Limit' };
    const matchResources = { objectSelector: { matchLabels: { never: 'there' } } };
    const { policy } = await bind(
      'validating',
      { paramKind, validations: [{ expression: 'true' }] },
      { matchResources },
    );
    expect((await refusal(create()))?.['message']).toContain(
      `ValidatingAdmissionPolicy '${policy}' denied request: failed to configure policy: failed to find resource`,
    );
  });
});

describe('conditions', () => {
  test('are all paid for before one of them decides', async () => {
    const checks = Array.from({ length: 10 }, (_, i) => ({
      name: `c${i}`,
      expression: i === 0 ? 'false' : mayGet,
    }));
    await bind('validating', { matchConditions: checks, validations: [{ expression: 'true' }] });
    expect((await refusal(create()))?.['message']).toContain(`denied request: ${outOfBudget}`);
  });
});

const labelled = (key: string) => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression: `Object{metadata: Object.metadata{labels: {"${key}": "yes"}}}` },
});
const missing = (path: string) => ({
  patchType: 'JSONPatch',
  jsonPatch: { expression: `[JSONPatch{op: "remove", path: "/data/${path}"}]` },
});

describe('a mutating policy', () => {
  test('goes on with its mutations after one that fails', async () => {
    const mutations = [missing('a'), labelled('b'), missing('c')];
    const { policy } = await bind('mutating', { mutations, failurePolicy: 'Ignore' });
    expect((await create()).metadata.labels).toEqual({ b: 'yes' });
    await send('DELETE', `${registration}/mutatingadmissionpolicies/${policy}`);
    const names = await bind('mutating', { mutations });
    const message = expect.stringContaining(
      `policy '${names.policy}' with binding '${names.binding}' denied request: JSON Patch: `,
    );
    expect(await refusal(create())).toMatchObject({
      code: 403,
      reason: 'Invalid',
      message,
      details: { causes: [{ message }, { message }] },
    });
  });

  test('goes on with other parameters after a condition has failed', async () => {
    const of = fresh('params');
    for (const name of ['a', 'b']) {
      const data = name === 'a' ? {} : { on: 'yes' };
      await send('POST', configMaps, { metadata: { name: `${of}-${name}`, labels: { of } }, data });
    }
    await bind(
      'mutating',
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConditions: [{ name: 'on', expression: "params.data.on == 'yes'" }],
        mutations: [labelled('a')],
        failurePolicy: 'Ignore',
      },
      { paramRef: { selector: { matchLabels: { of } }, parameterNotFoundAction: 'Deny' } },
    );
    expect((await create()).metadata.labels).toEqual({ a: 'yes' });
  });

  test('is asked for what came, not for what those before it have made of it', async () => {
    await bind('mutating', { mutations: [labelled('a')] });
    const objectSelector = { matchLabels: { a: 'yes' } };
    await bind('mutating', {
      matchConstraints: { ...matchConstraints, objectSelector },
      mutations: [labelled('b')],
    });
    expect((await create()).metadata.labels).toEqual({ a: 'yes' });
    expect((await create({ a: 'yes' })).metadata.labels).toEqual({ a: 'yes', b: 'yes' });
  });

  test('that cannot be carried out forbids the request', async () => {
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    const spec = { paramKind, mutations: [labelled('a')] };
    const paramRef = { name: 'none', parameterNotFoundAction: 'Deny' };
    const { policy, binding } = await bind('mutating', spec, { paramRef });
    expect(await refusal(create())).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `policy '${policy}' with binding '${binding}' denied request: failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
    });
  });

  test('whose parameters are of no kind that is served forbids it in the name of the policy', async () => {
    const paramKind = { apiVersion: 'example.com/v1', kind: 'Limit' };
    const { policy } = await bind('mutating', { paramKind, mutations: [labelled('a')] });
    expect(await refusal(create())).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `policy "${policy}" denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'`,
    });
  });
});
