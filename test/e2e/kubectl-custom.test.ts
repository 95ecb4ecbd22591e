import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import type { CommandClient } from './support/kubectl.ts';

let cluster: E2eCluster;
let kubectl: CommandClient;

const schema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 9, description: 'How many there shall be.' },
        color: { type: 'string', enum: ['red', 'green'], default: 'green' },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        start: { type: 'integer' },
        end: { type: 'integer' },
        template: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: { a: { type: 'string' } },
        },
        anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
      'x-kubernetes-validations': [
        {
          rule: '!has(self.start) || !has(self.end) || self.start < self.end',
          message: 'start must come before end',
        },
      ],
    },
    status: { type: 'object', properties: { size: { type: 'integer' }, selector: { type: 'string' } } },
  },
};

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.test' },
  spec: {
    group: 'example.test',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.size',
            statusReplicasPath: '.status.size',
            labelSelectorPath: '.status.selector',
          },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        selectableFields: [{ jsonPath: '.spec.color' }],
      },
      {
        name: 'v1beta1',
        served: true,
        storage: false,
        schema: { openAPIV3Schema: schema },
        // Upstream takes fields that differ only where the schemas of the versions differ too.
        selectableFields: [{ jsonPath: '.spec.color' }],
      },
    ],
  },
};

const widget = (name: string, spec: object, version = 'v1') => ({
  apiVersion: `example.test/${version}`,
  kind: 'Widget',
  metadata: { name },
  spec,
});

beforeAll(async () => {
  cluster = await startE2eCluster();
  await cluster.kubectl.apply(definition);
  await cluster.kubectl.established('widgets.example.test');
  ({ kubectl } = await cluster.namespace());
});
afterAll(() => cluster?.stop());

const refused = (object: object) => kubectl.fails('apply -f -', { input: JSON.stringify(object) });

describe('custom resources', () => {
  test('are created, defaulted, listed in their own columns, found by short name, category and field', async () => {
    expect(await kubectl.apply(widget('one', { size: 3 }))).toBe('widget.example.test/one created');
    expect(await kubectl.apply(widget('one', { size: 3 }))).toBe('widget.example.test/one unchanged');
    expect((await kubectl.json('get widget one')).spec).toEqual({ size: 3, color: 'green' });
    expect((await kubectl.ok('get wd')).split('\n')[0]).toMatch(/^NAME +SIZE +AGE$/);
    expect((await kubectl.ok('get wd -o wide')).split('\n')[1]).toMatch(/^one +3 +green +\d+s$/);
    expect(await kubectl.ok('get all -o name')).toBe('widget.example.test/one');
    expect(await kubectl.ok('get widgets --field-selector spec.color=green -o name')).toBe(
      'widget.example.test/one',
    );
    expect(await kubectl.ok('get widgets --field-selector spec.color=red -o name')).toBe('');
    expect((await kubectl.json('get widgets.v1beta1.example.test one')).apiVersion).toBe(
      'example.test/v1beta1',
    );
  });

  test("are held to their schema, in upstream's words", async () => {
    expect(await refused(widget('bad', { size: 20 }))).toBe(
      'The Widget "bad" is invalid: spec.size: Invalid value: 20: spec.size in body should be less than or equal to 9',
    );
    expect(await refused(widget('bad', {}))).toMatch(
      /^The Widget "bad" is invalid: \n\* spec\.size: Required value\n\* <nil>: Invalid value: null: some validation rules were not checked/,
    );
    const typed = await refused(widget('bad', { size: 1, color: 1 }));
    expect(typed).toContain(
      '* spec.color: Invalid value: "integer": spec.color in body must be of type string: "integer"\n',
    );
    expect(await refused(widget('bad', { size: 1, color: 'blue' }))).toContain(
      'spec.color: Unsupported value: "blue": supported values: "red", "green"',
    );
    expect(await refused(widget('bad', { size: 1, tags: ['a', 'a'] }))).toContain(
      'spec.tags[1]: Duplicate value: "a"',
    );
    expect(await refused(widget('bad', { size: 1, start: 5, end: 2 }))).toMatch(
      /^The Widget "bad" is invalid: spec: Invalid value: .*start must come before end$/,
    );
    expect(await refused(widget('bad', { size: 1, nothing: 1 }))).toContain(
      'strict decoding error: unknown field "spec.nothing"',
    );
    expect(await kubectl.ok('get widget bad --ignore-not-found')).toBe('');
  });

  test('are scaled, patched, watched and applied on the server', async () => {
    await kubectl.apply(widget('two', { size: 1 }));
    expect(await kubectl.ok('scale widget two --replicas=4')).toBe('widget.example.test/two scaled');
    const watch = kubectl.start('get widgets -w --output-watch-events');
    await watch.shows(/ADDED +two +4/);
    expect(
      await kubectl.ok([
        'patch',
        'widget',
        'two',
        '--type=merge',
        '-p',
        '{"spec":{"color":"red"},"status":{"size":7}}',
      ]),
    ).toBe('widget.example.test/two patched');
    await watch.shows(/MODIFIED +two/);
    await watch.stop('SIGINT');
    expect(await kubectl.json('get widget two')).not.toHaveProperty('status');
    await kubectl.ok([
      'patch',
      'widget',
      'two',
      '--type=merge',
      '--subresource=status',
      '-p',
      '{"status":{"size":4}}',
    ]);
    expect((await kubectl.json('get widget two')).status).toEqual({ size: 4 });
    expect(await kubectl.apply(widget('three', { size: 1 }), '--server-side')).toBe(
      'widget.example.test/three serverside-applied',
    );
    const conflict = await kubectl.fails('apply -f - --server-side --field-manager=other', {
      input: JSON.stringify(widget('three', { size: 2 })),
    });
    expect(conflict).toContain('Apply failed with 1 conflict: conflict with "kubectl": .spec.size');
  });

  test('explain resources that stand in them, and what may be anything', async () => {
    const template = await kubectl.ok('explain widget.spec.template');
    expect(template).toMatch(
      /apiVersion\t<string> -required-[^]*kind\t<string> -required-[^]*metadata\t<ObjectMeta>/,
    );
    const older = await kubectl.ok('explain widget.spec --output=plaintext-openapiv2');
    expect(older).toMatch(/anything\t<>[^]*template\t<Object>/);
    expect(await kubectl.ok('explain widget.spec.template --output=plaintext-openapiv2')).toContain(
      'metadata\t<Object>',
    );
  });

  test('explain themselves', async () => {
    const text = await kubectl.ok('explain widget.spec');
    expect(text).toMatch(/^GROUP: +example\.test\nKIND: +Widget\nVERSION: +v1\n/);
    expect(text).toMatch(/^ {2}size\t<integer> -required-\n {4}How many there shall be\.$/m);
    expect(await kubectl.ok('api-resources --api-group=example.test')).toMatch(
      /widgets +wd +example\.test\/v1 +true +Widget/,
    );
  });

  test('go with their definition', async () => {
    await kubectl.apply(widget('last', { size: 1 }));
    await cluster.kubectl.ok('delete crd widgets.example.test --timeout=30s');
    expect(await kubectl.fails('get widgets')).toMatch(
      /could not find the requested resource|doesn't have a resource type/,
    );
    await cluster.kubectl.apply(definition);
    await cluster.kubectl.established('widgets.example.test');
    expect(await kubectl.ok('get widgets -o name')).toBe('');
  });

  test('definitions that make no sense are refused', async () => {
    const { spec } = definition;
    const bad = { ...definition, metadata: { name: 'wrong.example.test' } };
    expect(await cluster.kubectl.fails('create -f -', { input: JSON.stringify(bad) })).toBe(
      'The CustomResourceDefinition "wrong.example.test" is invalid: metadata.name: Invalid value: "wrong.example.test": must be spec.names.plural+"."+spec.group',
    );
    const [first] = spec.versions;
    const none = {
      ...definition,
      metadata: { name: 'gadgets.example.test' },
      spec: {
        ...spec,
        names: { plural: 'gadgets', kind: 'Gadget' },
        versions: [{ ...first, storage: false }],
      },
    };
    expect(await cluster.kubectl.fails('create -f -', { input: JSON.stringify(none) })).toContain(
      'must have exactly one version marked as storage version',
    );
  });

  test('names of kinds that are built in go on to be theirs', async () => {
    const plain = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
    };
    const taking = {
      ...definition,
      metadata: { name: 'examples.taking.test' },
      spec: {
        group: 'taking.test',
        scope: 'Namespaced',
        names: { plural: 'examples', singular: 'pod', kind: 'Example', shortNames: ['po', 'pod'] },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: plain } }],
      },
    };
    await cluster.kubectl.apply(taking);
    await cluster.kubectl.established('examples.taking.test');
    await kubectl.apply({ apiVersion: 'taking.test/v1', kind: 'Example', metadata: { name: 'one' } });
    for (const name of ['pod', 'po', 'pods'])
      expect(await kubectl.ok(`get ${name} -o name`)).not.toContain('one');
    expect(await kubectl.ok('get examples -o name')).toBe('example.taking.test/one');

    // As a kind of another scope it is there at once, as soon as the first is gone.
    await cluster.kubectl.ok('delete crd examples.taking.test --timeout=30s');
    await cluster.kubectl.apply({ ...taking, spec: { ...taking.spec, scope: 'Cluster' } });
    await cluster.kubectl.established('examples.taking.test');
    expect(await kubectl.ok('api-resources --api-group=taking.test --namespaced=false --no-headers')).toMatch(
      /^examples +po,pod +taking\.test\/v1 +false +Example$/,
    );
    await cluster.kubectl.apply({ apiVersion: 'taking.test/v1', kind: 'Example', metadata: { name: 'two' } });
    expect(await kubectl.ok('get examples -o name')).toBe('example.taking.test/two');
    await cluster.kubectl.ok('delete crd examples.taking.test --timeout=30s');
  });
});
