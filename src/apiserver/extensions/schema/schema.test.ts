import { describe, expect, test } from 'vitest';
import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { texts } from '../../kinds/shared/testing.ts';
import { applyDefaults, dropNulls } from './default.ts';
import { embeddedErrors, pruneEmbeddedMetadata } from './embedded.ts';
import { hasFormat } from './formats.ts';
import { listTypeErrors } from './list-types.ts';
import { prune } from './prune.ts';
import { schemaErrors } from './validate-value.ts';

const object = (
  properties: Record<string, JSONSchemaProps>,
  more: JSONSchemaProps = {},
): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...more,
});
const of = (x: JSONSchemaProps) => object({ x });
const errors = (value: unknown, schema: JSONSchemaProps) => texts(schemaErrors(value, schema));

describe('validation says, in upstream words,', () => {
  const cases: [string, unknown, JSONSchemaProps, string[]][] = [
    [
      'a type',
      { x: 'a' },
      of({ type: 'integer' }),
      ['x: Invalid value: "string": x in body must be of type integer: "string"'],
    ],
    ['that whole numbers are numbers', { x: 1 }, of({ type: 'number' }), []],
    [
      'that fractions are no whole numbers',
      { x: 1.5 },
      of({ type: 'integer' }),
      [
        'x: Invalid value: "number": x in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in x',
      ],
    ],
    [
      'either of two types',
      { x: true },
      of({ 'x-kubernetes-int-or-string': true }),
      ['x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"'],
    ],
    [
      'null',
      { x: null },
      of({ type: 'string' }),
      ['x: Invalid value: "null": x in body must be of type string: "null"'],
    ],
    ['null where it may be', { x: null }, of({ type: 'string', nullable: true }), []],
    ['what is missing', {}, object({ x: {} }, { required: ['x'] }), ['x: Required value']],
    [
      'an enum',
      { x: 'c' },
      of({ enum: ['a', 1] }),
      ['x: Unsupported value: "c": supported values: "a", "1"'],
    ],
    [
      'limits',
      { x: 5 },
      of({ type: 'integer', maximum: 5, exclusiveMaximum: true }),
      ['x: Invalid value: 5: x in body should be less than 5'],
    ],
    [
      'that a whole number is compared with the whole part of a limit',
      { x: 2, y: 1, z: 2.4 },
      object({
        x: { type: 'number', minimum: 2.5 },
        y: { type: 'number', minimum: 2.5 },
        z: { type: 'number', minimum: 2.5 },
      }),
      [
        'y: Invalid value: 1: y in body should be greater than or equal to 2',
        'z: Invalid value: 2.4: z in body should be greater than or equal to 2.5',
      ],
    ],
    [
      'that limits of whole numbers are whole numbers',
      { x: 2 },
      of({ type: 'integer', minimum: 2.5, maximum: 2 ** 31, multipleOf: 0.5, format: 'int32' }),
      [
        '<nil>: Invalid value: "": MultipleOf value must be of type integer with format int32 in x',
        '<nil>: Invalid value: "": Minimum boundary value must be of type integer with format int32 in x',
        'x: Invalid value: 2: x in body should be greater than or equal to 2.5',
        '<nil>: Invalid value: "": Maximum boundary value must be of type integer with format int32 in x',
      ],
    ],
    [
      'that a factor of whole numbers is one itself',
      { x: 3 },
      of({ type: 'number', multipleOf: 0.5 }),
      ['x: Invalid value: 0: factor MultipleOf declared for x must be positive: 0'],
    ],
    [
      'what its format has no room for',
      { x: 2 ** 31, y: 1e39, z: 2 ** 63 },
      object({
        x: { type: 'integer', format: 'int32' },
        y: { type: 'number', format: 'float' },
        z: { type: 'integer' },
      }),
      [
        '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in x',
        '<nil>: Invalid value: "": Checked value must be of type number with format float in y',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in z',
      ],
    ],
    [
      'that null is none of any',
      { x: null },
      of({ type: 'string', nullable: true, enum: ['a', null] }),
      ['x: Unsupported value: null: supported values: "a", "null"'],
    ],
    [
      'nothing of a fraction whose whole part is one of several',
      { x: 1.5 },
      of({ type: 'number', enum: [1] }),
      [],
    ],
    [
      'a factor',
      { x: 5 },
      of({ type: 'integer', multipleOf: 2 }),
      ['x: Invalid value: 5: x in body should be a multiple of 2'],
    ],
    ['fractions of a factor', { x: 0.3 }, of({ type: 'number', multipleOf: 0.1 }), []],
    [
      'characters, not bytes',
      { x: 'äö' },
      of({ type: 'string', minLength: 3 }),
      ['x: Invalid value: "äö": x in body should be at least 3 chars long'],
    ],
    [
      'a length',
      { x: 'abc' },
      of({ type: 'string', maxLength: 2 }),
      ['x: Too long: may not be more than 2 bytes'],
    ],
    [
      'a pattern',
      { x: 'abc' },
      of({ type: 'string', pattern: '^\\d+$' }),
      ['x: Invalid value: "abc": x in body should match \'^\\d+$\''],
    ],
    [
      'a format',
      { x: 'abc' },
      of({ type: 'string', format: 'ipv4' }),
      ['x: Invalid value: "abc": x in body must be of type ipv4: "abc"'],
    ],
    ['an unknown format nothing', { x: 'abc' }, of({ type: 'string', format: 'odd' }), []],
    [
      'what items are',
      { x: [1, 'a'] },
      of({ type: 'array', items: { type: 'integer' } }),
      ['x[1]: Invalid value: "string": x[1] in body must be of type integer: "string"'],
    ],
    [
      'how many items',
      { x: [1, 2, 3] },
      of({ type: 'array', maxItems: 2 }),
      ['x: Too many: 3: must have at most 2 items'],
    ],
    [
      'what values of a map are',
      { x: { k: 1 } },
      of({ type: 'object', additionalProperties: { type: 'string' } }),
      ['x.k: Invalid value: "integer": x.k in body must be of type string: "integer"'],
    ],
    [
      'none of several',
      { x: {} },
      of({ type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      [
        '<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found none valid',
        'x.a: Required value',
      ],
    ],
    [
      'too many of several',
      { x: { a: 1, b: 1 } },
      of({ type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      [
        '<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [
      'what must not be',
      { x: { a: 1 } },
      of({ type: 'object', not: { required: ['a'] } }),
      ['<nil>: Invalid value: "": "x" must not validate the schema (not)'],
    ],
    [
      'all of several',
      { x: 'abc' },
      of({ type: 'string', allOf: [{ minLength: 5 }, { maxLength: 9 }] }),
      [
        'x: Invalid value: "abc": x in body should be at least 5 chars long',
        '<nil>: Invalid value: "": "x" must validate all the schemas (allOf)',
      ],
    ],
  ];
  test.each(cases)('%s', (_, value, schema, said) => {
    expect(errors(value, schema)).toEqual(said);
  });

  test('nothing of what stood there before', () => {
    const schema = object({ a: { type: 'string', maxLength: 1 }, b: { type: 'string', maxLength: 1 } });
    const old = { value: { a: 'long', b: 'x' } };
    expect(schemaErrors({ a: 'long', b: 'y' }, schema, { old })).toEqual([]);
    expect(texts(schemaErrors({ a: 'longer', b: 'y' }, schema, { old }))).toEqual([
      'a: Too long: may not be more than 1 byte',
    ]);
  });

  test('the same of elements of lists that keys tell apart', () => {
    const items = object({ k: { type: 'string' }, v: { type: 'integer', maximum: 1 } });
    const list = of({
      type: 'array',
      items,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    });
    const old = { value: { x: [{ k: 'a', v: 9 }] } };
    const now = {
      x: [
        { k: 'b', v: 9 },
        { k: 'a', v: 9 },
      ],
    };
    expect(schemaErrors(now, list, { old }).map(({ field }) => field)).toEqual(['x[0].v']);
  });

  test('its word within reason, whatever the pattern', () => {
    const schema = of({ type: 'string', pattern: '^(a+)+$' });
    expect(errors({ x: `${'a'.repeat(5000)}b` }, schema)).toHaveLength(1);
  });
});

test('many things that are wrong are told in time', () => {
  const many = { x: Array.from({ length: 50_000 }, () => true) };
  const schema = of({ type: 'array', items: { type: 'integer' } });
  expect(schemaErrors(many, schema)).toHaveLength(50_000);
});

test('many values that are none of many are told as far as there is room', () => {
  const one: JSONSchemaProps = { type: 'string', enum: Array.from({ length: 2000 }, (_, i) => `e${i}`) };
  const found = schemaErrors({ x: Array(20_000).fill('z') }, of({ type: 'array', items: one }));
  expect(found).toHaveLength(50);
  expect(found[0]?.field).toBe('x[0]');
});

test('defaults set no prototypes', () => {
  const properties = JSON.parse('{"__proto__": {"type": "object", "default": {"bad": true}}}');
  const value: { bad?: boolean } = {};
  applyDefaults(value, { type: 'object', properties });
  expect(value.bad).toBeUndefined();
  expect(Object.keys(value)).toEqual(['__proto__']);
});

describe('pruning', () => {
  const schema = object({
    spec: object({
      a: { type: 'string' },
      open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    }),
    list: { type: 'array', items: object({ a: { type: 'string' } }) },
  });

  test('takes out what the schema does not have', () => {
    const value = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'x' },
      spec: { a: 'a', b: 1, open: { c: { d: 1 } } },
      list: [{ a: 'a', z: 1 }],
      status: {},
    };
    expect(prune(value, schema)).toEqual(['list[0].z', 'spec.b', 'status']);
    expect(value).toEqual({
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'x' },
      spec: { a: 'a', open: { c: { d: 1 } } },
      list: [{ a: 'a' }],
    });
  });

  test('leaves names alone that objects inherit', () => {
    expect(prune({ spec: { constructor: 1 } }, schema)).toEqual(['spec.constructor']);
  });

  test('goes into the metadata of embedded resources', () => {
    const embedded = of({ type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} });
    const value = { x: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', odd: 1 } } };
    expect(pruneEmbeddedMetadata(value, embedded)).toEqual(['x.metadata.odd']);
    expect(value.x.metadata).toEqual({ name: 'p' });
    expect(texts(embeddedErrors({ x: { kind: '' } }, embedded))).toEqual([
      'x.apiVersion: Required value',
      'x.kind: Invalid value: "": must not be empty',
    ]);
  });
});

describe('defaults', () => {
  const schema = object({
    a: { type: 'string', default: 'A' },
    inner: object({ b: { type: 'integer', default: 0 } }),
    list: { type: 'array', items: object({ c: { type: 'boolean', default: false } }) },
    whole: object({ d: { type: 'string', default: 'D' } }, { default: {} }),
  });

  test('fill what is missing, in what is there', () => {
    const value = { list: [{}], inner: {} };
    expect(applyDefaults(value, schema)).toBe(true);
    expect(value).toEqual({ list: [{ c: false }], inner: { b: 0 }, a: 'A', whole: { d: 'D' } });
    expect(applyDefaults(value, schema)).toBe(false);
  });

  test('take the place of null; other nulls go, unless they are allowed', () => {
    const nullable = object({
      n: { type: 'string', nullable: true },
      o: { type: 'string' },
      a: { type: 'string', default: 'A' },
    });
    const value = { n: null, o: null, a: null };
    dropNulls(value, nullable);
    applyDefaults(value, nullable);
    expect(value).toEqual({ n: null, a: 'A' });
  });
});

test('elements that stand twice', () => {
  const set: JSONSchemaProps = { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } };
  expect(texts(listTypeErrors({ x: ['a', 'b', 'a', 'a'] }, of(set)))).toEqual(['x[2]: Duplicate value: "a"']);
  const map: JSONSchemaProps = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k', 'l'],
    items: object({}),
  };
  const items = [{ k: 1, l: 2 }, { k: 1 }, { k: 1, l: 2, m: 3 }];
  expect(texts(listTypeErrors({ x: items }, of(map)))).toEqual(['x[2]: Duplicate value: {"k":1,"l":2}']);
});

test.each([
  ['date-time', '2026-01-02T03:04:05Z', '2026-02-30T00:00:00Z'],
  ['date', '2026-01-02', '2026-13-02'],
  ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123'],
  ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
  ['ipv6', '::1', '1.2.3.4'],
  ['email', 'a@b.c', 'a'],
  ['uri', 'https://a/b', 'a b'],
  ['hostname', 'a.example.com', '-a'],
  ['byte', 'YQ==', 'Y'],
  ['duration', '1h30m', 'soon'],
  ['duration', '3 days', 'x'],
  ['isbn', '978-0321751041', '978-0321751042'],
  ['mac', '00:11:22:33:44:55', '00:11'],
  ['k8s-short-name', 'abc', 'A'],
  ['date-time', '2026-01-02t03:04:05.123+01:00', '2026-01-02 03:04:05Z'],
  ['date-time', '2026-01-02T23:59:59z', '2026-01-02T24:00:00Z'],
  ['date-time', '2026-01-02T03:04:05-01:00', '2026-01-02T03:04:05+0100'],
  ['email', 'Bob <bob@example.com>', 'a..b@c.d'],
  ['email', '"a b"@c', 'a b@c'],
  ['uri', '/a b', 'a/b'],
  ['uri', 'mailto:x', ':x'],
  ['uri', 'http://', 'http://a b/'],
  ['uri', 'http://u:p@[::1]:80/x?q#f', 'http://a:b/'],
  ['uri', '/%20', '/%2'],
  ['ipv4', '010.0.0.1', '::1'],
  ['ipv4', '::ffff:1.2.3.4', '1.2.3'],
  ['ipv6', '::ffff:1.2.3.4', '01.2.3.4'],
  ['cidr', '010.0.0.0/08', '10.0.0.0'],
  ['mac', '00-11-22-33-44-55-66-77', '00:11-22:33-44:55'],
  ['mac', '0011.2233.4455', '0011.2233'],
  ['ssn', '123-45-6789', '123456789'],
  ['rgbcolor', 'rgb( 0, 10 ,255 )', 'rgb(01,2,3)'],
  ['creditcard', '4111 1111 1111 1111', '1234567890123'],
  ['byte', 'YWFh', ''],
  ['duration', 'in 3 days and 2hrs', '3 moons'],
])('format %s: %s, but not %s', (format, good, bad) => {
  expect([hasFormat(good, format), hasFormat(bad, format)]).toEqual([true, false]);
});

test.each([
  ['duration', '1'.repeat(300_000)],
  ['duration', `1${' '.repeat(300_000)}`],
  ['uri', `/${'a'.repeat(3_000_000)}%`],
])('a long text is soon found not to be a %s', (format, text) => {
  expect(hasFormat(text, format)).toBe(false);
});

describe('what is as it was may break newer rules', () => {
  const errorsAfter = (old: unknown, value: unknown, schema: JSONSchemaProps) =>
    texts(schemaErrors({ x: value }, of(schema), { old: { value: { x: old } } }));
  const ports = (more: JSONSchemaProps = {}): JSONSchemaProps => ({
    type: 'array',
    items: object({ name: { type: 'string' }, port: { type: 'integer' } }),
    maxItems: 1,
    ...more,
  });
  const byName = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };
  const [a, b] = [
    { name: 'a', port: 1 },
    { name: 'b', port: 2 },
  ];
  const tooMany = ['x: Too many: 2: must have at most 1 item'];
  const small: JSONSchemaProps = { type: 'object', additionalProperties: { type: 'integer', minimum: 5 } };

  test.each<[string, unknown, unknown, JSONSchemaProps, string[]]>([
    ['a list that is the same', [a, b], [a, b], ports(), []],
    ['a list in another order', [a, b], [b, a], ports(), tooMany],
    ['a list in another order whose elements have keys', [a, b], [b, a], ports(byName), []],
    ['such a list with another element', [a, b], [b, { ...a, port: 3 }], ports(byName), tooMany],
    ['such a list with another key', [a, b], [b, { ...a, name: 'c' }], ports(byName), tooMany],
    ['a value beside one that changes', { k: 1, l: 9 }, { k: 1, l: 8 }, small, []],
    [
      'a value beside one that changes, in a map of one piece',
      { k: 1, l: 9 },
      { k: 1, l: 8 },
      { ...small, 'x-kubernetes-map-type': 'atomic' },
      [],
    ],
    [
      'not where it holds what the schema does not know',
      { k: 1 },
      { k: 1 },
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, minProperties: 2 },
      ['x: Invalid value: 1: x in body should have at least 2 properties'],
    ],
  ])('%s', (_, old, value, schema, wanted) => {
    expect(errorsAfter(old, value, schema)).toEqual(wanted);
  });
});
