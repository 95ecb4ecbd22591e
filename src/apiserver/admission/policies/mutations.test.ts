import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transport } from '../../../client/transport.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';

let t: TestApiServer;
let api: Transport;
let last = 0;

beforeAll(async () => {
  t = await startApiServer();
  api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
});
afterAll(() => t.stop());

const registration = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolic';
const send = (method: 'POST' | 'DELETE', path: string, body?: unknown) =>
  api.request({ method, path, body }) as Promise<any>;

const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };

/** A Deployment that is created under one such mutation. */
async function mutated(mutation: object, { labels, replicas, containers }: Given) {
  const metadata = { name: `p${++last}` };
  const spec = {
    reinvocationPolicy: 'Never',
    matchConstraints: { resourceRules: [rule] },
    mutations: [mutation],
  };
  await send('POST', `${registration}ies`, { metadata, spec });
  await send('POST', `${registration}ybindings`, { metadata, spec: { policyName: metadata.name } });
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers } };
  try {
    return await send('POST', '/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: `d${last}`, ...(labels && { labels }) },
      spec: { replicas, selector: { matchLabels: { a: 'b' } }, template },
    });
  } finally {
    await send('DELETE', `${registration}ybindings/${metadata.name}`);
  }
}

interface Given {
  labels?: Record<string, string> | undefined;
  replicas: number;
  containers: object[];
}

const container = (name: string) => ({ name, image: 'i' });
const given = (labels?: Record<string, string>, names = 'a'): Given => ({
  labels,
  replicas: 2,
  containers: [...names].map(container),
});
const patch = (expression: string, from: Given) =>
  mutated({ patchType: 'JSONPatch', jsonPatch: { expression } }, from);
const apply = (expression: string, from: Given) =>
  mutated({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }, from);

const names = (deployment: any) =>
  deployment.spec.template.spec.containers.map(({ name }: { name: string }) => name).join('');

describe('a patch', () => {
  test.each<[string, string, string]>([
    [
      'move',
      'JSONPatch{op: "move", from: "/spec/template/spec/containers/0", path: "/spec/template/spec/containers/-"}',
      'bca',
    ],
    ['remove', 'JSONPatch{op: "remove", path: "/spec/template/spec/containers/1"}', 'ac'],
    [
      'add',
      'JSONPatch{op: "add", path: "/spec/template/spec/containers/0", value: {"name": "x", "image": "i"}}',
      'xabc',
    ],
    [
      'add a piece of the object',
      'JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{name: "x", image: "i", ports: [Object.spec.template.spec.containers.ports{containerPort: 80}]}}',
      'abcx',
    ],
  ])('may %s', async (_, operation, wanted) => {
    expect(names(await patch(`[${operation}]`, given(undefined, 'abc')))).toBe(wanted);
  });

  test.each<[string, Record<string, string> | undefined, Record<string, string> | undefined]>([
    ['[JSONPatch{op: "remove", path: "/metadata/labels/y"}]', { x: '1', y: '1' }, { x: '1' }],
    [
      '[JSONPatch{op: "copy", from: "/metadata/labels/x", path: "/metadata/labels/y"}]',
      { x: '1' },
      { x: '1', y: '1' },
    ],
    ['[JSONPatch{op: "replace", path: "/metadata/labels/x", value: "2"}]', { y: '1' }, { x: '2', y: '1' }],
    ['[JSONPatch{op: "replace", path: "/metadata/labels", value: {"x": "2"}}]', undefined, { x: '2' }],
    [
      '[JSONPatch{op: "test", path: "/metadata/labels/x", value: "1"}, JSONPatch{op: "remove", path: "/metadata/labels/x"}]',
      { x: '2' },
      { x: '2' },
    ],
    [
      'has(object.metadata.labels) ? [] : [JSONPatch{op: "add", path: "/metadata/labels", value: {}}, JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a.b/c"), value: "d"}]',
      undefined,
      { 'a.b/c': 'd' },
    ],
    [
      '[JSONPatch{op: "add", path: "/metadata/labels", value: {"op": JSONPatch{op: "o"}.op, "none": JSONPatch{}.path, "has": string(has(JSONPatch{}.op)) + string(has(JSONPatch{value: 1}.value)), "same": string(JSONPatch{} == JSONPatch{op: ""}) + string(JSONPatch{op: "a"} == JSONPatch{path: "a"})}}]',
      {},
      { op: 'o', none: '', has: 'falsetrue', same: 'truefalse' },
    ],
  ])('%s of labels', async (expression, labels, wanted) => {
    expect((await patch(expression, given(labels))).metadata.labels).toEqual(wanted);
  });

  test.each<[string, string]>([
    [
      'JSONPatch{op: "add", path: "/metadata/labels/x", value: "1"}',
      'JSON Patch: add operation does not apply: doc is missing path: "/metadata/labels/x": missing value',
    ],
    [
      'JSONPatch{op: "replace", path: "/spec/template/spec/containers/-", value: {"name": "x"}}',
      'JSON Patch: replace operation does not apply: doc is missing key: /spec/template/spec/containers/-: missing value',
    ],
    [
      'JSONPatch{op: "remove", path: "/spec/none"}',
      "JSON Patch: error in remove for path: '/spec/none': Unable to remove nonexistent key: none: missing value",
    ],
    [
      'JSONPatch{op: "test", path: "/metadata/labels/x", value: "1"}',
      'JSON Patch: test operation does not apply: is missing path: /metadata/labels/x: missing value',
    ],
    [
      'JSONPatch{op: "copy", from: "/spec/template/spec/containers/7", path: "/x"}',
      "JSON Patch: error in copy for from: '/spec/template/spec/containers/7': Unable to access invalid index: 7: invalid index referenced",
    ],
    ['JSONPatch{op: "odd", path: "/spec"}', 'JSON Patch: Unexpected kind: odd'],
    ['JSONPatch{path: "/spec"}', 'JSON Patch: Unexpected kind: '],
    [
      'JSONPatch{op: "add", value: 1}',
      'JSON Patch: add operation does not apply: doc is missing path: "": missing value',
    ],
    [
      'JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{name: "x", ports: [Object.spec.template.spec.containers.portsZ{}]}}',
      'type mismatch: unexpected type name "Object.spec.template.spec.containers.portsZ", expected "Object.spec.template.spec.containers.ports", which matches field name path from root Object type',
    ],
  ])('%s does not fit', async (operation, why) => {
    const error = await patch(`[${operation}]`, given()).catch((error: Error) => error);
    expect(error.message).toBe(`policy 'p${last}' with binding 'p${last}' denied request: ${why}`);
  });

  test.each<[string, string]>([
    [
      'JSONPatch{op: "add", path: "/spec/template/spec/containers/0/ports", value: [Object.spec.template.spec.containers.ports{containerPortZ: 80}]}',
      'strict decoding error: unknown field "spec.template.spec.containers[0].ports[0].containerPortZ"',
    ],
    [
      'JSONPatch{op: "add", path: "/spec/replicas", value: "3"}',
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
  ])('%s makes no object', async (operation, why) => {
    await expect(patch(`[${operation}]`, given())).rejects.toMatchObject({
      message: `Internal error occurred: ${why}`,
      status: { code: 500, reason: 'InternalError' },
    });
  });
});

describe('what is applied', () => {
  test.each<[string, object]>([
    [
      'Object{spec: Object.spec{replicas: object.spec.replicas % 2 == 0 ? object.spec.replicas + 1 : 1}}',
      { replicas: 3 },
    ],
    [
      'Object{spec: Object.spec{replicas: Object{spec: Object.spec{replicas: 3}}.spec.replicas + 1}}',
      { replicas: 4 },
    ],
    ['Object{spec: Object.spec{?replicas: Object{}.?replicas}}', { replicas: 2 }],
    [
      'has(Object{a: 1}.a) && !has(Object{}.a) ? Object{spec: Object.spec{replicas: [1, 2].sum()}} : Object{}',
      { replicas: 3 },
    ],
  ])('is made by %s', async (expression, wanted) => {
    expect((await apply(expression, given())).spec).toMatchObject(wanted);
  });

  test('may change one entry of a list that has keys', async () => {
    const env = ['t', 't', 'u'].map((name, i) => ({ name, value: String(i) }));
    const from = { ...given(), containers: [{ ...container('a'), env }] };
    const of = (more: string) =>
      `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "a"${more}}]}}}}`;
    const envOf = async (expression: string) =>
      (await apply(expression, from)).spec.template.spec.containers[0].env;
    expect(await envOf(of(', image: "j"'))).toEqual(env);
    expect(
      await envOf(of(', env: [Object.spec.template.spec.containers.env{name: "t", value: "c"}]')),
    ).toEqual([
      { name: 't', value: 'c' },
      { name: 'u', value: '2' },
    ]);
  });

  const spec = (field: string) =>
    `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{${field}}}}}`;

  test.each<[string, string]>([
    [
      'Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"a": "b"}}}}',
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector',
    ],
    [
      spec(
        'nodeSelector: {"a": "b"}, containers: [Object.spec.template.spec.containers{name: "a", args: ["b"]}], tolerations: [Object.spec.template.spec.tolerations{key: "x"}]',
      ),
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.template.spec.nodeSelector, .spec.template.spec.containers[0].args, .spec.template.spec.tolerations',
    ],
    [
      'Object{spec: Object.spec{replicasx: 1}}',
      'error applying patch: failed to convert patch object to typed object: .spec.replicasx: field not declared in schema',
    ],
    [
      'Object{spec: Object.spec{replicas: "a"}}',
      'error applying patch: failed to convert patch object to typed object: .spec.replicas: expected numeric (int or float), got string',
    ],
    [
      'Object{spec: Object.specx{replicas: 1}}',
      'type mismatch: unexpected type name "Object.specx", expected "Object.spec", which matches field name path from root Object type',
    ],
  ])('%s cannot be applied', async (expression, why) => {
    const error = await apply(expression, given()).catch((error: Error) => error);
    expect(error.message).toBe(`policy 'p${last}' with binding 'p${last}' denied request: ${why}`);
  });
});

test.each<[string, string, string]>([
  ['applyConfiguration', '"I\'m a teapot!"', 'must evaluate to Object but got string'],
  ['applyConfiguration', 'Object.spec.metadata{}', 'must evaluate to Object but got Object.spec.metadata'],
  ['jsonPatch', 'JSONPatch{op: "add", path: "/a"}', 'must evaluate to list(JSONPatch) but got JSONPatch'],
  ['jsonPatch', '[JSONPatch{op: 1}]', "expected type of field 'op' is 'string' but provided type is 'int'"],
  ['jsonPatch', '[JSONPatch{path: Invalid{}}]', "undeclared reference to 'Invalid'"],
  ['jsonPatch', '[JSONPatch{nope: 1}]', "undefined field 'nope'"],
])('a mutation whose %s is %s is not stored', async (name, expression, why) => {
  const patchType = name === 'jsonPatch' ? 'JSONPatch' : 'ApplyConfiguration';
  const making = mutated({ patchType, [name]: { expression } }, given()).catch((error: Error) => error);
  expect((await making).message).toContain(why);
});
