import { describe, expect, test } from 'vitest';
import type { JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import { customresourcedefinitions } from '../../api/generated/resources.ts';
import { createCustomCluster, widgets } from './testing.ts';

// What upstream's test of the same lets pass and refuses once a schema has become stricter
// (apiextensions-apiserver/test/integration/ratcheting_test.go): objects, and their status.

const text: JSONSchemaProps = { type: 'string' };
const whole: JSONSchemaProps = { type: 'integer' };
const mapOf = (additionalProperties: JSONSchemaProps): JSONSchemaProps => ({
  type: 'object',
  additionalProperties,
});
const listOf = (items: JSONSchemaProps): JSONSchemaProps => ({ type: 'array', items });

type Fields = Record<string, unknown>;

/** Does something with the one object and its definition. */
interface Step {
  /** Properties of the schema that are other ones now; null takes what it stands for away. */
  schema?: Fields;
  /** What is applied. */
  put?: Fields;
  isRefused?: boolean;
}

const schema = (properties: Fields): Step => ({ schema: properties });
const takes = (put: Fields): Step => ({ put });
const refuses = (put: Fields): Step => ({ put, isRefused: true });

interface Story {
  properties: Record<string, JSONSchemaProps>;
  steps: readonly Step[];
  /** Whether it is of objects alone, since a status is always a change of what was there. */
  notOfStatus?: boolean;
}

const ten = ['value1', 'value2', 'value3', '4', '5', '6', '7', '8', '9', '10'];
const three = ten.slice(0, 3);
const server = (name: string, port: number, field = 'value') => ({ name, port, field });
const [nginx, etcd, apiserver, dev] = [
  server('nginx', 443),
  server('etcd', 2379),
  server('kube-apiserver', 6443),
  server('dev', 8080),
];
const prefixed = [{ rule: "self.startsWith('k8s')", message: 'strings must have k8s prefix' }];

const stories: Record<string, Story> = {
  'limits of numbers': {
    properties: { low: whole, high: whole, both: whole, other: whole },
    steps: [
      takes({ low: 0, high: 1000, both: 50 }),
      schema({ low: { minimum: 10 }, high: { maximum: 20 }, both: { minimum: 10, maximum: 20 } }),
      takes({ low: 0, high: 1000, both: 50, other: 50 }),
      refuses({ low: 5, high: 1000, both: 50, other: 50 }),
      refuses({ low: 5, high: 21, both: 50, other: 50 }),
      takes({ low: 11, high: 1000, both: 50, other: 50 }),
      takes({ low: 11, high: 19, both: 15, other: 50 }),
    ],
  },
  enumerations: {
    properties: { one: text, other: text },
    steps: [
      takes({ one: 'good once' }),
      schema({ one: { enum: ['A', 'B', 'C'] } }),
      takes({ one: 'good once' }),
      takes({ one: 'good once', other: 'anything' }),
      refuses({ one: 'D', other: 'anything' }),
      takes({ one: 'A', other: 'anything' }),
      refuses({ one: 'good once', other: 'anything' }),
    ],
  },
  'values of maps': {
    properties: { nums: mapOf(whole) },
    steps: [
      takes({ nums: { num1: 1, num2: 1_000_000 } }),
      schema({ nums: { additionalProperties: { minimum: 1000 } } }),
      takes({ nums: { num1: 1, num2: 2000 } }),
      refuses({ nums: { num1: 2, num2: 2000 } }),
    ],
  },
  'sizes of maps': {
    properties: { few: mapOf(text), any: mapOf(text) },
    steps: [
      takes({ few: { key1: 'hi', key2: 'there' } }),
      schema({ few: { minProperties: 1, maxProperties: 1 } }),
      takes({ few: { key1: 'hi', key2: 'there' }, any: { key1: 'yo' } }),
      refuses({ few: { key1: 'changed', key2: 'there' }, any: { key1: 'yo' } }),
      schema({ few: { minProperties: 2, maxProperties: null } }),
      takes({ few: { key1: 'hi', key2: 'there', key3: 'buddy' } }),
      refuses({ few: { key1: 'hi' } }),
      schema({ few: { minProperties: null, maxProperties: 1 } }),
      takes({ few: { key1: 'hi', key2: 'there', key3: 'buddy' }, any: { key1: 'value' } }),
      refuses({ few: { key1: 'hi', key2: 'theres', key3: 'buddy' }, any: { key1: 'value' } }),
    ],
  },
  'few elements': {
    properties: { field: text, array: listOf(text) },
    steps: [
      takes({ array: three }),
      schema({ array: { minItems: 10 } }),
      takes({ array: three, field: 'value' }),
      refuses({ array: ['value2', 'value2', 'value3'], field: 'value' }),
      refuses({ array: [...three, 'value4'], field: 'value' }),
      takes({ array: ten, field: 'value' }),
      refuses({ array: three, field: 'value' }),
    ],
  },
  'many elements': {
    properties: { field: text, array: listOf(text) },
    steps: [
      takes({ array: three }),
      schema({ array: { maxItems: 1 } }),
      takes({ array: three, field: 'value' }),
      refuses({ array: ['value2', 'value2', 'value3'], field: 'value' }),
      refuses({ array: ['value1', 'value2'], field: 'value' }),
      takes({ array: ['value1'], field: 'value' }),
      refuses({ array: three, field: 'value' }),
    ],
  },
  lengths: {
    properties: { min: text, max: text, other: text },
    steps: [
      takes({ min: 'value', max: 'valueThatsVeryLongSee' }),
      schema({ min: { minLength: 10 }, max: { maxLength: 15 } }),
      takes({ min: 'value', max: 'valueThatsVeryLongSee', other: 'x' }),
      takes({ min: 'valuelength13', max: 'valueThatsVeryLongSee', other: 'x' }),
      takes({ min: 'valuelength13', max: 'l2', other: 'x' }),
      refuses({ min: 'valuelength13', max: 'valuewithlength17', other: 'x' }),
      refuses({ min: 'value', max: 'l2', other: 'x' }),
      refuses({ min: 'valuelength13', max: 'valueThatsVeryLongSee', other: 'x' }),
    ],
  },
  patterns: {
    properties: { field: text, other: text },
    steps: [
      takes({ field: 'doesnt abide pattern' }),
      schema({ field: { pattern: '^[1-9]+$' } }),
      takes({ field: 'doesnt abide pattern', other: 'added' }),
      refuses({ field: 'w123', other: 'added' }),
      takes({ field: '123', other: 'added' }),
    ],
  },
  formats: {
    properties: { field: text, other: text },
    steps: [
      takes({ field: 'doesnt abide any format' }),
      schema({ field: { format: 'byte' } }),
      takes({ field: 'doesnt abide any format', other: 'value' }),
      refuses({ field: 'asd', other: 'value' }),
      takes({ field: 'dGhpcyBpcyBwYXNzd29yZA==', other: 'value' }),
      schema({ field: { format: 'date-time' } }),
      takes({ field: 'dGhpcyBpcyBwYXNzd29yZA==', other: 'value2' }),
      takes({ field: '2018-11-13T20:20:39+00:00', other: 'value2' }),
      refuses({ field: 'dGhpcyBpcyBwYXNzd29yZA==', other: 'value2' }),
      refuses({ field: 'doesnt abide any format', other: 'value2' }),
    ],
  },
  'elements that have keys, in another order': {
    properties: {
      field: {
        ...listOf({
          type: 'object',
          required: ['name', 'port'],
          properties: { name: text, port: whole, field: text },
        }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name', 'port'],
      },
    },
    steps: [
      takes({ field: [nginx, etcd, apiserver] }),
      schema({ field: { maxItems: 2 } }),
      takes({ field: [apiserver, nginx, etcd] }),
      refuses({ field: [apiserver, nginx, etcd, dev] }),
      schema({ field: { maxItems: null, items: { properties: { port: { multipleOf: 2 } } } } }),
      takes({ field: [nginx, etcd, apiserver] }),
      takes({ field: [nginx, etcd, { ...apiserver, field: 'changed' }, dev] }),
    ],
  },
  'but not elements by their place': {
    properties: { values: listOf(mapOf(text)), other: text },
    steps: [
      takes({
        values: [
          { name: '1', key: 'value' },
          { name: '2', key: 'value' },
        ],
      }),
      schema({ values: { items: { additionalProperties: { minLength: 6 } } } }),
      refuses({
        values: [
          { name: '1', key: 'value' },
          { name: '2', key: 'bad' },
        ],
      }),
      takes({
        values: [
          { name: '1', key: 'value' },
          { name: '2', key: 'value' },
        ],
        other: 'hello',
      }),
      refuses({
        values: [
          { name: '1', key: 'value' },
          { name: '2', key: 'value', key2: 'valid value' },
        ],
      }),
      refuses({
        values: [
          { name: '2', key: 'value' },
          { name: '1', key: 'value' },
        ],
      }),
    ],
  },
  'nor what rules say of a change': {
    notOfStatus: true,
    properties: {
      field: {
        ...text,
        'x-kubernetes-validations': [{ rule: '!oldSelf.hasValue()', optionalOldSelf: true }],
      },
    },
    steps: [takes({ field: 'value' }), refuses({ field: 'value2' }), refuses({ field: 'value' })],
  },
  'nor that of one with another state': {
    notOfStatus: true,
    properties: { mine: text, other: text },
    steps: [
      takes({ mine: 'before', other: 'x' }),
      schema({ mine: { 'x-kubernetes-validations': [{ rule: "oldSelf != 'before' || self == 'valid'" }] } }),
      refuses({ mine: 'before', other: 'y' }),
      takes({ mine: 'valid', other: 'y' }),
    ],
  },
  'rules on what stays': {
    properties: { field: mapOf({ type: 'object', properties: { text, int: whole, more: whole } }) },
    steps: [
      takes({ field: { one: { text: 'a string', int: 5 }, two: { text: 'another', int: 15 } } }),
      schema({
        field: { additionalProperties: { properties: { text: { 'x-kubernetes-validations': prefixed } } } },
      }),
      takes({
        field: {
          one: { text: 'a string', int: 5 },
          two: { text: 'another', int: 15 },
          four: { text: 'k8s third string', int: 7 },
        },
      }),
      takes({ field: { one: { text: 'a string', int: 15 }, two: { text: 'another', int: 10, more: 20 } } }),
      refuses({ field: { one: { text: 'a string', int: 15 }, two: { text: 'a changed string' } } }),
      refuses({ field: { one: { text: 'another' }, two: { text: 'a string' } } }),
      takes({ field: { one: { text: 'k8s a stringy' }, two: { text: 'another' } } }),
    ],
  },
};

async function play({ properties, steps }: Story, part: 'status' | undefined): Promise<void> {
  const { define, api } = await createCustomCluster();
  const whole = part ? { status: { type: 'object', properties } } : properties;
  const definition = widgets({ v1: { properties: whole, ...(part && { subresources: { status: {} } }) } });
  const { v1 } = await define(definition);
  const named = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } };
  if (part) await api.object('create', v1!, { body: named });
  for (const [i, { schema: change, put, isRefused = false }] of steps.entries()) {
    if (change) {
      const { metadata } = definition;
      const now = await api.object('get', customresourcedefinitions, { name: metadata.name as string });
      const body = structuredClone(now);
      const inner = part ? { status: { properties: change } } : change;
      const [version] = body.spec.versions;
      if (version?.schema) merge(version.schema.openAPIV3Schema as Fields, { properties: inner });
      await api.object('update', customresourcedefinitions, { name: metadata.name as string, body });
      continue;
    }
    const applied = api.object('patch', v1!, {
      name: 'a',
      subresource: part ?? '',
      body: { ...named, ...(part ? { status: put } : put) },
      mediaType: 'application/apply-patch+yaml',
      query: { fieldManager: 'm' },
    });
    const outcome = await applied.then(
      () => false,
      (error: { code: number }) => error.code,
    );
    expect([i, outcome]).toEqual([i, isRefused ? 422 : false]);
  }
}

function merge(target: Fields, change: Fields): void {
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete target[key];
    else if (typeof value === 'object' && !Array.isArray(value) && typeof target[key] === 'object')
      merge(target[key] as Fields, value as Fields);
    else target[key] = value;
  }
}

describe('what stays as it was may break newer rules', () => {
  test.each(Object.entries(stories))('of an object: %s', (_, story) => play(story, undefined));

  test.each(Object.entries(stories).filter(([, { notOfStatus }]) => !notOfStatus))(
    'of a status: %s',
    (_, story) => play(story, 'status'),
  );
});
