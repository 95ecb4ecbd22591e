import { afterAll, beforeAll, expect } from 'vitest';
import type { CommandClient } from '../../e2e/support/kubectl.ts';
import type { Any } from '../support/api.ts';
import { type ConformanceCluster, eventually, fresh, startConformanceCluster } from '../support/cluster.ts';
import { anything, define, object, type Served } from '../support/definitions.ts';
import { type Kubectl, kubectlFor } from '../support/kubectl.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
/** kubectl is started several times in each test. */
const timeoutMs = 60_000;
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];
let client: Kubectl;

beforeAll(async () => {
  cluster = await startConformanceCluster();
  ({ api } = cluster);
  client = kubectlFor(cluster);
});
afterAll(async () => {
  client?.remove();
  await cluster?.stop();
});

/** kubectl in a namespace of its own. */
async function inNamespace(): Promise<CommandClient> {
  return client.kubectl.with({ namespace: await cluster.namespace() });
}

/** The kinds that a group's definitions in OpenAPI v2 are for. */
async function published(group: string): Promise<string[]> {
  const { definitions } = await api.get('/openapi/v2');
  return (
    Object.entries(definitions as Record<string, Any>)
      // Those of every group, such as DeleteOptions, are no kinds of it.
      .flatMap(([name, schema]) =>
        name.startsWith('io.k8s.') ? [] : (schema['x-kubernetes-group-version-kind'] ?? []),
      )
      .filter((kind) => kind.group === group && !kind.kind.endsWith('List'))
      .map(({ version, kind }) => `${version} ${kind}`)
      .sort()
  );
}

/** Waits until both forms of OpenAPI have these kinds of a group. */
async function publishes(group: string, kinds: string[]): Promise<void> {
  await eventually(async () => {
    expect(await published(group)).toEqual([...kinds].sort());
    const { paths } = await api.get('/openapi/v3');
    const versions = Object.keys(paths).filter((path) => path.startsWith(`apis/${group}/`));
    expect(versions.sort()).toEqual(
      [...new Set(kinds.map((kind) => `apis/${group}/${kind.split(' ')[0]}`))].sort(),
    );
    return true;
  });
}

const wholeKind = (served: Served) => `${served.plural}.v1.${served.group}`;

/** kubectl creates and applies an object, and the server keeps all of it. */
async function takes(kubectl: CommandClient, served: Served, more: object): Promise<void> {
  const one = served.object(fresh('taken'), more);
  const name = one.metadata.name;
  const what = `${served.kind.toLowerCase()}.${served.group}/${name}`;
  expect(await kubectl.ok('create -f -', { input: JSON.stringify(one) })).toBe(`${what} created`);
  expect(await kubectl.json(`get ${wholeKind(served)} ${name}`)).toMatchObject(more);
  await kubectl.ok(`delete ${wholeKind(served)} ${name}`);
  expect(await kubectl.apply(one)).toBe(`${what} created`);
  expect(await kubectl.json(`get ${wholeKind(served)} ${name}`)).toMatchObject(more);
}

line('openapi-unserve', async () => {
  const served = await define(api, { versions: ['v6alpha1', 'v5'] });
  const { group, kind } = served;
  await publishes(group, [`v5 ${kind}`, `v6alpha1 ${kind}`]);
  await api.patch(
    served.path,
    [
      { op: 'test', path: '/spec/versions/1/name', value: 'v5' },
      { op: 'replace', path: '/spec/versions/1/served', value: false },
    ],
    'json',
  );
  await publishes(group, [`v6alpha1 ${kind}`]);
});

line('openapi-rename', async () => {
  const served = await define(api, { versions: ['v2', 'v3'] });
  const { group, kind } = served;
  await publishes(group, [`v2 ${kind}`, `v3 ${kind}`]);
  await api.patch(served.path, [{ op: 'replace', path: '/spec/versions/1/name', value: 'v4' }], 'json');
  await publishes(group, [`v2 ${kind}`, `v4 ${kind}`]);
});

line(
  'openapi-preserve-root',
  async () => {
    const kubectl = await inNamespace();
    const served = await define(api, { schema: anything });
    await publishes(served.group, [`v1 ${served.kind}`]);
    await takes(kubectl, served, { spec: { any: 1 }, more: [{ things: true }] });
    expect(await kubectl.ok(`explain ${served.plural}`)).toMatch(new RegExp(`^KIND: +${served.kind}$`, 'm'));
  },
  timeoutMs,
);

line(
  'openapi-preserve-nested',
  async () => {
    const kubectl = await inNamespace();
    const spec = object({ known: { type: 'string' } }, { 'x-kubernetes-preserve-unknown-fields': true });
    const served = await define(api, { schema: object({ spec, other: object({}) }) });
    await publishes(served.group, [`v1 ${served.kind}`]);
    await takes(kubectl, served, { spec: { known: 'a', any: { nested: 1 } } });
    const odd = served.object('odd', { other: { any: 1 } });
    expect(await kubectl.fails('create -f -', { input: JSON.stringify(odd) })).toContain(
      'unknown field "other.any"',
    );
    const explained = await kubectl.ok(`explain ${served.plural}.spec`);
    expect(explained).toMatch(/^FIELD: spec <Object>$/m);
    expect(explained).toMatch(/^ {2}known\t<string>$/m);
    const { definitions } = await api.get('/openapi/v2');
    const [schema] = Object.values(definitions as Record<string, Any>).filter((one) =>
      one['x-kubernetes-group-version-kind']?.some((kind: Any) => kind.kind === served.kind),
    );
    expect(schema.properties.spec['x-kubernetes-preserve-unknown-fields']).toBe(true);
  },
  timeoutMs,
);

const described = {
  type: 'object',
  description: 'Foo for testing.',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      description: 'What is wanted of Foo.',
      required: ['size'],
      properties: {
        size: { type: 'integer', description: 'How large it is.' },
        bars: {
          type: 'array',
          description: 'List of Bars and their specs.',
          items: object(
            {
              name: { type: 'string', description: 'Name of Bar.' },
              age: { type: 'string', description: 'Age of Bar.' },
              feeling: { type: 'string', enum: ['Great', 'Down'] },
            },
            { required: ['name'] },
          ),
        },
      },
    },
  },
};

line(
  'openapi-schema',
  async () => {
    const kubectl = await inNamespace();
    const served = await define(api, { schema: described });
    await publishes(served.group, [`v1 ${served.kind}`]);
    await takes(kubectl, served, { spec: { size: 1, bars: [{ name: 'a', age: '10', feeling: 'Great' }] } });
    const refused = async (command: string, more: object) =>
      kubectl.fails(`${command} -f -`, { input: JSON.stringify(served.object('odd', more)) });
    for (const command of ['create', 'apply']) {
      const unknown = { spec: { size: 1, bars: [{ name: 'a', unknown: 1 }] } };
      expect(await refused(command, unknown)).toContain('unknown field "spec.bars[0].unknown"');
      expect(await refused(command, { spec: { size: 1, bars: [{ age: '10' }] } })).toContain(
        'spec.bars[0].name: Required value',
      );
    }
    expect(await refused('create', { spec: { size: 1, bars: [{ name: 'a', feeling: 'None' }] } })).toContain(
      'spec.bars[0].feeling: Unsupported value: "None": supported values: "Great", "Down"',
    );
    expect(await kubectl.ok(`explain ${served.plural}`)).toMatch(
      /DESCRIPTION:\n {4}Foo for testing\.\n[^]*\n {2}spec\t<Object> -required-\n {4}What is wanted of Foo\./,
    );
    const recursive = await kubectl.ok(`explain ${served.plural} --recursive`);
    expect(recursive).toMatch(
      / {4}bars\t<\[\]Object>\n {6}age\t<string>\n {6}feeling\t<string>\n {6}enum: Great, Down/,
    );
    expect(await kubectl.ok(`explain ${served.plural}.spec.bars`)).toMatch(
      /FIELD: bars <\[\]Object>[^]*List of Bars/,
    );
    expect(await kubectl.ok(`explain ${served.plural}.spec.bars.name`)).toContain('Name of Bar.');
    expect(await kubectl.fails(`explain ${served.plural}.spec.nothing`)).toContain(
      'field "nothing" does not exist',
    );
  },
  timeoutMs,
);

line(
  'openapi-no-schema',
  async () => {
    const kubectl = await inNamespace();
    const served = await define(api, { schema: { ...anything, description: undefined } });
    await publishes(served.group, [`v1 ${served.kind}`]);
    await takes(kubectl, served, { whatever: { there: ['is'] } });
    expect(await kubectl.ok(`explain ${served.plural}`)).toMatch(/^DESCRIPTION:\n {4}<empty>/m);
  },
  timeoutMs,
);

line('openapi-many', async () => {
  const [one, other] = [await define(api), await define(api)];
  await publishes(one.group, [`v1 ${one.kind}`]);
  await publishes(other.group, [`v1 ${other.kind}`]);
  const group = 'shared.example.com';
  await define(api, { group, kind: 'Foo' });
  await define(api, { group, kind: 'Bar' });
  await publishes(group, ['v1 Foo', 'v1 Bar']);
  await define(api, { group, kind: 'Baz', versions: ['v2', 'v1'] });
  await publishes(group, ['v1 Foo', 'v1 Bar', 'v1 Baz', 'v2 Baz']);
});
