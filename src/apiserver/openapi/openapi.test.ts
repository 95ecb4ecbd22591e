import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from 'vitest';
import { createOpenApi, type OpenApi, type OpenApiRequest } from './openapi.ts';
import type { OpenApiResource } from './resource.ts';

const allVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

const pods: OpenApiResource = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  verbs: allVerbs,
  type: 'io.k8s.api.core.v1.Pod',
  subresources: [
    { name: 'status', verbs: ['get', 'update', 'patch'], kind: { group: '', version: 'v1', kind: 'Pod' } },
    {
      name: 'exec',
      verbs: [],
      kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
      connect: ['GET', 'POST'],
      options: 'io.k8s.api.core.v1.PodExecOptions',
    },
  ],
};

const deployments: OpenApiResource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  verbs: allVerbs,
  type: 'io.k8s.api.apps.v1.Deployment',
  subresources: [
    {
      name: 'scale',
      verbs: ['get', 'update', 'patch'],
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    },
  ],
};

const cronTabs: OpenApiResource = {
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  plural: 'crontabs',
  namespaced: true,
  verbs: allVerbs,
  type: 'com.example.stable.v1.CronTab',
  custom: true,
  schema: {
    type: 'object',
    description: 'A tab of crons.',
    required: ['spec'],
    properties: {
      spec: {
        type: 'object',
        required: ['when', 'note'],
        properties: {
          when: { type: 'string', pattern: '^.+$', default: 'now' },
          note: { type: 'string', nullable: true },
          port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        },
      },
    },
  },
  subresources: [],
};

const v3Protobuf = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
const v2Protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

function serving(...resources: OpenApiResource[]): OpenApi {
  const api = createOpenApi('v1.36.0');
  api.update(resources);
  return api;
}

const ask = (api: OpenApi, path: string, more: Partial<OpenApiRequest> = {}) =>
  api.handle({ path, nowMs: 0, ...more });

async function json(api: OpenApi, path: string): Promise<any> {
  return JSON.parse(Buffer.from((await ask(api, path))?.body ?? []).toString());
}

const urlOf = async (api: OpenApi, key: string): Promise<URL> =>
  new URL((await json(api, '/openapi/v3')).paths[key].serverRelativeURL, 'https://host');

describe('the index of OpenAPI 3.0', () => {
  test('names a document for each group, each version and what belongs to none', async () => {
    const keys = Object.keys((await json(serving(pods, deployments), '/openapi/v3')).paths);
    expect(keys).toEqual([
      '.well-known/openid-configuration',
      'api',
      'api/v1',
      'apis',
      'apis/apps',
      'apis/apps/v1',
      'apis/internal.apiserver.k8s.io',
      'apis/storagemigration.k8s.io',
      'logs',
      'openid/v1/jwks',
      'version',
    ]);
  });

  test('follows what is served; other documents keep their digest', async () => {
    const api = serving(pods, deployments);
    const before = { pods: (await urlOf(api, 'api/v1')).href, apps: (await urlOf(api, 'apis/apps/v1')).href };
    api.update([pods, { ...deployments, subresources: [] }, cronTabs]);
    expect((await urlOf(api, 'api/v1')).href).toBe(before.pods);
    expect((await urlOf(api, 'apis/apps/v1')).href).not.toBe(before.apps);
    expect((await urlOf(api, 'apis/stable.example.com/v1')).pathname).toBe(
      '/openapi/v3/apis/stable.example.com/v1',
    );
    api.update([pods]);
    expect(await ask(api, '/openapi/v3/apis/apps/v1')).toBeUndefined();
  });
});

describe('documents over HTTP', () => {
  test('under its digest a document never changes', async () => {
    const api = serving(pods);
    const hash = (await urlOf(api, 'api/v1')).searchParams.get('hash') as string;
    const answer = await ask(api, '/openapi/v3/api/v1', { hash, accept: 'application/json' });
    expect(answer?.code).toBe(200);
    expect(answer?.headers).toEqual({
      etag: `"${hash}"`,
      vary: 'Accept',
      'content-type': 'application/json',
      'cache-control': 'public, immutable',
      expires: 'Fri, 01 Jan 1971 00:00:00 GMT',
    });
  });

  test('under an old digest it has moved', async () => {
    const api = serving(pods);
    const { pathname, search } = await urlOf(api, 'api/v1');
    const answer = await ask(api, '/openapi/v3/api/v1', { hash: 'OLD' });
    expect(answer).toEqual({ code: 301, headers: { location: pathname + search, vary: 'Accept' } });
  });

  test('a client that has it gets 304', async () => {
    const api = serving(pods);
    const etag = (await ask(api, '/openapi/v2'))?.headers.etag as string;
    expect(await ask(api, '/openapi/v2', { ifNoneMatch: etag })).toEqual({
      code: 304,
      headers: { etag, vary: 'Accept' },
    });
    expect((await ask(api, '/openapi/v2', { ifNoneMatch: '"other"' }))?.code).toBe(200);
  });

  test.each([
    [undefined, 'application/json'],
    ['application/json, */*', 'application/json'],
    ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', v2Protobuf],
    [`${v2Protobuf}, application/json;q=0.5`, v2Protobuf],
  ])('OpenAPI 2.0 for Accept: %s is %s', async (accept, type) => {
    expect((await ask(serving(pods), '/openapi/v2', { accept }))?.headers['content-type']).toBe(type);
  });

  test.each([
    [undefined, 'application/json'],
    ['application/com.github.proto-openapi.spec.v3@v1.0+protobuf', v3Protobuf],
    [`${v3Protobuf}, application/json;q=0.5`, v3Protobuf],
  ])('OpenAPI 3.0 for Accept: %s is %s', async (accept, type) => {
    const api = serving(pods);
    const hash = (await urlOf(api, 'api/v1')).searchParams.get('hash') as string;
    const answer = await ask(api, '/openapi/v3/api/v1', { accept, hash });
    expect(answer?.headers['content-type']).toBe(type);
    expect(answer?.headers.etag).toBe(`"${hash}"`);
  });

  test('406 where the client takes nothing that there is', async () => {
    const api = serving(pods);
    expect((await ask(api, '/openapi/v2', { accept: 'text/html' }))?.code).toBe(406);
    expect((await ask(api, '/openapi/v3/api/v1', { accept: 'text/html' }))?.code).toBe(406);
  });

  test('other paths have no document', async () => {
    expect(await ask(serving(pods), '/openapi/v3/apis/none/v1')).toBeUndefined();
    expect(await ask(serving(pods), '/openapi')).toBeUndefined();
  });
});

describe('what kubectl reads', () => {
  test('a PATCH names its kind and knows fieldValidation', async () => {
    const { patch } = (await json(serving(deployments), '/openapi/v3/apis/apps/v1')).paths[
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}'
    ];
    expect(patch['x-kubernetes-group-version-kind']).toEqual({
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
    });
    const names = patch.parameters.map((parameter: { name: string }) => parameter.name);
    expect(names).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  });

  test('every reference leads somewhere', async () => {
    const api = serving(pods, deployments, cronTabs);
    for (const path of ['/openapi/v2', '/openapi/v3/api/v1', '/openapi/v3/apis/stable.example.com/v1']) {
      const document = await json(api, path);
      const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((m) => m[1] as string);
      expect(refs.length).toBeGreaterThan(10);
      const lost = refs.filter((ref) => !ref.split('/').reduce((at: any, key) => at?.[key], document));
      expect(lost).toEqual([]);
    }
  });

  test('OpenAPI 3.0 has defaults and nothing beside a reference; 2.0 has no defaults', async () => {
    const api = serving(pods);
    const v3 = (await json(api, '/openapi/v3/api/v1')).components.schemas;
    const v2 = (await json(api, '/openapi/v2')).definitions;
    expect(v3['io.k8s.api.core.v1.ContainerPort'].properties.protocol.default).toBe('TCP');
    expect(v2['io.k8s.api.core.v1.ContainerPort'].properties.protocol).not.toHaveProperty('default');
    expect(v3['io.k8s.api.core.v1.Pod'].properties.spec).toEqual({
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }],
      description: 'What should run, and where.',
    });
    expect(v2['io.k8s.api.core.v1.Pod'].properties.spec).toEqual({
      $ref: '#/definitions/io.k8s.api.core.v1.PodSpec',
      description: 'What should run, and where.',
    });
  });

  test('exec takes its options as query parameters', async () => {
    const { get } = (await json(serving(pods), '/openapi/v3/api/v1')).paths[
      '/api/v1/namespaces/{namespace}/pods/{name}/exec'
    ];
    expect(get['x-kubernetes-action']).toBe('connect');
    const names = get.parameters.map((parameter: { name: string }) => parameter.name);
    expect(names).toEqual(['command', 'container', 'stderr', 'stdin', 'stdout', 'tty']);
  });
});

describe('custom resources', () => {
  test('get the definition of their schema, and one for lists', async () => {
    const { schemas } = (await json(serving(cronTabs), '/openapi/v3/apis/stable.example.com/v1')).components;
    const definition = schemas['com.example.stable.v1.CronTab'];
    expect(definition['x-kubernetes-group-version-kind']).toEqual([
      { group: 'stable.example.com', version: 'v1', kind: 'CronTab' },
    ]);
    expect(Object.keys(definition.properties).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    expect(definition.properties.spec.properties.when.default).toBe('now');
    expect(schemas['com.example.stable.v1.CronTabList'].properties.items.items.$ref).toBe(
      '#/components/schemas/com.example.stable.v1.CronTab',
    );
  });
});

test('operations on custom resources know no protobuf, and go by the kind of the resource', async () => {
  const scale = {
    name: 'scale',
    verbs: ['get', 'update', 'patch'],
    kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  };
  const api = serving({ ...cronTabs, subresources: [scale] });
  const base = '/apis/stable.example.com/v1/namespaces/{namespace}/crontabs';
  const structured = ['application/json', 'application/yaml'];
  const v2 = (await json(api, '/openapi/v2')).paths;
  const v3 = (await json(api, '/openapi/v3/apis/stable.example.com/v1')).paths;
  const namesOf = (operation: { parameters: { name?: string }[] }) =>
    operation.parameters.map(({ name }) => name ?? '');
  expect(v2[base].get).toMatchObject({ consumes: structured, produces: structured });
  expect(v2[base].post).toMatchObject({ consumes: structured, produces: structured });
  expect(Object.keys(v3[base].get.responses[200].content)).toEqual(structured);
  expect(Object.keys(v3[base].post.requestBody.content)).toEqual(structured);
  expect(v3[base].delete).not.toHaveProperty('requestBody');
  expect(namesOf(v3[base].delete)).toEqual(namesOf(v3[base].get));
  const one = `${base}/{name}`;
  expect(namesOf(v3[one].get)).toContain('resourceVersion');
  expect(Object.keys(v3[one].patch.responses)).toEqual(['200', '401']);
  expect(v3[`${one}/scale`].get['x-kubernetes-group-version-kind']).toEqual({
    group: 'stable.example.com',
    version: 'v1',
    kind: 'CronTab',
  });
});

test('documents of custom resources tell of these alone', async () => {
  const api = serving(pods, cronTabs);
  const keys = Object.keys((await json(api, '/openapi/v3')).paths);
  expect(keys.filter((key) => key.includes('stable'))).toEqual(['apis/stable.example.com/v1']);
  const document = await json(api, '/openapi/v3/apis/stable.example.com/v1');
  const base = '/apis/stable.example.com/v1';
  const all = `${base}/namespaces/{namespace}/crontabs`;
  const paths = [`${base}/crontabs`, all, `${all}/{name}`];
  expect(Object.keys(document.paths)).toEqual(paths);
  expect(document.info).toEqual({ title: 'Kubernetes CRD Swagger', version: 'v0.1.0' });
  expect(Object.keys(document.components)).toEqual(['schemas']);
  const v2 = Object.keys((await json(api, '/openapi/v2')).paths);
  expect(v2.filter((path) => path.includes('stable')).sort()).toEqual(paths);
  expect((await json(api, '/openapi/v3/api/v1')).paths).toHaveProperty('/api/v1/');
  const options = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
  const { definitions } = await json(api, '/openapi/v2');
  const kinds = 'x-kubernetes-group-version-kind';
  const ofCore = { group: '', version: 'v1', kind: 'DeleteOptions' };
  expect(document.components.schemas[options][kinds]).toEqual([ofCore]);
  expect(definitions[options][kinds].length).toBeGreaterThan(1);
});

test('what belongs to every group belongs to all of the scheme, served or not', async () => {
  const name = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
  const api = serving(pods);
  const { definitions } = await json(api, '/openapi/v2');
  const { schemas } = (await json(api, '/openapi/v3/api/v1')).components;
  for (const { [name]: options } of [definitions, schemas]) {
    const told = options['x-kubernetes-group-version-kind'];
    expect(told).toHaveLength(60);
    expect(told[0]).toEqual({ group: '', version: 'v1', kind: 'DeleteOptions' });
    expect(told).toContainEqual({ group: 'imagepolicy.k8s.io', version: 'v1alpha1', kind: 'DeleteOptions' });
  }
});

/** The fields of a message by number; what is inside stays bytes. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited)
      fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
    else reader.skip(type, number);
  }
  return fields;
}

const textIn = (fields: Map<number, Uint8Array[]>, number: number) =>
  Buffer.from(fields.get(number)?.[0] ?? []).toString();

/** The value of a (name, value) pair, by name. */
function namedIn(bytes: Uint8Array, pairs: number, name: string): Map<number, Uint8Array[]> {
  const found = (fieldsOf(bytes).get(pairs) ?? []).map(fieldsOf).find((pair) => textIn(pair, 1) === name);
  return fieldsOf(found?.get(2)?.[0] ?? new Uint8Array());
}

describe('the protobuf form of OpenAPI 2.0', async () => {
  const document = fieldsOf(
    (await ask(serving(pods), '/openapi/v2', { accept: v2Protobuf }))?.body as Uint8Array,
  );
  const definitions = document.get(9)?.[0] as Uint8Array;

  test('has every path and definition', async () => {
    const text = await json(serving(pods), '/openapi/v2');
    expect(textIn(document, 1)).toBe('2.0');
    expect(fieldsOf(document.get(8)?.[0] as Uint8Array).get(2)).toHaveLength(Object.keys(text.paths).length);
    expect(fieldsOf(definitions).get(1)).toHaveLength(Object.keys(text.definitions).length);
  });

  test('every parameter in a path or query says that its items are unique', async () => {
    const parameters = (fieldsOf(document.get(10)?.[0] as Uint8Array).get(1) ?? []).map(fieldsOf);
    const plain = parameters
      .map((pair) => fieldsOf(pair.get(2)?.[0] as Uint8Array).get(2)?.[0])
      .filter((bytes) => bytes !== undefined);
    const unique = plain.map((bytes) => {
      const inPath = fieldsOf(bytes).get(4)?.[0];
      const reader = new BinaryReader(inPath ?? (fieldsOf(bytes).get(3)?.[0] as Uint8Array));
      for (;;) {
        const [number, type] = reader.tag();
        if (number === (inPath ? 19 : 20)) return reader.bool();
        reader.skip(type, number);
      }
    });
    expect(unique.length).toBeGreaterThan(5);
    expect(unique).not.toContain(false);
  });

  test('writes schemas with types, references and extensions as YAML', async () => {
    const container = namedIn(definitions, 1, 'io.k8s.api.core.v1.Container');
    expect(textIn(container, 19)).toBe('name');
    const env = namedIn(container.get(25)?.[0] as Uint8Array, 1, 'env');
    expect(textIn(fieldsOf(env.get(22)?.[0] as Uint8Array), 1)).toBe('array');
    const item = fieldsOf(fieldsOf(env.get(23)?.[0] as Uint8Array).get(1)?.[0] as Uint8Array);
    expect(textIn(item, 1)).toBe('#/definitions/io.k8s.api.core.v1.EnvVar');
    const extensions = (env.get(31) ?? []).map(fieldsOf).map((pair) => {
      const value = fieldsOf(pair.get(2)?.[0] as Uint8Array);
      return [textIn(pair, 1), JSON.parse(textIn(value, 2))];
    });
    expect(Object.fromEntries(extensions)).toEqual({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
  });
});

describe('the protobuf form of OpenAPI 3.0', async () => {
  const path = '/openapi/v3/apis/stable.example.com/v1';
  const api = serving(cronTabs);
  const document = fieldsOf((await ask(api, path, { accept: v3Protobuf }))?.body as Uint8Array);
  const schemas = fieldsOf(document.get(5)?.[0] as Uint8Array).get(1)?.[0] as Uint8Array;
  const inlineSchema = (fields: Map<number, Uint8Array[]>) =>
    fieldsOf(fields.get(1)?.[0] ?? new Uint8Array());

  test('has every path and schema', async () => {
    const text = await json(api, path);
    expect(textIn(document, 1)).toBe('3.0.0');
    expect(fieldsOf(document.get(4)?.[0] as Uint8Array).get(1)).toHaveLength(Object.keys(text.paths).length);
    expect(fieldsOf(schemas).get(1)).toHaveLength(Object.keys(text.components.schemas).length);
  });

  test('writes schemas with types, defaults and references', async () => {
    const cronTab = inlineSchema(namedIn(schemas, 1, 'com.example.stable.v1.CronTab'));
    expect(textIn(cronTab, 25)).toBe('object');
    const properties = cronTab.get(31)?.[0] as Uint8Array;
    const metadata = inlineSchema(namedIn(properties, 1, 'metadata'));
    const [referred] = (metadata.get(26) ?? []).map((item) =>
      fieldsOf(fieldsOf(item).get(2)?.[0] as Uint8Array),
    );
    expect(textIn(referred as Map<number, Uint8Array[]>, 1)).toBe(
      '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    );
    const spec = inlineSchema(namedIn(properties, 1, 'spec'));
    const when = inlineSchema(namedIn(spec.get(31)?.[0] as Uint8Array, 1, 'when'));
    expect(textIn(fieldsOf(when.get(33)?.[0] as Uint8Array), 3)).toBe('now');
    expect(textIn(when, 17)).toBe('^.+$');
  });

  test('answers of an operation go by their code', async () => {
    const paths = document.get(4)?.[0] as Uint8Array;
    const crontabs = namedIn(paths, 1, '/apis/stable.example.com/v1/crontabs');
    const get = fieldsOf(crontabs.get(4)?.[0] as Uint8Array);
    const codes = (fieldsOf(get.get(8)?.[0] as Uint8Array).get(2) ?? []).map((pair) =>
      textIn(fieldsOf(pair), 1),
    );
    expect(codes).toEqual(['200', '401']);
  });
});

describe('with hundreds of custom resources', () => {
  const many = Array.from({ length: 200 }, (_, i) => ({
    ...cronTabs,
    ...{ group: `g${i}.example.com`, kind: `Tab${i}`, type: `com.example.g${i}.v1.Tab${i}` },
  }));

  test.each([
    ['/openapi/v2', 'application/json'],
    ['/openapi/v2', v2Protobuf],
    ['/openapi/v3', 'application/json'],
  ])('others have their turn while %s is made as %s, and it is made once', async (path, accept) => {
    const api = serving(...many);
    let turns = 0;
    let isOver = false;
    const count = () => void setImmediate(() => (turns++, isOver || count()));
    count();
    const answering = ask(api, path, { accept });
    const [first, second] = await Promise.all([answering, ask(api, path, { accept })]);
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(20);
    expect(second?.body).toBe(first?.body);
  });

  test('a document that is asked for while what is served changes is that of one moment', async () => {
    const api = serving(...many);
    const answering = ask(api, '/openapi/v2');
    await new Promise(setImmediate);
    api.update([pods]);
    const { definitions } = JSON.parse(Buffer.from((await answering)?.body ?? []).toString());
    expect(Object.keys(definitions)).toEqual(expect.arrayContaining(many.map(({ type }) => type)));
    expect((await json(api, '/openapi/v2')).definitions).not.toHaveProperty(many[0]?.type ?? '');
  });
});
