import { describe, expect, test } from 'vitest';
import { configmaps, deployments, roles } from '../../api/generated/resources.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { createTestCluster, type TestApi } from './testing.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const apply = 'application/apply-patch+yaml';

async function withMap(): Promise<TestApi> {
  const api = await createTestCluster();
  await api.send('create', configmaps, {
    body: { metadata: { name: 'a', labels: { l: '1' } }, data: { k: 'v' } },
  });
  return api;
}

const patch = (api: TestApi, mediaType: string, body: unknown, query: Record<string, string> = {}) =>
  api.object('patch', configmaps, { name: 'a', mediaType, body, query });

describe('patch', () => {
  test('by operations', async () => {
    const api = await withMap();
    const body = [
      { op: 'test', path: '/data/k', value: 'v' },
      { op: 'replace', path: '/data/k', value: 'w' },
      { op: 'add', path: '/data/n', value: 'x' },
    ];
    expect(await patch(api, json, body)).toMatchObject({ data: { k: 'w', n: 'x' } });
    expect(await failure(patch(api, json, body))).toMatchObject({ code: 422, reason: 'Invalid' });
  });

  test('by merging', async () => {
    const api = await withMap();
    const changed = await patch(api, merge, { metadata: { labels: { l: null, m: '2' } }, data: { n: 'x' } });
    expect(changed).toMatchObject({ data: { k: 'v', n: 'x' }, metadata: { labels: { m: '2' } } });
    expect(changed.metadata.labels).toEqual({ m: '2' });
  });

  test('by strategic merging, lists by their keys', async () => {
    const api = await createTestCluster();
    const containers = [
      { name: 'c', image: 'i' },
      { name: 'd', image: 'j' },
    ];
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers } };
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    await api.send('create', deployments, { body: { metadata: { name: 'd' }, spec } });
    const body = { spec: { template: { spec: { containers: [{ name: 'd', image: 'new' }] } } } };
    const changed = await api.object('patch', deployments, { name: 'd', mediaType: strategic, body });
    expect(changed.spec.template.spec?.containers.map((c) => c.image)).toEqual(['i', 'new']);
  });

  test('makes no object larger than one that could be sent', async () => {
    const api = await createTestCluster();
    const grow = (name: string, rules: unknown[]) =>
      api.send('patch', roles, {
        name,
        mediaType: json,
        body: [{ op: 'add', path: '/rules/0', value: rules[0] }],
      });
    const rule = (names: string[]) => ({
      apiGroups: [''],
      resources: ['pods'],
      verbs: ['get'],
      resourceNames: names,
    });
    await api.send('create', roles, { body: { metadata: { name: 'long' }, rules: [rule(['a'])] } });
    await grow('long', [rule(['x'.repeat(2_000_000)])]);
    const tooLong = await failure(grow('long', [rule(['y'.repeat(2_000_000)])]));
    expect(tooLong).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
    await api.send('create', roles, { body: { metadata: { name: 'many' }, rules: [rule(['a'])] } });
    const names = (first: string) => Array.from({ length: 60_000 }, (_, i) => `${first}${i}`);
    await grow('many', [rule(names('x'))]);
    const tooMany = await failure(grow('many', [rule(names('y'))]));
    expect(tooMany).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
    const numbers = Array(200_000).fill(0);
    expect(await failure(grow('many', [numbers]))).toMatchObject({ code: 413 });
    const applied = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', rules: numbers };
    const query = { fieldManager: 'm' };
    const applying = api.send('patch', roles, { name: 'many', mediaType: apply, body: applied, query });
    expect(await failure(applying)).toMatchObject({ code: 413 });
  });

  test('with a revision binds to it', async () => {
    const api = await withMap();
    const { resourceVersion } = (await api.object('get', configmaps, { name: 'a' })).metadata;
    await patch(api, merge, { data: { n: '1' } });
    const late = { metadata: { resourceVersion }, data: { n: '2' } };
    expect(await failure(patch(api, merge, late))).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  test.each<[how: string, mediaType: string, body: object, managers: readonly string[] | undefined]>([
    ['says nothing of them', merge, { data: { n: 'x' } }, ['creator', 'patcher']],
    ['says nothing of them', strategic, { metadata: { labels: { n: 'x' } } }, ['creator', 'patcher']],
    ['resets them', merge, { metadata: { managedFields: [{}] } }, []],
    ['resets them', strategic, { metadata: { managedFields: [{}] } }, []],
    ['resets them', json, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }], []],
    ['replaces all', merge, { metadata: null, data: { n: 'x' } }, undefined],
  ])('with managers: what %s (%s)', async (_, mediaType, body, managers) => {
    const api = await createTestCluster();
    const query = { fieldManager: 'creator' };
    await api.send('create', configmaps, { body: { metadata: { name: 'a' }, data: { k: 'v' } }, query });
    const patched = patch(api, mediaType, body, { fieldManager: 'patcher' });
    if (!managers) return expect(await failure(patched)).toMatchObject({ code: 400 });
    const entries = (await patched).metadata.managedFields ?? [];
    expect(entries.map(({ manager }) => manager).sort()).toEqual(managers);
  });

  test('of nothing is a 404', async () => {
    const api = await createTestCluster();
    expect(await failure(patch(api, merge, { data: {} }))).toMatchObject({
      code: 404,
      message: 'configmaps "a" not found',
    });
  });

  test('of an unknown type is refused', async () => {
    const api = await withMap();
    expect(await failure(patch(api, 'application/json', {}))).toMatchObject({
      code: 415,
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
    });
  });

  test('that is no JSON, or makes no object of its kind, is refused', async () => {
    const api = await withMap();
    expect(await failure(patch(api, merge, { data: 7 }))).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(await failure(patch(api, merge, { metadata: { name: 'b' } }))).toMatchObject({ code: 400 });
  });

  const ofMap = 'value of type map[string]interface {}';
  const end = 'unexpected end of JSON input';
  const go = 'json: cannot unmarshal';

  test.each([
    [merge, '{', 'Warn', `error decoding patch: ${end}`],
    [merge, '{', 'Ignore', 'Invalid JSON Patch'],
    [merge, '[]', 'Strict', `error decoding patch: ${go} array into Go ${ofMap}`],
    [merge, 'null', 'Warn', 'Invalid JSON Patch'],
    [json, '[', 'Warn', `error decoding patch: ${end}`],
    [json, '[', 'Ignore', end],
    [json, '{}', 'Warn', `error decoding patch: ${go} object into Go value of type []handlers.jsonPatchOp`],
    [json, '{}', 'Ignore', `${go} object into Go value of type jsonpatch.Patch`],
    [
      json,
      '[{"op":1}]',
      'Strict',
      `error decoding patch: ${go} number into Go struct field jsonPatchOp.op of type string`,
    ],
    [strategic, '{"a"', 'Warn', end],
    [strategic, '[1]', 'Ignore', `${go} array into Go ${ofMap}`],
  ])('%s %s read with %s is no patch', async (type, body, fieldValidation, message) => {
    const api = await withMap();
    expect(await failure(patch(api, type, body, { fieldValidation }))).toMatchObject({ code: 400, message });
  });

  test.each([
    [merge, '[{"a":null}]', '[{}]'],
    [json, '[{"op":"replace","path":"","value":[1]}]', '[1]'],
  ])('%s %s makes a list of the object', async (type, body, made) => {
    const api = await withMap();
    const kind =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    const why = `couldn't get version/kind; json parse error: ${go} array into Go value of type ${kind}`;
    expect(await failure(patch(api, type, body, { fieldValidation: 'Ignore' }))).toMatchObject({
      code: 422,
      message: ` "" is invalid: patch: Invalid value: ${JSON.stringify(made)}: ${why}`,
    });
  });

  test('of null changes nothing, where null is a patch', async () => {
    const api = await withMap();
    const before = await api.object('get', configmaps, { name: 'a' });
    expect(await patch(api, json, 'null')).toEqual(before);
    expect(await patch(api, strategic, 'null')).toEqual(before);
  });

  test('is checked for unknown and duplicate fields', async () => {
    const api = await withMap();
    await patch(api, merge, '{"spec":{},"data":{"a":"1"},"data":{"b":"1"}}');
    expect(api.warnings).toEqual(['duplicate field "data"', 'unknown field "spec"']);
    const strict = await failure(patch(api, merge, { spec: {} }, { fieldValidation: 'Strict' }));
    expect(strict?.message).toContain('strict decoding error: unknown field "spec"');
    expect(strict?.code).toBe(422);
    api.warnings.length = 0;
    const operations =
      '[{"op":"test","op":"add","path":"/spec","value":{},"who":1},{"op":"add","path":"/data/z","value":"1","x":1}]';
    await patch(api, json, operations);
    expect(api.warnings).toEqual([
      'json patch duplicate field "[0].op"',
      'json patch unknown field "[0].who"',
      'json patch unknown field "[1].x"',
      'unknown field "spec"',
    ]);
    await patch(api, merge, { spec: {} }, { fieldValidation: 'Ignore' });
    expect(api.warnings).toHaveLength(4);
  });

  test('by strategic merging shows itself where it makes no object of its kind', async () => {
    const api = await withMap();
    const wrong = await failure(patch(api, strategic, '{"data":{"a":1}}'));
    expect(wrong).toMatchObject({
      code: 422,
      message: ' "" is invalid: patch: Invalid value: "map[data:map[a:1]]": cannot convert int64 to string',
    });
    const strict = await failure(
      patch(api, strategic, '{"data":{"a":"1"},"data":{}}', { fieldValidation: 'Strict' }),
    );
    expect(strict?.message).toBe(
      ' "" is invalid: patch: Invalid value: "map[data:map[]]": strict decoding error: duplicate field "data"',
    );
  });

  test.each([
    [{ replicas: 'x' }, 'unrecognized type: int32'],
    [{ replicas: 1.5 }, 'cannot convert float64 to int32'],
    [{ paused: 'true' }, 'unrecognized type: bool'],
    [{ selector: 'a=b' }, 'cannot restore struct from: string'],
    [{ selector: { matchLabels: 1 } }, 'cannot restore map from int64'],
    [
      { strategy: { rollingUpdate: { maxSurge: true } } },
      'json: cannot unmarshal bool into Go value of type int32',
    ],
  ])('by strategic merging says of %j what upstream does', async (spec, why) => {
    const api = await createTestCluster();
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const body = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
    await api.send('create', deployments, { body });
    const change = api.send('patch', deployments, { name: 'd', mediaType: strategic, body: { spec } });
    expect((await failure(change))?.message).toMatch(new RegExp(`: ${why}$`));
  });

  test.each(['kind', 'apiVersion'])('does not change the %s of an object', async (field) => {
    const api = await withMap();
    const typed = { [field]: 'Other', data: { n: '1' } };
    for (const [mediaType, body] of [
      [merge, typed],
      [json, [{ op: 'replace', path: `/${field}`, value: 'Other' }]],
    ] as const) {
      expect(await failure(patch(api, mediaType, body))).toMatchObject({
        code: 422,
        message: expect.stringMatching(/: no kind ".*" is registered for version ".*" in scheme/),
      });
    }
    expect(await patch(api, strategic, typed)).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      data: { n: '1' },
    });
    const removed = [{ op: 'remove', path: `/${field}` }];
    expect(await patch(api, json, removed)).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    expect(await api.object('get', configmaps, { name: 'a' })).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
    });
  });

  test('may not be forced unless it is an apply', async () => {
    const api = await withMap();
    const status = await failure(patch(api, merge, {}, { force: 'true' }));
    expect(status?.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    );
  });
});
