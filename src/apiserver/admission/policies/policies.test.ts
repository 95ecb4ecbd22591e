import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PatchType, Transport } from '../../../client/transport.ts';
import { renamedKinds } from '../../extensions/testing.ts';
import type { ResourceRequest } from '../../request.ts';
import { turnTogether } from '../../../platform/turn.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';

let t: TestApiServer;
let api: Transport;
let last = 0;
const fresh = (prefix: string) => `${prefix}-${++last}`;

beforeAll(async () => {
  t = await startApiServer();
  api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
  for (const kind of renamedKinds()) await t.api.dispatcher.serve(kind);
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'prod', labels: { env: 'prod' } } });
});
afterAll(() => t.stop());
beforeEach(async () => {
  for (const plural of ['validatingadmissionpolicies', 'mutatingadmissionpolicies']) {
    await send('DELETE', `${registration}/${plural}`);
    await send('DELETE', `${registration}/${plural.replace(/ies$/, 'ybindings')}`);
  }
});

const registration = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

const send = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  contentType?: PatchType,
) => api.request({ method, path, body, contentType }) as Promise<any>;

const configMap = (name: string, data: Record<string, string> = {}, labels = {}) => ({
  metadata: { name, labels },
  data,
});
const labels = { app: 'web' };
const deployment = (replicas: number, name = fresh('web')) => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});

const matchOf = (resource: string, operations = ['CREATE', 'UPDATE'], apiGroup = '') => ({
  resourceRules: [{ apiGroups: [apiGroup], apiVersions: ['v1'], operations, resources: [resource] }],
});
const onMaps = matchOf('configmaps');
const onDeployments = matchOf('deployments', undefined, 'apps');

/** Stores a policy and a binding; gives their names. */
async function bind(kind: 'Validating' | 'Mutating', spec: object, binding: object = {}) {
  const names = { policy: fresh('policy'), binding: fresh('binding') };
  const plural = `${kind.toLowerCase()}admissionpolic`;
  await send('POST', `${registration}/${plural}ies`, { metadata: { name: names.policy }, spec });
  const actions = kind === 'Validating' ? { validationActions: ['Deny'] } : {};
  await send('POST', `${registration}/${plural}ybindings`, {
    metadata: { name: names.binding },
    spec: { policyName: names.policy, ...actions, ...binding },
  });
  return names;
}

/** What the server says of itself, as a client with all rights reads it. */
async function metricLines(): Promise<string[]> {
  const client = await t.client('root', 'system:masters');
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${t.origin}/metrics`, { ...client, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text.split('\n')));
    });
    request.on('error', reject).end();
  });
}

/** A request of which the warnings and annotations are kept. */
async function observed(path: string, body: object, signal = new AbortController().signal) {
  const warnings: string[] = [];
  const annotations: Record<string, string> = {};
  const [, , , , namespace = '', resource = ''] = path.split('/');
  const request: ResourceRequest = {
    info: {
      isResource: true,
      verb: 'create',
      path,
      prefix: 'api',
      group: '',
      version: 'v1',
      namespace,
      resource,
      subresource: '',
      name: '',
      rest: '',
    },
    user: { name: 'root', groups: ['system:masters'] },
    query: new URLSearchParams(),
    body: { mediaType: 'application/json', value: body },
    userAgent: 'vitest',
    signal,
    warn: (message) => warnings.push(message),
    annotate: (key, value) => {
      annotations[key] = value;
    },
  };
  await t.api.dispatcher.handle(request);
  return { warnings, annotations };
}

describe('policies for another version of a definition', () => {
  const matchConstraints = {
    resourceRules: [
      { apiGroups: ['example.com'], apiVersions: ['v2'], operations: ['CREATE'], resources: ['widgets'] },
    ],
  };
  const path = '/apis/example.com/v1/namespaces/default/widgets';
  const named = (host: string, more: object = {}) => ({
    metadata: { name: fresh('w'), ...more },
    spec: { host },
  });

  test('see and change what is written, as its webhook converts it', async () => {
    const expression = `Object{spec: Object.spec{address: object.spec.address + '.'}}`;
    const mutation = { patchType: 'ApplyConfiguration', applyConfiguration: { expression } };
    const mutations = [mutation, mutation];
    await bind('Mutating', { matchConstraints, mutations, reinvocationPolicy: 'Never' });
    await bind('Validating', {
      matchConstraints,
      validations: [{ expression: "object.spec.address != 'no..'" }],
    });
    expect(await send('POST', path, named('a'))).toMatchObject({
      apiVersion: 'example.com/v1',
      spec: { host: 'a..' },
    });
    await expect(send('POST', path, named('no'))).rejects.toThrow(
      "failed expression: object.spec.address != 'no..'",
    );
  });

  test.each(['Validating', 'Mutating'] as const)(
    'refuse what cannot be converted, unless they may fail: %s',
    async (kind) => {
      const what =
        kind === 'Validating'
          ? { validations: [{ expression: 'true' }] }
          : {
              mutations: [
                {
                  patchType: 'JSONPatch',
                  jsonPatch: { expression: "[JSONPatch{op: 'remove', path: '/spec'}]" },
                },
              ],
              reinvocationPolicy: 'Never',
            };
      const hopeless = () => named('a', { labels: { hopeless: 'yes' } });
      await bind(kind, { matchConstraints, failurePolicy: 'Ignore', ...what });
      await send('POST', path, hopeless());
      await bind(kind, { matchConstraints, ...what });
      await expect(send('POST', path, hopeless())).rejects.toThrow(/denied request: .*no$/);
    },
  );
});

describe('validating admission policies', () => {
  const fewReplicas = {
    matchConstraints: onDeployments,
    validations: [{ expression: 'object.spec.replicas <= 5' }],
  };

  test('admit or refuse a Deployment as their expression says, once they are bound', async () => {
    const name = fresh('policy');
    const policies = `${registration}/validatingadmissionpolicies`;
    await send('POST', policies, { metadata: { name }, spec: fewReplicas });
    await send('POST', deployments, deployment(6));
    const names = await bind('Validating', fewReplicas);
    await send('POST', deployments, deployment(5, 'few'));
    const message = `deployments.apps "many" is forbidden: ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}' denied request: failed expression: object.spec.replicas <= 5`;
    await expect(send('POST', deployments, deployment(6, 'many'))).rejects.toMatchObject({
      message,
      status: {
        code: 422,
        reason: 'Invalid',
        details: {
          name: 'many',
          group: 'apps',
          kind: 'deployments',
          causes: [{ message: expect.any(String) }],
        },
      },
    });
    await send('DELETE', `${policies}bindings/${names.binding}`.replace('iesbindings', 'ybindings'));
    await send('POST', deployments, deployment(6, 'many'));
  });

  test('use the variables they declare, each once and only where needed', async () => {
    await bind('Validating', {
      matchConstraints: onDeployments,
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'isOdd', expression: 'variables.replicas % 2 == 1' },
        { name: 'broken', expression: 'object.nothing.here' },
      ],
      validations: [
        { expression: 'variables.replicas > 1', message: 'should have many' },
        {
          expression: 'variables.isOdd || variables.broken == 1',
          messageExpression: "'replicas must be odd, not ' + string(variables.replicas)",
          reason: 'Forbidden',
        },
      ],
    });
    await send('POST', deployments, deployment(3));
    await expect(send('POST', deployments, deployment(1))).rejects.toThrow(
      'denied request: should have many',
    );
    await expect(send('POST', deployments, deployment(4))).rejects.toThrow(
      `composited variable "broken" fails to evaluate: no such key: nothing`,
    );
  });

  test('give reasons, with the code that belongs to them', async () => {
    await bind('Validating', {
      matchConstraints: onMaps,
      validations: [
        {
          expression: 'size(object.data) < 2',
          messageExpression: "'too many keys: ' + string(size(object.data))",
          reason: 'RequestEntityTooLarge',
        },
      ],
    });
    await expect(send('POST', configMaps, configMap(fresh('cm'), { a: '1', b: '2' }))).rejects.toMatchObject({
      message: expect.stringContaining('denied request: too many keys: 2'),
      status: { code: 413, reason: 'RequestEntityTooLarge' },
    });
  });

  test('see the old object, the request, and the namespace', async () => {
    await bind('Validating', {
      matchConstraints: matchOf('configmaps', ['*']),
      matchConditions: [{ name: 'prod', expression: "request.namespace == 'prod'" }],
      validations: [
        { expression: "namespaceObject.metadata.labels.env == 'prod'", message: 'namespace' },
        {
          expression: "request.operation != 'DELETE' || oldObject.data.?final.orValue('') != 'yes'",
          message: 'final',
        },
        {
          expression: "request.operation != 'UPDATE' || object.data == oldObject.data",
          message: 'immutable',
        },
        { expression: "request.userInfo.username == 'root' && !request.dryRun", message: 'who' },
      ],
    });
    const prod = '/api/v1/namespaces/prod/configmaps';
    await send('POST', prod, configMap('kept', { final: 'yes' }));
    await send('POST', configMaps, configMap('kept', { final: 'yes' }));
    const change = { data: { a: 'b' } };
    await expect(send('PATCH', `${prod}/kept`, change, 'application/merge-patch+json')).rejects.toThrow(
      'immutable',
    );
    await expect(send('DELETE', `${prod}/kept`)).rejects.toThrow('denied request: final');
    await send('DELETE', `${configMaps}/kept`);
    const path = `${prod}`;
    await expect(
      api.request({ method: 'POST', path, query: { dryRun: 'All' }, body: configMap(fresh('cm')) }),
    ).rejects.toThrow('denied request: who');
  });

  test('take parameters, from one object or all that are selected', async () => {
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    const spec = {
      paramKind,
      matchConstraints: onDeployments,
      validations: [
        {
          expression: 'object.spec.replicas <= int(params.data.max)',
          messageExpression: "'max ' + params.data.max",
        },
      ],
    };
    await send('POST', configMaps, configMap('limit-a', { max: '3' }, { limit: 'yes' }));
    await send('POST', configMaps, configMap('limit-b', { max: '2' }, { limit: 'yes' }));
    const byName = { name: 'limit-a', parameterNotFoundAction: 'Deny' };
    await bind('Validating', spec, { paramRef: byName });
    await send('POST', deployments, deployment(3));
    await expect(send('POST', deployments, deployment(4))).rejects.toThrow('denied request: max 3');
    const selector = { matchLabels: { limit: 'yes' } };
    await bind('Validating', spec, { paramRef: { selector, parameterNotFoundAction: 'Allow' } });
    await expect(send('POST', deployments, deployment(3))).rejects.toThrow('denied request: max 2');
    await send('DELETE', `${configMaps}/limit-a`);
    await expect(send('POST', deployments, deployment(1))).rejects.toThrow(
      'denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
    await send('DELETE', `${configMaps}/limit-b`);
  });

  test('whose parameters are of no kind that is served fail as a whole', async () => {
    const paramKind = { apiVersion: 'example.com/v1', kind: 'Limit' };
    const spec = { paramKind, matchConstraints: onMaps, validations: [{ expression: 'true' }] };
    const { policy } = await bind('Validating', spec);
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
      `ValidatingAdmissionPolicy '${policy}' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'`,
    );
  });

  test('warn and note instead of refusing, where the binding says so', async () => {
    const spec = {
      matchConstraints: onMaps,
      validations: [
        { expression: "!('bad' in object.data)", message: 'bad key' },
        { expression: "!('bad' in object.data)", message: 'told, and not recorded' },
      ],
      auditAnnotations: [{ key: 'keys', valueExpression: "'has ' + string(size(object.data)) + ' keys'" }],
    };
    const names = await bind('Validating', spec, { validationActions: ['Warn', 'Audit'] });
    const { warnings, annotations } = await observed(configMaps, configMap(fresh('cm'), { bad: 'x' }));
    const head = `Validation failed for ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}'`;
    expect(warnings).toEqual([`${head}: bad key`, `${head}: told, and not recorded`]);
    expect(annotations[`${names.policy}/keys`]).toBe('has 1 keys');
    expect(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure'] ?? '')).toEqual([
      {
        message: 'bad key',
        ...names,
        expressionIndex: 0,
        validationActions: ['Warn', 'Audit'],
      },
    ]);
    expect((await observed(configMaps, configMap(fresh('cm'), { good: 'x' }))).warnings).toEqual([]);
  });

  test('that fail to evaluate refuse, or are passed over, as the failure policy says', async () => {
    const spec = { matchConstraints: onMaps, validations: [{ expression: "object.data.a == 'b'" }] };
    await bind('Validating', { ...spec, failurePolicy: 'Ignore' });
    await send('POST', configMaps, configMap(fresh('cm')));
    await bind('Validating', spec);
    await expect(send('POST', configMaps, configMap(fresh('cm'), { here: 'yes' }))).rejects.toThrow(
      "denied request: expression 'object.data.a == 'b'' resulted in error: no such key: a",
    );
    await send('POST', configMaps, configMap(fresh('cm'), { a: 'b' }));
  });

  test('that cost too much are ended', async () => {
    const many = Array.from({ length: 40 }, (_, i) => i).join(',');
    const expression = `[${many}].all(a, [${many}].all(b, [${many}].all(c, [${many}].all(d, a + b + c + d >= 0))))`;
    await bind('Validating', { matchConstraints: onMaps, validations: [{ expression }] });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow('cost limit exceeded');
  });

  test('leave out what their rules or their bindings exclude', async () => {
    const match = {
      ...onMaps,
      excludeResourceRules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['*'],
          resources: ['configmaps'],
          resourceNames: ['free'],
        },
      ],
    };
    const spec = { matchConstraints: match, validations: [{ expression: 'false', message: 'never' }] };
    const matchResources = { objectSelector: { matchLabels: { checked: 'yes' } } };
    await bind('Validating', spec, { matchResources });
    const checked = { checked: 'yes' };
    await send('POST', configMaps, configMap('free', {}, checked));
    await send('POST', configMaps, configMap(fresh('cm')));
    await expect(send('POST', configMaps, configMap(fresh('cm'), {}, checked))).rejects.toThrow('never');
  });

  test.each(['', 'events.k8s.io'])(
    'of events in group %j hear of those of the other, in their own form',
    async (group) => {
      const rule = { operations: ['CREATE'], apiGroups: [group], apiVersions: ['v1'], resources: ['events'] };
      const field = group ? 'regarding' : 'involvedObject';
      const policy = {
        matchConstraints: { resourceRules: [rule] },
        // Conditions are told of what was asked for, validations of what the policy is about.
        matchConditions: [
          { name: 'asked', expression: 'request.resource.group == request.requestResource.group' },
        ],
        validations: [
          { expression: `request.resource.group == '${group}' && object.${field}.name != 'bad'` },
        ],
      };
      const names = await bind('Validating', policy);
      const body = (regarding: object) => ({
        metadata: { name: fresh('event') },
        ...regarding,
        eventTime: '2020-01-01T00:00:00.000000Z',
        type: 'Normal',
        reason: 'Tried',
        action: 'Try',
        reportingInstance: 'i',
      });
      const about = { namespace: 'default', name: 'bad' };
      const core = { ...body({ involvedObject: about }), reportingComponent: 'example.com/x' };
      await expect(send('POST', '/api/v1/namespaces/default/events', core)).rejects.toThrow(
        `events "${core.metadata.name}" is forbidden: ValidatingAdmissionPolicy '${names.policy}'`,
      );
      const other = { ...body({ regarding: about }), reportingController: 'example.com/x' };
      await expect(send('POST', '/apis/events.k8s.io/v1/namespaces/default/events', other)).rejects.toThrow(
        `events.events.k8s.io "${other.metadata.name}" is forbidden: ValidatingAdmissionPolicy '${names.policy}'`,
      );
    },
  );

  test('may ask the authorizer', async () => {
    await bind('Validating', {
      matchConstraints: onMaps,
      validations: [
        {
          expression:
            "authorizer.serviceAccount('default', 'nobody').group('apps').resource('deployments').namespace('default').check('create').allowed()",
          message: 'nobody may not',
        },
      ],
    });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow('nobody may not');
  });

  test('whose expressions cannot be used are not stored', async () => {
    const bad = (spec: object) => bind('Validating', { matchConstraints: onMaps, ...spec });
    await expect(bad({ validations: [{ expression: 'object.x ==' }] })).rejects.toThrow(
      /spec.validations\[0\].expression: Invalid value: "object.x ==": compilation failed: ERROR: <input>:1:12: Syntax error/,
    );
    await expect(bad({ validations: [{ expression: 'params.x == 1' }] })).rejects.toThrow(
      "compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')",
    );
    await expect(bad({ validations: [{ expression: 'variables.x == 1' }] })).rejects.toThrow(
      "undeclared reference to 'variables'",
    );
    await expect(bad({ validations: [{ expression: 'request.nope == 1' }] })).rejects.toThrow(
      "undefined field 'nope'",
    );
    await expect(bad({ validations: [{ expression: "'text'" }] })).rejects.toThrow(
      'must evaluate to bool but got string',
    );
    const message = { expression: 'true', messageExpression: '1' };
    await expect(bad({ validations: [message] })).rejects.toThrow(
      'spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int',
    );
    const variables = [{ name: 'a', expression: 'variables.b' }];
    await expect(bad({ variables, validations: [{ expression: 'true' }] })).rejects.toThrow(
      'spec.variables[0].expression',
    );
  });

  test('do not apply to themselves', async () => {
    const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] };
    const names = await bind('Validating', {
      matchConstraints: { resourceRules: [everything] },
      validations: [{ expression: 'false' }],
    });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow('denied');
    await send('DELETE', `${registration}/validatingadmissionpolicies/${names.policy}`);
    await send('POST', configMaps, configMap(fresh('cm')));
  });

  test('are written and read like any object, their status apart', async () => {
    const path = `${registration}/validatingadmissionpolicies`;
    const name = fresh('policy');
    await send('POST', path, { metadata: { name }, spec: fewReplicas });
    await send(
      'PATCH',
      `${path}/${name}`,
      { metadata: { labels: { a: 'b' } } },
      'application/merge-patch+json',
    );
    const status = { status: { observedGeneration: 1 } };
    await send('PATCH', `${path}/${name}/status`, status, 'application/merge-patch+json');
    expect(await send('GET', `${path}/${name}`)).toMatchObject({
      metadata: { labels: { a: 'b' } },
      ...status,
    });
    expect((await send('GET', path)).items).toHaveLength(1);
  });
});

describe('mutating admission policies', () => {
  test('apply what they say on top of the object', async () => {
    await bind('Mutating', {
      matchConstraints: matchOf('deployments', ['CREATE'], 'apps'),
      matchConditions: [
        { name: 'bare', expression: "!has(object.metadata.labels) || !('team' in object.metadata.labels)" },
      ],
      variables: [{ name: 'team', expression: "'team-' + request.namespace" }],
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{
              metadata: Object.metadata{labels: {"team": variables.team}},
              spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
                containers: [Object.spec.template.spec.containers{name: "side", image: "side"}]
              }}}
            }`,
          },
        },
      ],
    });
    const made = await send('POST', deployments, deployment(1));
    expect(made.metadata.labels).toEqual({ team: 'team-default' });
    const { containers } = made.spec.template.spec;
    expect(containers.map((c: any) => [c.name, c.imagePullPolicy])).toEqual([
      ['c', 'Always'],
      ['side', 'Always'],
    ]);
  });

  test('patch, unless a test of the patch fails', async () => {
    const expression = `[
      JSONPatch{op: "test", path: "/data/on", value: "yes"},
      JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/patched"), value: "yes"}
    ]`;
    await bind('Mutating', {
      matchConstraints: onMaps,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
    });
    const some = { a: 'b' };
    const on = await send('POST', configMaps, configMap(fresh('cm'), { on: 'yes' }, some));
    expect(on.metadata.labels).toEqual({ a: 'b', 'example.com/patched': 'yes' });
    const off = await send('POST', configMaps, configMap(fresh('cm'), { on: 'no' }, some));
    expect(off.metadata.labels).toEqual(some);
  });

  test('change of a pod what all pods are given, and not that of others', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
    const robot = { ...spec, serviceAccountName: 'robot' };
    const token = '/spec/volumes/0/projected/sources/0/serviceAccountToken/expirationSeconds';
    const expression = `[
      JSONPatch{op: "replace", path: "${token}", value: 601},
      JSONPatch{op: "replace", path: "/spec/tolerations/0/tolerationSeconds", value: 1}
    ]`;
    await bind('Mutating', {
      matchConstraints: matchOf('pods', ['CREATE']),
      matchConditions: [{ name: 'labelled', expression: 'has(object.metadata.labels)' }],
      reinvocationPolicy: 'IfNeeded',
      mutations: [
        { patchType: 'JSONPatch', jsonPatch: { expression } },
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: 'Object{spec: Object.spec{hostname: "h"}}' },
        },
      ],
    });
    const seconds = async (labels?: object) => {
      const made = await send('POST', pods, { metadata: { name: fresh('p'), labels }, spec: robot });
      const [volume] = made.spec.volumes;
      const { expirationSeconds } = volume.projected.sources[0].serviceAccountToken;
      return [
        expirationSeconds,
        made.spec.tolerations.map((t: any) => t.tolerationSeconds),
        made.spec.hostname,
      ];
    };
    expect(await seconds()).toEqual([3607, [300, 300], undefined]);
    expect(await seconds({ a: 'b' })).toEqual([601, [1, 300], 'h']);
    expect(await seconds()).toEqual([3607, [300, 300], undefined]);
  });

  test('is an error where a piece of the object is named after another field', async () => {
    await bind('Mutating', {
      matchConstraints: onMaps,
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: 'Object{data: Object.spec{a: "b"}}' },
        },
      ],
    });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
      'type mismatch: unexpected type name "Object.spec", expected "Object.data", which matches field name path from root Object type',
    );
  });

  const counted = '?"foo": optional.of(string(int(object.metadata.annotations["foo"]) + 1))';
  const annotating = (reinvocationPolicy: string, annotations: string) => ({
    matchConstraints: onMaps,
    reinvocationPolicy,
    mutations: [
      {
        patchType: 'ApplyConfiguration',
        applyConfiguration: { expression: `Object{metadata: Object.metadata{annotations: ${annotations}}}` },
      },
    ],
  });
  const annotationsOf = async () => {
    const made = await send('POST', configMaps, {
      metadata: { name: fresh('cm'), annotations: { foo: '0' } },
    });
    return made.metadata.annotations;
  };

  test('run once more where they want to, and those that do not run once', async () => {
    await bind('Mutating', annotating('IfNeeded', `{${counted}, "first": "true"}`));
    await bind('Mutating', annotating('IfNeeded', `{${counted}, "second": "true"}`));
    await bind('Mutating', annotating('Never', `{${counted}, "third": "true"}`));
    expect(await annotationsOf()).toEqual({ foo: '5', first: 'true', second: 'true', third: 'true' });
  });

  test('run once more for each object of their parameters', async () => {
    const labels = { of: fresh('params') };
    for (const name of ['first', 'second'])
      await send('POST', configMaps, configMap(fresh('params'), { [name]: 'true' }, labels));
    const spec = annotating('IfNeeded', 'params.data');
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    const mutations = [...spec.mutations, ...annotating('IfNeeded', `{${counted}}`).mutations];
    const paramRef = { selector: { matchLabels: labels }, parameterNotFoundAction: 'Deny' };
    await bind('Mutating', { ...spec, paramKind, mutations }, { paramRef });
    expect(await annotationsOf()).toEqual({ foo: '4', first: 'true', second: 'true' });
  });

  test('that fail refuse the request', async () => {
    const expression = '[JSONPatch{op: "remove", path: "/data/missing"}]';
    const names = await bind('Mutating', {
      matchConstraints: onMaps,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
    });
    await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow(
      `policy '${names.policy}' with binding '${names.binding}' denied request: JSON Patch:`,
    );
  });

  test('whose expressions cannot be used are not stored', async () => {
    const bad = (expression: string) =>
      bind('Mutating', {
        matchConstraints: onMaps,
        reinvocationPolicy: 'Never',
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
      });
    await expect(bad('Object{')).rejects.toThrow(
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "Object{": compilation failed',
    );
    await expect(bad('{"a": 1}')).rejects.toThrow('must evaluate to Object but got map(string, int)');
  });
});

describe('checks are counted', () => {
  /** The counts of a policy, by what else they say. */
  async function countsOf(kind: 'validating' | 'mutating', { policy }: { policy: string }) {
    const lines = (await metricLines()).filter((line) => line.includes(`policy="${policy}"`));
    const name = `apiserver_${kind}_admission_policy_check`;
    const counts = lines.filter((line) => line.startsWith(`${name}_total`));
    const durations = lines.filter((line) => line.startsWith(`${name}_duration_seconds_count`));
    const bare = (line: string) => line.replace(/^[^{]*\{|policy=.*(?=\})/g, '').replace(',}', '');
    expect(durations.map(bare).sort()).toEqual(counts.map(bare).sort());
    return counts.map(bare).sort();
  }

  test('by what a validating policy has done about them', async () => {
    const spec = {
      matchConstraints: onMaps,
      validations: [{ expression: "!('bad' in object.data)" }, { expression: "object.data.must == 'x'" }],
    };
    const names = await bind('Validating', spec, { validationActions: ['Warn', 'Audit'] });
    await send('POST', configMaps, configMap(fresh('cm'), { must: 'x' }));
    expect(await countsOf('validating', names)).toEqual([]);
    await send('POST', configMaps, configMap(fresh('cm'), { bad: 'x', must: 'x' }));
    expect(await countsOf('validating', names)).toEqual([
      'enforcement_action="audit",error_type="invalid_error" 1',
      'enforcement_action="warn",error_type="invalid_error" 1',
    ]);
    const lenient = await bind('Validating', { ...spec, failurePolicy: 'Ignore' });
    await send('POST', configMaps, configMap(fresh('cm'), { here: 'yes' }));
    expect(await countsOf('validating', lenient)).toEqual([
      'enforcement_action="allow",error_type="invalid_error" 1',
    ]);
    await expect(send('POST', configMaps, configMap(fresh('cm'), { bad: 'x' }))).rejects.toThrow('denied');
    expect(await countsOf('validating', lenient)).toContain(
      'enforcement_action="deny",error_type="invalid_error" 1',
    );
  });

  test('by whether a mutating policy could change the object', async () => {
    const change = (value: string) => ({
      patchType: 'ApplyConfiguration',
      applyConfiguration: { expression: `Object{data: {"a": ${value}}}` },
    });
    const reinvocationPolicy = 'Never';
    const mutations = [change('"b"'), change('object.data.none')];
    const spec = { matchConstraints: onMaps, reinvocationPolicy, mutations, failurePolicy: 'Ignore' };
    const names = await bind('Mutating', spec);
    await send('POST', configMaps, configMap(fresh('cm'), { x: 'y' }));
    expect(await countsOf('mutating', names)).toEqual([
      'error_type="invalid_error" 1',
      'error_type="no_error" 1',
    ]);
  });
});

test('a server tells how pod security has judged', async () => {
  const judged = async () => {
    const about = 'mode="enforce",request_operation="create",resource="pod",subresource=""';
    const start = `pod_security_evaluations_total{decision="allow",policy_level="privileged",policy_version="latest",${about}} `;
    return Number((await metricLines()).find((line) => line.startsWith(start))?.slice(start.length) ?? 0);
  };
  const before = await judged();
  const serviceAccountName = fresh('teller');
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: serviceAccountName },
  });
  const spec = { serviceAccountName, containers: [{ name: 'c', image: 'i' }] };
  await send('POST', '/api/v1/namespaces/default/pods', { metadata: { name: fresh('p') }, spec });
  expect(await judged()).toBe(before + 1);
});

test('admission tells how long its plugins take, each and together', async () => {
  const count = async (name: string, labels: string) => {
    const start = `apiserver_admission_${name}_admission_duration_seconds_count{${labels}} `;
    const line = (await metricLines()).find((one) => one.startsWith(start));
    return Number(line?.slice(start.length) ?? 0);
  };
  const create = (rejected: boolean, type: string) =>
    `operation="CREATE",rejected="${rejected}",type="${type}"`;
  const all = async () => [
    await count('controller', `name="NamespaceLifecycle",${create(false, 'admit')}`),
    await count('controller', `name="PodSecurity",${create(false, 'validate')}`),
    await count('controller', `name="ValidatingAdmissionPolicy",${create(true, 'validate')}`),
    await count('step', create(false, 'admit')),
    await count('step', create(true, 'validate')),
  ];
  await bind('Validating', { matchConstraints: onMaps, validations: [{ expression: 'false' }] });
  const before = await all();
  await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow('denied');
  const after = await all();
  expect(after.map((n, i) => n - (before[i] as number))).toEqual([1, 1, 1, 1, 1]);
  // What has no say in one of the steps is not said to have taken part in it.
  expect(await count('controller', `name="PodSecurity",${create(false, 'admit')}`)).toBe(0);
});

test.each(['Validating', 'Mutating'] as const)(
  'others have their turn while a %s policy is held against hundreds of parameters',
  async (kind) => {
    const labels = { many: fresh('many') };
    for (let i = 0; i < 200; i++) await send('POST', configMaps, configMap(fresh('params'), {}, labels));
    const does =
      kind === 'Validating'
        ? { validations: [{ expression: 'params.metadata.name != object.metadata.name' }] }
        : {
            reinvocationPolicy: 'Never',
            mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
          };
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: onDeployments,
      ...does,
    };
    const paramRef = { selector: { matchLabels: labels }, parameterNotFoundAction: 'Deny' };
    const turnsOf = async () => {
      const turns = { count: 0, done: false };
      const turn = () => {
        turns.count++;
        if (!turns.done) setImmediate(turn);
      };
      setImmediate(turn);
      await send('POST', deployments, deployment(1));
      turns.done = true;
      return turns.count;
    };
    const without = await turnsOf();
    await bind(kind, spec, { paramRef });
    await turnsOf();
    expect(await turnsOf()).toBeGreaterThanOrEqual(without + 5);
  },
);

test.each(['Validating', 'Mutating'] as const)(
  'a %s policy is held against no more parameters once nobody waits for the answer',
  async (kind) => {
    const labels = { many: fresh('many') };
    for (let i = 0; i < 100; i++) await send('POST', configMaps, configMap(fresh('params'), {}, labels));
    const expression = 'Object{}';
    const does =
      kind === 'Validating'
        ? { validations: [{ expression: 'false' }] }
        : {
            reinvocationPolicy: 'Never',
            mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
          };
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    const paramRef = { selector: { matchLabels: labels }, parameterNotFoundAction: 'Deny' };
    const { policy } = await bind(
      kind,
      { paramKind, matchConstraints: matchOf('secrets'), ...does },
      { paramRef },
    );
    const leaving = new AbortController();
    leaving.abort();
    const answer = observed(
      '/api/v1/namespaces/default/secrets',
      { metadata: { name: 's' } },
      leaving.signal,
    );
    await expect(answer).rejects.toMatchObject({ status: { reason: 'Timeout', code: 504 } });
    const counts = (await metricLines()).filter((line) => line.includes(`policy="${policy}"`));
    expect(counts).toEqual([]);
  },
);

/** How many other requests are answered until this one is. */
async function answeredMeanwhile(work: Promise<unknown>): Promise<number> {
  const state = { others: 0, isOver: false };
  const done = work.finally(() => (state.isOver = true)).catch(() => {});
  while (!state.isOver) {
    await send('GET', '/api/v1/namespaces/prod');
    await turnTogether();
    state.others++;
  }
  await done;
  return state.others;
}

describe('expressions that take long leave others their turn', () => {
  const long = 'lists.range(150).all(x, lists.range(150).all(y, x + y >= 0))';

  test.each([
    ['Validating', { validations: [{ expression: `!(${long})`, message: 'as it should' }] }, /as it should/],
    [
      'Validating',
      {
        variables: [{ name: 'long', expression: long }],
        validations: [
          { expression: 'variables.long' },
          { expression: '!variables.long', messageExpression: `string(${long})` },
        ],
      },
      /: true$/,
    ],
    [
      'Validating',
      {
        matchConditions: [{ name: 'long', expression: long }],
        validations: [{ expression: 'false', message: 'as it should' }],
      },
      /as it should/,
    ],
    [
      'Validating',
      {
        validations: [{ expression: 'true' }],
        auditAnnotations: [{ key: 'long', valueExpression: `string(${long} ? 1 / 0 : 1)` }],
      },
      /division by zero/,
    ],
    [
      'Mutating',
      {
        reinvocationPolicy: 'Never',
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: { expression: `Object{data: {"long": string(${long})}}` },
          },
        ],
      },
      undefined,
    ],
  ] as const)('%s %j', async (kind, spec, refusal) => {
    await bind(kind, { matchConstraints: onMaps, ...spec });
    const work = send('POST', configMaps, configMap(fresh('map')));
    expect(await answeredMeanwhile(work)).toBeGreaterThan(5);
    if (refusal) await expect(work).rejects.toThrow(refusal);
    else expect((await work).data).toEqual({ long: 'true' });
  });
});

describe('many expressions are compiled in turns', () => {
  const count = 200;
  const text = (i: number) => `object.metadata.name + "${'-'.repeat(500)}${i}"`;
  const each = <T>(make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const variables = each((i) => ({ name: `v${i}`, expression: text(i) }));
  const holds = (i: number) => `${text(i)} != "" && variables.v${i} != ""`;
  const does = {
    Validating: { validations: each((i) => ({ expression: holds(i), messageExpression: text(i) })) },
    Mutating: {
      reinvocationPolicy: 'Never',
      mutations: each((i) => ({
        patchType: 'JSONPatch',
        jsonPatch: { expression: `${holds(i)} ? [] : [JSONPatch{}]` },
      })),
    },
  };

  /** Loading takes turns too. */
  async function loadEngine(kind: 'Validating' | 'Mutating'): Promise<void> {
    const small = {
      Validating: { validations: [{ expression: 'true' }] },
      Mutating: {
        reinvocationPolicy: 'Never',
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
      },
    };
    await bind(kind, { matchConstraints: onMaps, ...small[kind] });
    await send('POST', configMaps, configMap(fresh('map')));
  }

  test.each(['Validating', 'Mutating'] as const)('of a %s policy, and before its first use', async (kind) => {
    const metadata = { name: fresh('policy') };
    const spec = { matchConstraints: onMaps, variables, ...does[kind] };
    await loadEngine(kind);
    const policies = `${registration}/${kind.toLowerCase()}admissionpolicies`;
    const storing = send('POST', policies, { metadata, spec });
    expect(await answeredMeanwhile(storing)).toBeGreaterThan(20);
    await storing;
    const binding = {
      policyName: metadata.name,
      ...(kind === 'Validating' && { validationActions: ['Deny'] }),
    };
    await send('POST', policies.replace(/ies$/, 'ybindings'), { metadata, spec: binding });
    const first = send('POST', configMaps, configMap(fresh('map')));
    expect(await answeredMeanwhile(first)).toBeGreaterThan(20);
    await first;
  });

  test('of the conditions of webhooks', async () => {
    const matchConditions = Array.from({ length: 60 }, (_, i) => ({
      name: `c${i}`,
      expression: `${text(i)} != "" && ${text(i)} != "" && object.metadata.name == "none"`,
    }));
    const webhook = (i: number) => ({
      name: `w${i}.example.com`,
      rules: onMaps.resourceRules,
      clientConfig: { url: 'https://127.0.0.1:1/' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      matchConditions,
    });
    const metadata = { name: fresh('hooks') };
    await loadEngine('Validating');
    const configurations = `${registration}/validatingwebhookconfigurations`;
    const storing = send('POST', configurations, { metadata, webhooks: [webhook(0), webhook(1)] });
    expect(await answeredMeanwhile(storing)).toBeGreaterThan(10);
    await storing;
    const first = send('POST', configMaps, configMap(fresh('map')));
    expect(await answeredMeanwhile(first)).toBeGreaterThan(10);
    await first;
    await send('DELETE', `${configurations}/${metadata.name}`);
  });
});

test('no policy is asked about who somebody is and what they may do, whatever it is about', async () => {
  const all = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] };
  const validations = [{ expression: 'false' }];
  await bind('Validating', { matchConstraints: { resourceRules: [all] }, validations });
  const asked = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
  const path = '/apis/authorization.k8s.io/v1';
  const review = await send('POST', `${path}/selfsubjectaccessreviews`, { spec: asked });
  expect(review.status.allowed).toBe(true);
  const local = `${path}/namespaces/default/localsubjectaccessreviews`;
  const metadata = { namespace: 'default' };
  expect((await send('POST', local, { metadata, spec: { ...asked, user: 'jane' } })).status).toMatchObject({
    allowed: false,
  });
  await expect(send('POST', configMaps, configMap(fresh('cm')))).rejects.toThrow('failed expression: false');
});
