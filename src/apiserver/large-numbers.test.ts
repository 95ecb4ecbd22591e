import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { startApiServer, type TestApiServer } from './testing-api-server.ts';
import { widgets } from './extensions/testing.ts';

const largest = '9223372036854775807';
const odd = '9007199254740993';
const path = '/apis/example.com/v1/namespaces/default/widgets';

const store = createMemoryStore({ clock: new VirtualClock() });
let server: TestApiServer;
let tls: { ca: string; cert: string; key: string };

interface Asked {
  method?: string;
  path?: string;
  body?: string;
  type?: string;
  accept?: string;
}

/** Sends text as it is, and gives the text of the answer: no JSON of JavaScript's is between. */
const ask = ({ method = 'GET', body, ...options }: Asked): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = {
      ...(body !== undefined && { 'content-type': options.type ?? 'application/json' }),
      accept: options.accept ?? 'application/json',
    };
    const outgoing = request(
      `${server.origin}${options.path ?? path}`,
      { ...tls, method, headers },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve(text));
        answer.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });

const widget = (name: string, spec: string) =>
  `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${spec}}`;

const integer = { type: 'integer', format: 'int64' } as const;
const definition = widgets({
  v1: {
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        'x-kubernetes-validations': [{ rule: 'self.nanos + (has(self.few) ? 1 : 0) > 0' }],
        properties: {
          nanos: { ...integer, default: 1 },
          even: { ...integer, multipleOf: 2 },
          some: { type: 'integer', enum: [1, 2] },
          few: integer,
          small: { type: 'integer', format: 'int32' },
          ids: { type: 'array', items: integer, 'x-kubernetes-list-type': 'set' },
          rows: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['id'],
            items: {
              type: 'object',
              required: ['id'],
              properties: { id: integer, note: { type: 'string' } },
            },
          },
        },
      },
    },
    additionalPrinterColumns: [{ name: 'Nanos', type: 'integer', jsonPath: '.spec.nanos' }],
  },
});

async function start(): Promise<void> {
  server = await startApiServer({ store });
  tls = await server.client('root', 'system:masters');
}

beforeAll(async () => {
  await start();
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const text = JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    ...definition,
  });
  const made = await ask({
    method: 'POST',
    path: crds,
    body: text.replace('"default":1', `"default":${odd}`),
  });
  expect(made).toContain(`"default":${odd}`);
  await vi.waitFor(async () => expect(await ask({})).toContain('"WidgetList"'));
});

afterAll(() => server.stop());

const applied = 'application/apply-patch+yaml';

describe('a whole number that a double does not hold', () => {
  test('is read by every way of reading as it was written', async () => {
    const spec = `{"any":{"deep":[-9223372036854775808,${odd}]},"nanos":${largest}}`;
    expect(await ask({ method: 'POST', body: widget('a', spec) })).toContain(`"spec":${spec}`);
    expect(await ask({ path: `${path}/a` })).toContain(`"spec":${spec}`);
    expect(await ask({})).toContain(`"spec":${spec}`);
    expect(await ask({ path: `${path}?pretty=true` })).toContain(`"nanos": ${largest}`);
    expect(await ask({ path: `${path}/a`, accept: 'application/yaml' })).toContain(`nanos: ${largest}\n`);
    expect(await ask({ path: `${path}?watch=1&timeoutSeconds=1` })).toContain(`"spec":${spec}`);
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(await ask({ path: `${path}/a`, accept: table })).toContain(`"cells":["a",${largest}]`);
  });

  test('is kept by every way of writing', async () => {
    const yaml = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: b}, spec: {nanos: ${largest}, hex: 0x20000000000001}}`;
    const made = await ask({ method: 'POST', body: yaml, type: 'application/yaml' });
    expect(made).toContain(`"spec":{"hex":${odd},"nanos":${largest}}`);
    const patch = { method: 'PATCH', path: `${path}/b` };
    const merged = { type: 'application/merge-patch+json', body: `{"spec":{"merged":${odd}}}` };
    expect(await ask({ ...patch, ...merged })).toContain(`"merged":${odd}`);
    const operations = [
      `{"op":"test","path":"/spec/nanos","value":${largest}}`,
      '{"op":"copy","from":"/spec/nanos","path":"/spec/copied"}',
      `{"op":"add","path":"/spec/added","value":[${odd}]}`,
    ];
    const type = 'application/json-patch+json';
    const patched = await ask({ ...patch, type, body: `[${operations}]` });
    expect(patched).toContain(`"copied":${largest}`);
    expect(patched).toContain(`"added":[${odd}]`);
    const near = `[{"op":"test","path":"/spec/nanos","value":9223372036854775806}]`;
    expect(await ask({ ...patch, type, body: near })).toContain('"code":422');
    expect(await ask({ method: 'PUT', path: `${path}/b`, body: patched })).toBe(patched);
  });

  test('is a default, and what rules and limits are about', async () => {
    expect(await ask({ method: 'POST', body: widget('c', '{}') })).toContain(`"nanos":${odd}`);
    const refused = (spec: string) => ask({ method: 'POST', body: widget('d', spec) });
    expect(await refused(`{"even":${odd}}`)).toContain(
      `Invalid value: ${odd}: spec.even in body should be a multiple of 2`,
    );
    expect(await refused(`{"some":${odd}}`)).toContain(`Unsupported value: ${odd}`);
    expect(await refused(`{"small":${odd}}`)).toContain('value must be of type integer with format int32');
    expect(await refused(`{"nanos":12345678901234567890}`)).toContain('"code":422');
    expect(await refused(`{"ids":[${odd},9007199254740992,${odd}]}`)).toContain(`Duplicate value: ${odd}`);
    expect(await refused(`{"nanos":${largest},"few":1}`)).toContain('integer overflow');
  });

  test('is a key by which lists are merged', async () => {
    const apply = (who: string, spec: string) =>
      ask({ method: 'PATCH', path: `${path}/e?fieldManager=${who}`, type: applied, body: widget('e', spec) });
    await apply('one', `{"ids":[${odd}],"rows":[{"id":${odd},"note":"a"}]}`);
    const both = await apply('two', `{"ids":[9007199254740992],"rows":[{"id":9007199254740994,"note":"b"}]}`);
    expect(both).toContain(`"ids":[${odd},9007199254740992]`);
    expect(both).toContain(`"rows":[{"id":${odd},"note":"a"},{"id":9007199254740994,"note":"b"}]`);
    expect(both).toContain(`"v:${odd}":{}`);
    expect(both).toContain(String.raw`"k:{\"id\":9007199254740994}"`);
    const again = await apply(
      'two',
      `{"ids":[9007199254740992],"rows":[{"id":9007199254740994,"note":"b"}]}`,
    );
    expect(again).toBe(both);
    const one = await apply('one', '{}');
    expect(one).toContain('"ids":[9007199254740992]');
    expect(one).toContain('"rows":[{"id":9007199254740994,"note":"b"}]');
  });

  test('is kept in raw parts of built-in kinds, and is as much as a number holds in their fields', async () => {
    const revisions = '/apis/apps/v1/namespaces/default/controllerrevisions';
    const kind = '"apiVersion":"apps/v1","kind":"ControllerRevision"';
    const body = `{${kind},"metadata":{"name":"r"},"data":{"n":${odd}},"revision":${largest}}`;
    const made = await ask({ method: 'POST', path: revisions, body });
    expect(made).toContain(`"data":{"n":${odd}}`);
    expect(made).toContain('"revision":9223372036854775000');
    const protobuf = 'application/vnd.kubernetes.protobuf';
    expect(await ask({ path: `${revisions}/r`, accept: protobuf })).toContain(`{"n":${odd}}`);
  });

  test('is in the store what it was', async () => {
    const before = await ask({ path: `${path}/b` });
    expect(before).toContain(largest);
    await server.stop();
    await start();
    await vi.waitFor(async () => expect(await ask({ path: `${path}/b` })).toBe(before));
  });
});
