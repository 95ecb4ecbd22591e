import { describe, expect, test } from 'vitest';
import { customDefinitions } from './custom-definitions.ts';
import type { Dialect, JsonSchema } from './json-schema.ts';
import type { OpenApiResource } from './resource.ts';

const foos: OpenApiResource = {
  group: 'bar.example.com',
  version: 'v1',
  kind: 'Foo',
  plural: 'foos',
  namespaced: true,
  verbs: ['get', 'list'],
  type: 'com.example.bar.v1.Foo',
  custom: true,
  subresources: [],
};

const names = (dialect: Dialect, more: Partial<OpenApiResource>) => [
  ...customDefinitions([{ ...foos, ...more }], dialect).keys(),
];

function definition(dialect: Dialect, more: Partial<OpenApiResource>, name = foos.type): JsonSchema {
  const made = customDefinitions([{ ...foos, ...more }], dialect).get(name);
  if (!made) throw new Error(`${name} is not defined`);
  return made();
}

const identity = ['apiVersion', 'kind', 'metadata'];
const named = {
  'x-kubernetes-group-version-kind': [{ group: 'bar.example.com', version: 'v1', kind: 'Foo' }],
};

/** The definition of an object with these properties, as far as it is its own. */
function propertiesOf(dialect: Dialect, properties: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const { properties: all = {} } = definition(dialect, { schema: { type: 'object', properties } });
  expect(Object.keys(all)).toEqual(expect.arrayContaining(identity));
  return Object.fromEntries(Object.entries(all).filter(([name]) => !identity.includes(name)));
}

const open = { 'x-kubernetes-preserve-unknown-fields': true };
const either = { 'x-kubernetes-int-or-string': true };
const types = [{ type: 'integer' }, { type: 'string' }];
const resource = { type: 'object', 'x-kubernetes-embedded-resource': true };

describe('the definition of a custom resource', () => {
  test.each<[string, Dialect, JsonSchema | undefined]>([
    ['without a schema', 'v2', undefined],
    ['without a schema', 'v3', undefined],
    ['that is open', 'v2', { type: 'object', ...open, properties: { a: { type: 'string' } } }],
    ['without a type, which only older versions of the API took', 'v3', open],
  ])('%s says nothing that clients could take for all there is: %s', (_, dialect, schema) => {
    expect(definition(dialect, { schema })).toEqual({ type: 'object', ...named });
  });

  test('that is open is said to be in OpenAPI 3.0', () => {
    const schema = { type: 'object', ...open, properties: { a: { type: 'string' } } };
    const made = definition('v3', { schema });
    expect(Object.keys(made.properties ?? {}).sort()).toEqual(['a', ...identity]);
    expect(made).toMatchObject(open);
  });

  test.each(['v2', 'v3'] as const)('names the fields by which objects can be selected: %s', (dialect) => {
    const told = [{ fieldPath: 'spec.color' }, { fieldPath: 'spec.size' }];
    const more = { schema: { type: 'object' }, selectableFields: ['spec.color', 'spec.size'] };
    expect(definition(dialect, more)['x-kubernetes-selectable-fields']).toEqual(told);
    expect(definition(dialect, more, 'com.example.bar.v1.FooList')['x-kubernetes-selectable-fields']).toEqual(
      told,
    );
    expect(definition(dialect, { schema: { type: 'object' } })).not.toHaveProperty(
      'x-kubernetes-selectable-fields',
    );
  });

  test('has lists of the kind that it names', () => {
    expect(names('v3', {})).toEqual(['com.example.bar.v1.Foo', 'com.example.bar.v1.FooList']);
    expect(names('v3', { listKind: 'Foos' })).toEqual(['com.example.bar.v1.Foo', 'com.example.bar.v1.Foos']);
    expect(definition('v3', { listKind: 'Foos' }, 'com.example.bar.v1.Foos')).toMatchObject({
      'x-kubernetes-group-version-kind': [{ ...named['x-kubernetes-group-version-kind'][0], kind: 'Foos' }],
    });
  });
});

test.each<[string, JsonSchema, JsonSchema]>([
  ['junctors', { type: 'string', oneOf: [{ pattern: 'a' }, { pattern: 'b' }] }, { type: 'string' }],
  ['defaults', { type: 'string', default: 'x' }, { type: 'string' }],
  [
    'not rules',
    { type: 'string', 'x-kubernetes-validations': [] },
    { type: 'string', 'x-kubernetes-validations': [] },
  ],
  ['numbers or text', { ...either, anyOf: types }, either],
  ['open values', open, open],
  ['types of open objects', { type: 'object', ...open, properties: { a: { type: 'string' } } }, open],
  ['types of arrays of anything', { type: 'array', ...open, items: { type: 'string' } }, open],
  ['types of what may be null', { type: 'array', nullable: true, items: { type: 'string' } }, {}],
  [
    'what is asked for and may be null',
    {
      type: 'object',
      required: ['a', 'b'],
      properties: { a: { type: 'string' }, b: { type: 'string', nullable: true } },
    },
    { type: 'object', required: ['a'], properties: { a: { type: 'string' }, b: {} } },
  ],
  [
    'all that is asked for, if that may be null',
    { type: 'object', required: ['b'], properties: { b: { type: 'string', nullable: true } } },
    { type: 'object', properties: { b: {} } },
  ],
  [
    'what is asked for of maps whose values may be null',
    { type: 'object', required: ['a'], additionalProperties: { type: 'string', nullable: true } },
    { type: 'object', additionalProperties: {} },
  ],
  [
    'identities of open resources',
    { ...resource, ...open },
    { 'x-kubernetes-embedded-resource': true, ...open },
  ],
])('OpenAPI 2.0 is spared %s', (_, schema, said) => {
  const nested = { type: 'object', properties: { list: { type: 'array', items: schema } } };
  expect(propertiesOf('v2', { value: schema, nested })).toEqual({
    value: said,
    nested: { type: 'object', properties: { list: { type: 'array', items: said } } },
  });
});

test.each<[string, JsonSchema, JsonSchema]>([
  ['says so', either, { ...either, anyOf: types }],
  [
    'says so beside its alternatives',
    { ...either, anyOf: [{ minimum: 4 }] },
    { ...either, anyOf: [{ minimum: 4 }], allOf: [{ anyOf: types }] },
  ],
  [
    'says so before what else has to hold',
    { ...either, anyOf: [{ minimum: 4 }], allOf: [{ maximum: 9 }] },
    { ...either, anyOf: [{ minimum: 4 }], allOf: [{ anyOf: types }, { maximum: 9 }] },
  ],
  ['has said so', { ...either, anyOf: types }, { ...either, anyOf: types }],
  [
    'has said so elsewhere',
    { ...either, allOf: [{ anyOf: types }] },
    { ...either, allOf: [{ anyOf: types }] },
  ],
  [
    'says so where it may be null',
    { ...either, nullable: true },
    { ...either, nullable: true, anyOf: types },
  ],
])('in OpenAPI 3.0 a number or text %s', (_, schema, said) => {
  const map = { type: 'object', additionalProperties: schema };
  expect(propertiesOf('v3', { value: schema, map })).toEqual({
    value: said,
    map: { type: 'object', additionalProperties: said },
  });
});

test.each<[Dialect, JsonSchema, string[]]>([
  ['v2', {}, ['kind', 'apiVersion']],
  ['v3', { required: ['spec', 'kind'] }, ['spec', 'kind', 'apiVersion']],
  ['v3', open, ['kind', 'apiVersion']],
])('a resource that stands in another has the identity of one in %s: %j', (dialect, more, required) => {
  const inner = { ...resource, ...more, properties: { spec: { type: 'object' } } };
  const { each } = propertiesOf(dialect, { each: { type: 'array', items: inner } });
  const made = each?.items as JsonSchema;
  expect(made.required).toEqual(required);
  expect(Object.keys(made.properties ?? {}).sort()).toEqual([...identity, 'spec']);
  const own = definition(dialect, { schema: { type: 'object' } }).properties;
  expect(made.properties).toMatchObject({ metadata: own?.metadata });
});
