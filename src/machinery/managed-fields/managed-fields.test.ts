import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { clone } from '../clone.ts';
import { StatusError } from '../status-error.ts';
import { type ApplyWrite, applyManaged } from './apply.ts';
import { conflictError } from './conflict.ts';
import { compare } from './compare.ts';
import { createdFields } from './created-fields.ts';
import {
  difference,
  equalSets,
  type FieldSet,
  intersection,
  leaf,
  pathsOf,
  readFieldSet,
  recursiveDifference,
  sorted,
  union,
} from './field-set.ts';
import { shapeOfJsonSchema, shapeWithoutSchema } from './json-schema-shape.ts';
import { Changes, withoutIdentity, written } from './ownership.ts';
import { printPath } from './path-element.ts';
import { type MapShape, shapeOfType } from './shape.ts';
import { updateManagedFields } from './update.ts';

type Json = Record<string, unknown>;

const shape = shapeOfType('io.k8s.api.apps.v1.Deployment');
const context = { shape, apiVersion: 'apps/v1' };
const start = Date.UTC(2026, 0, 2, 3, 4, 5);
const at = (seconds: number) => `2026-01-02T03:04:${String(5 + seconds).padStart(2, '0')}Z`;

interface Stored extends Json {
  metadata: Json & { managedFields?: ManagedFieldsEntry[] };
}

const deployment = (spec: Json, metadata: Json = {}): Stored => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec,
});

const podSpec = (...containers: Json[]) => ({ template: { spec: { containers } } });

/** Writes an object the way the API server does. */
function write(
  live: Stored | undefined,
  next: Stored,
  manager: string,
  more: { seconds?: number; subresource?: string } = {},
): Stored {
  const managedFields = updateManagedFields(context, {
    live,
    next,
    manager,
    timeMs: start + (more.seconds ?? 0) * 1000,
    ...(more.subresource && { subresource: more.subresource }),
  });
  return { ...next, metadata: { ...next.metadata, managedFields } } as Stored;
}

function apply(live: Stored | undefined, applied: Json, manager: string, more: Partial<ApplyWrite> = {}) {
  return applyManaged({ ...context, live, applied, manager, force: false, timeMs: start, ...more });
}

/** Applies, and gives the object as it is stored. */
function applied(
  live: Stored | undefined,
  config: Json,
  manager: string,
  more: Partial<ApplyWrite> = {},
): Stored {
  const result = apply(live, config, manager, more);
  if (!result.object) throw conflictError(result.conflicts);
  return {
    ...result.object,
    metadata: { ...(result.object.metadata as Json), managedFields: result.managedFields },
  } as Stored;
}

const fieldsOf = (object: Stored, manager: string) =>
  object.metadata.managedFields?.find((e) => e.manager === manager)?.fieldsV1 as FieldSet | undefined;
const owned = (object: Stored, manager: string) => pathsOf(fieldsOf(object, manager)).map(printPath);

describe('the fields of an update', () => {
  test('a created deployment, as upstream records it', () => {
    const next = deployment(
      {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [{ name: 'nginx', image: 'nginx', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
            dnsPolicy: 'ClusterFirst',
          },
        },
      },
      { labels: { app: 'web' }, uid: 'u', creationTimestamp: at(0), resourceVersion: '', generation: 1 },
    );
    const [entry] = write(undefined, next, 'kubectl-create').metadata.managedFields ?? [];
    expect(entry).toEqual({
      manager: 'kubectl-create',
      operation: 'Update',
      apiVersion: 'apps/v1',
      time: at(0),
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        'f:spec': {
          'f:replicas': {},
          'f:selector': {},
          'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
          'f:template': {
            'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
            'f:spec': {
              'f:containers': {
                'k:{"name":"nginx"}': {
                  '.': {},
                  'f:image': {},
                  'f:name': {},
                  'f:ports': {
                    '.': {},
                    'k:{"containerPort":80,"protocol":"TCP"}': {
                      '.': {},
                      'f:containerPort': {},
                      'f:protocol': {},
                    },
                  },
                  'f:resources': {},
                },
              },
              'f:dnsPolicy': {},
            },
          },
        },
      },
    });
    expect(Object.keys(entry ?? {})).toEqual([
      'manager',
      'operation',
      'apiVersion',
      'time',
      'fieldsType',
      'fieldsV1',
    ]);
  });

  test('who changes a field takes it from who owned it', () => {
    const first = write(undefined, deployment({ replicas: 1, paused: true }), 'a');
    const second = write(first, deployment({ replicas: 2, paused: true }), 'b', { seconds: 1 });
    expect(owned(second, 'a')).toEqual(['.spec.paused']);
    expect(owned(second, 'b')).toEqual(['.spec.replicas']);
    expect(second.metadata.managedFields?.map((e) => e.time)).toEqual([at(0), at(1)]);
  });

  test('a field that goes is nobody’s, and who owns nothing goes too', () => {
    const first = write(undefined, deployment({ replicas: 1, paused: true }), 'a');
    const second = write(write(first, deployment({ replicas: 1 }), 'b'), deployment({}), 'b');
    expect(second.metadata.managedFields).toBeUndefined();
  });

  test('what a manager wrote before stays its own; nothing new leaves the time alone', () => {
    const first = write(undefined, deployment({ replicas: 1 }), 'a');
    const second = write(first, deployment({ replicas: 1, paused: true }), 'a', { seconds: 1 });
    expect(owned(second, 'a')).toEqual(['.spec.paused', '.spec.replicas']);
    const third = write(second, deployment({ replicas: 1, paused: true }), 'a', { seconds: 2 });
    expect(third.metadata.managedFields).toEqual(second.metadata.managedFields);
  });

  test('subresources are kept apart', () => {
    const first = write(undefined, deployment({ replicas: 1 }), 'a');
    const next = { ...deployment({ replicas: 1 }), status: { observedGeneration: 1 } };
    const second = write(first, next, 'a', { subresource: 'status' });
    expect(second.metadata.managedFields?.map((e) => [e.manager, e.subresource])).toEqual([
      ['a', undefined],
      ['a', 'status'],
    ]);
  });

  test('fields that are reset are nobody’s', () => {
    const next = { ...deployment({ replicas: 1 }), status: { replicas: 1 } };
    const write = { live: undefined, next, manager: 'a', timeMs: start };
    const entries = updateManagedFields({ ...context, resetFields: { 'f:status': leaf } }, write);
    expect(pathsOf(entries?.[0]?.fieldsV1 as FieldSet).map(printPath)).toEqual(['.spec.replicas']);
  });

  test('the oldest of too many managers are thrown together', () => {
    let object = write(undefined, deployment({}), 'm');
    for (let i = 0; i < 12; i++) {
      const annotations = { ...(object.metadata.annotations as Json), [`a${i}`]: '' };
      object = write(i === 0 ? undefined : object, deployment({}, { annotations }), `m${i}`, { seconds: i });
    }
    const entries = object.metadata.managedFields ?? [];
    expect(entries.length).toBe(10);
    expect(entries[0]?.manager).toBe('ancient-changes');
    expect(owned(object, 'ancient-changes').length).toBe(4);
  });

  test('an object without managed fields stays so; one written empty resets them', () => {
    const live = deployment({ replicas: 1 }, { uid: 'u' });
    expect(write(live, deployment({ replicas: 2 }), 'a').metadata.managedFields).toBeUndefined();
    const tracked = write(undefined, deployment({ replicas: 1 }), 'a');
    const reset = deployment({ replicas: 1 }, { managedFields: [{}] });
    expect(write(tracked, reset, 'b').metadata.managedFields).toBeUndefined();
    const nonsense = deployment({ replicas: 1 }, { managedFields: [{ manager: 'x', operation: 'Dance' }] });
    expect(owned(write(tracked, nonsense, 'b'), 'a')).toEqual(['.spec.replicas']);
  });

  test('a list that stays as it is is not taken apart, however long it is', () => {
    let looks = 0;
    const item: MapShape = { kind: 'map', present: [], field: () => (looks++, undefined) };
    const env = { shape: { kind: 'list', keys: ['name'], items: item }, element: 'f:env' } as const;
    const holder: MapShape = {
      kind: 'map',
      present: [],
      field: (name) => (name === 'env' ? env : undefined),
    };
    const many = () => Array.from({ length: 1000 }, (_, i) => ({ name: `E${i}`, value: 'v' }));
    expect(compare({ env: many() }, { env: many() }, holder)).toEqual({});
    expect(looks).toBe(0);
    const { added } = compare({ env: many() }, { env: [...many(), { name: 'new' }] }, holder);
    expect(Object.keys(added?.['f:env'] ?? {})).toEqual(['k:{"name":"new"}']);
  });

  test('lists that cannot be told apart leave no managers', () => {
    const live = write(undefined, deployment({ replicas: 1 }), 'a');
    const next = deployment(podSpec({ name: 'a' }));
    (next.spec as { template: { spec: { containers: unknown[] } } }).template.spec.containers.push(null);
    expect(write(live, next, 'b').metadata.managedFields).toBeUndefined();
  });
});

describe('server-side apply', () => {
  test('creates what is not there', () => {
    const config = deployment({ replicas: 2 });
    const object = applied(undefined, config, 'me');
    expect({ ...object, metadata: { name: 'web', namespace: 'default' } }).toEqual(config);
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: at(0),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      },
    ]);
  });

  test('a conflict, in upstream’s words', () => {
    const live = write(undefined, deployment({ replicas: 1 }), 'kubectl');
    const result = apply(live, deployment({ replicas: 2 }), 'me');
    expect(result.object).toBeUndefined();
    const { status } = conflictError(result.conflicts);
    expect(status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl" using apps/v1',
            field: '.spec.replicas',
          },
        ],
      },
    });
  });

  test('several conflicts, by manager', () => {
    const first = write(
      undefined,
      deployment({ replicas: 1, ...podSpec({ name: 'c', image: 'x' }) }),
      'kubectl',
    );
    const live = write(first, { ...first, status: { replicas: 1 } }, 'kubelet', { subresource: 'status' });
    const config = {
      ...deployment({ replicas: 2, ...podSpec({ name: 'c', image: 'y' }) }),
      status: { replicas: 5 },
    };
    expect(conflictError(apply(live, config, 'me').conflicts).message).toBe(
      [
        'Apply failed with 3 conflicts: conflicts with "kubectl" using apps/v1:',
        '- .spec.replicas',
        '- .spec.template.spec.containers[name="c"].image',
        'conflicts with "kubelet" with subresource "status" using apps/v1:',
        '- .status.replicas',
      ].join('\n'),
    );
  });

  test('force takes the field', () => {
    const live = write(undefined, deployment({ replicas: 1, paused: true }), 'kubectl');
    const object = applied(live, deployment({ replicas: 2 }), 'me', { force: true });
    expect(object.spec).toEqual({ replicas: 2, paused: true });
    expect(owned(object, 'kubectl')).toEqual(['.spec.paused']);
    expect(owned(object, 'me')).toEqual(['.spec.replicas']);
  });

  test('the same value is shared, not fought over', () => {
    const live = applied(undefined, deployment({ replicas: 1 }), 'a');
    const object = applied(live, deployment({ replicas: 1 }), 'b');
    expect([owned(object, 'a'), owned(object, 'b')]).toEqual([['.spec.replicas'], ['.spec.replicas']]);
    const gone = applied(object, deployment({}), 'a');
    expect(gone.spec).toEqual({ replicas: 1 });
    expect(applied(gone, deployment({}), 'b').spec ?? {}).toEqual({});
  });

  test('what is applied no more goes, what others own stays', () => {
    const both = podSpec(
      { name: 'a', image: 'x', env: [{ name: 'E', value: '1' }] },
      { name: 'b', image: 'y' },
    );
    const first = applied(undefined, deployment({ replicas: 3, ...both }), 'me');
    const live = applied(first, deployment(podSpec({ name: 'b', workingDir: '/w' })), 'you');
    const object = applied(live, deployment(podSpec({ name: 'a', image: 'x' })), 'me');
    expect(object.spec).toEqual(podSpec({ name: 'a', image: 'x' }, { name: 'b', workingDir: '/w' }));
  });

  test('fields from before the first apply are kept, and have an owner', () => {
    const live = deployment({ replicas: 1, paused: true }, { uid: 'u' });
    const object = applied(live, deployment({ replicas: 1 }), 'me');
    expect(owned(object, 'before-first-apply')).toEqual(['.spec.paused', '.spec.replicas']);
    expect(object.spec).toEqual({ replicas: 1, paused: true });
  });

  test('elements keep the order in which they are applied, live ones woven in', () => {
    const live = write(undefined, deployment(podSpec({ name: 'a' }, { name: 'side' }, { name: 'b' })), 'x');
    const object = applied(live, deployment(podSpec({ name: 'b' }, { name: 'a' }, { name: 'new' })), 'me');
    const names = (
      object.spec as { template: { spec: { containers: { name: string }[] } } }
    ).template.spec.containers.map((c) => c.name);
    expect(names).toEqual(['side', 'b', 'a', 'new']);
  });

  test('an atomic list is one value', () => {
    const live = applied(undefined, deployment(podSpec({ name: 'a', args: ['1'] })), 'a');
    expect(
      apply(live, deployment(podSpec({ name: 'a', args: ['2'] })), 'b').conflicts.map((c) =>
        printPath(c.path),
      ),
    ).toEqual(['.spec.template.spec.containers[name="a"].args']);
  });

  test('an apply that changes nothing leaves the time alone', () => {
    const first = applied(undefined, deployment({ replicas: 1 }), 'me');
    const second = applied(first, deployment({ replicas: 1 }), 'me', { timeMs: start + 9000 });
    expect(second).toEqual(first);
  });

  test.each([
    [deployment({ replcas: 1 }), '.spec.replcas: field not declared in schema'],
    [deployment({ replicas: 'x' }), '.spec.replicas: expected numeric (int or float), got string'],
    [
      deployment(podSpec({ name: 'a' }, { name: 'a' })),
      '.spec.template.spec.containers: duplicate entries for key [name="a"]',
    ],
    [deployment({ template: [] }), '.spec.template: expected map, got &{[]}'],
  ])('%j is refused', (config, why) => {
    const message = `failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ${why}`;
    expect(() => apply(undefined, config, 'me')).toThrow(message);
  });

  test('managed fields are not to be applied', () => {
    expect(() => apply(undefined, deployment({}, { managedFields: [] }), 'me')).toThrow(
      'metadata.managedFields must be nil',
    );
  });

  test('kubectl may take what it applied from the client before, and keeps its note of it', () => {
    const note = (config: Json) => ({
      'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(config)}\n`,
    });
    const old = deployment({ replicas: 1 });
    const live = write(
      undefined,
      deployment({ replicas: 1 }, { annotations: note(old) }),
      'kubectl-client-side-apply',
    );
    const config = deployment({ replicas: 2 });
    const object = applied(live, config, 'kubectl');
    expect(object.spec).toEqual({ replicas: 2 });
    expect(object.metadata.annotations).toEqual(note(config));
    expect(apply(live, config, 'other').conflicts.length).toBe(1);
  });
});

describe('custom resources', () => {
  const custom = shapeOfJsonSchema({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          rules: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['id'],
            items: { type: 'object', properties: { id: { type: 'integer' }, v: { type: 'string' } } },
          },
          tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          whole: {
            type: 'object',
            'x-kubernetes-map-type': 'atomic',
            additionalProperties: { type: 'string' },
          },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  });
  const widget = (spec: Json): Stored => ({
    apiVersion: 'x.io/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec,
  });
  const both = { shape: custom, apiVersion: 'x.io/v1' };

  test('lists, sets and maps merge as the schema says', () => {
    const live = applied(
      undefined,
      widget({ rules: [{ id: 1, v: 'a' }], tags: ['x'], whole: { a: '1' }, free: { deep: { a: 1 } } }),
      'a',
      both,
    );
    const object = applied(
      live,
      widget({ rules: [{ id: 2, v: 'b' }], tags: ['y'], free: { deep: { b: 2 }, list: [1] } }),
      'b',
      both,
    );
    expect(object.spec).toEqual({
      rules: [
        { id: 1, v: 'a' },
        { id: 2, v: 'b' },
      ],
      tags: ['x', 'y'],
      whole: { a: '1' },
      free: { deep: { a: 1, b: 2 }, list: [1] },
    });
    expect(owned(object, 'b')).toEqual([
      '.spec.free.deep',
      '.spec.free.list',
      '.spec.free.deep.b',
      '.spec.rules[id=2]',
      '.spec.rules[id=2].id',
      '.spec.rules[id=2].v',
      '.spec.tags[="y"]',
    ]);
    expect(
      apply(object, widget({ whole: { b: '2' } }), 'b', both).conflicts.map((c) => printPath(c.path)),
    ).toEqual(['.spec.whole']);
  });

  test('without a schema objects merge and lists are replaced', () => {
    const loose = { shape: shapeWithoutSchema(), apiVersion: 'x.io/v1' };
    const live = applied(undefined, widget({ a: { b: 1 }, l: [1] }), 'a', loose);
    const object = applied(live, widget({ a: { c: 2 }, l: [2] }), 'b', { ...loose, force: true });
    expect(object.spec).toEqual({ a: { b: 1, c: 2 }, l: [2] });
  });

  test('an embedded resource has a type and metadata, whatever its schema says', () => {
    const spec = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const embedded = { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec } };
    const shape = shapeOfJsonSchema({
      type: 'object',
      properties: { spec: { type: 'object', properties: { template: embedded } } },
    });
    const template = { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: '1' } }, spec: { free: 1 } };
    const object = applied(undefined, widget({ template }), 'a', { shape, apiVersion: 'x.io/v1' });
    expect(object.spec).toEqual({ template });
    expect(owned(object, 'a')).toContain('.spec.template.metadata.labels.a');
    const odd = { ...template, metadata: { nothing: 1 } };
    expect(() =>
      applied(undefined, widget({ template: odd }), 'a', { shape, apiVersion: 'x.io/v1' }),
    ).toThrow('.spec.template.metadata.nothing: field not declared in schema');
  });

  test('who owned a part of what became one value owns it whole', () => {
    const granular = shapeOfJsonSchema({
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: { whole: { type: 'object', additionalProperties: { type: 'string' } } },
        },
      },
    });
    const live = applied(undefined, widget({ whole: { a: '1' } }), 'a', {
      shape: granular,
      apiVersion: 'x.io/v1',
    });
    const object = applied(live, widget({ tags: ['t'] }), 'b', both);
    expect(owned(object, 'a')).toEqual(['.spec.whole']);
  });

  test('managers of a version that is gone go with it', () => {
    const live = applied(undefined, widget({ tags: ['x'] }), 'a', { ...both, apiVersion: 'x.io/v0' });
    const versions = {
      shape: (version: string) => (version === 'x.io/v0' ? undefined : custom),
      convert: (object: Json) => object,
    };
    const object = applied(live, widget({ tags: ['y'] }), 'b', { ...both, versions });
    expect(object.metadata.managedFields?.map((e) => e.manager)).toEqual(['b']);
  });
});

describe('laws of sets', () => {
  const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1');
  const path = fc.array(element, { minLength: 1, maxLength: 3 });
  const setOfPath = (elements: string[]) =>
    elements.reduceRight<FieldSet>((node, e) => ({ [e]: node }), leaf);
  const root = fc
    .array(path, { maxLength: 6 })
    .map((list) => list.map(setOfPath).reduce<FieldSet | undefined>(union, undefined));
  const paths = (s: FieldSet | undefined) => new Set(pathsOf(s).map((p) => p.join('/')));

  test('union, intersection and difference are those of the sets of paths', () => {
    fc.assert(
      fc.property(root, root, (a, b) => {
        const [pa, pb] = [paths(a), paths(b)];
        expect(paths(union(a, b))).toEqual(new Set([...pa, ...pb]));
        expect(paths(intersection(a, b))).toEqual(new Set([...pa].filter((p) => pb.has(p))));
        expect(paths(difference(a, b))).toEqual(new Set([...pa].filter((p) => !pb.has(p))));
        const under = (p: string) => [...pb].some((q) => p === q || p.startsWith(`${q}/`));
        expect(paths(recursiveDifference(a, b))).toEqual(new Set([...pa].filter((p) => !under(p))));
        expect(equalSets(union(a, b), union(b, a))).toBe(true);
        // What adds nothing gives the very set, which is then not ordered and written anew.
        if (a && [...pb].every((path) => pa.has(path))) expect(union(a, b)).toBe(a);
        expect(equalSets(readFieldSet(union(a, b) ?? leaf), union(a, b) ?? leaf)).toBe(true);
      }),
    );
  });

  test('what is no set is seen', () => {
    expect(readFieldSet({ 'f:a': { '.': {} } })).toEqual({ 'f:a': { '.': {} } });
    for (const value of [null, [], { a: {} }, { 'f:a': 1 }, { 'k:x': {} }, { 'k:{x}': {} }, { 'v:{}': {} }])
      expect(readFieldSet(value)).toBeUndefined();
  });

  test('what a client wrote in another form is brought into ours', () => {
    expect(readFieldSet({ 'k:{"b": 1, "a": "<"}': {}, 'v: "x"': {}, 'i:007': {} })).toEqual({
      'k:{"a":"\\u003c","b":1}': {},
      'v:"x"': {},
      'i:7': {},
    });
  });

  test('the order of a set is that of its elements, numbers by their size', () => {
    const elements = [
      'k:{"port":443,"protocol":"TCP"}',
      'k:{"port":80,"protocol":"UDP"}',
      'k:{"port":80,"protocol":"TCP"}',
      'v:10',
      'v:9',
      'v:"a"',
      'i:10',
      'i:9',
      'f:b',
      'f:a',
    ];
    const set = Object.fromEntries(elements.map((e) => [e, leaf]));
    expect(Object.keys(sorted(set))).toEqual([
      'f:a',
      'f:b',
      'k:{"port":80,"protocol":"TCP"}',
      'k:{"port":80,"protocol":"UDP"}',
      'k:{"port":443,"protocol":"TCP"}',
      'v:9',
      'v:10',
      'v:"a"',
      'i:9',
      'i:10',
    ]);
    expect(pathsOf(set).map(([e]) => e)).toEqual(Object.keys(sorted(set)));
  });
});

describe('laws of apply', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const container = fc.record(
    {
      name,
      image: fc.constantFrom('x', 'y'),
      args: fc.array(fc.constantFrom('1', '2'), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['name'] },
  );
  const containers = fc.uniqueArray(container, { selector: (c) => c.name, minLength: 1 });
  const spec = fc.record(
    {
      replicas: fc.integer({ min: 1, max: 3 }),
      paused: fc.boolean(),
      template: containers.map((list) => podSpec(...list).template),
    },
    { requiredKeys: [] },
  );
  const labels = fc.dictionary(name, fc.constantFrom('1', '2'), { minKeys: 1 });
  const config = fc
    .record({ spec, labels: fc.option(labels, { nil: undefined }) })
    .map(({ spec: s, labels: l }) => deployment(s as Json, l && { labels: l }));

  test('what is applied is there, and applying it again changes nothing', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const before = [clone(first), clone(second)];
        const object = applied(applied(undefined, first, 'a'), second, 'b', { force: true });
        expect(applied(object, second, 'b', { timeMs: start + 5000 })).toEqual(object);
        const again = apply(object, second, 'c');
        expect(again.conflicts).toEqual([]);
        expect([first, second]).toEqual(before);
      }),
    );
  });

  test('who applies nothing any more leaves what the others applied', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const both = applied(applied(undefined, first, 'a'), second, 'b', { force: true });
        const left = applied(both, { ...deployment({}), spec: undefined }, 'a');
        const alone = applied(undefined, second, 'b');
        expect(pathsOf(fieldsOf(left, 'b'))).toEqual(pathsOf(fieldsOf(alone, 'b')));
        expect(fieldsOf(left, 'a')).toBeUndefined();
        expect(left.spec ?? {}).toEqual(sameOrder(left.spec as Json, alone.spec as Json));
      }),
    );
  });

  /** The lists of `b` in the order of those of `a`: the order of elements may tell of who is gone. */
  function sameOrder(a: Json | undefined, b: Json | undefined): Json {
    type Spec = { template?: { spec: { containers: { name: string }[] } } };
    const order = (a as Spec | undefined)?.template?.spec.containers.map((c) => c.name) ?? [];
    const copy = clone(b ?? {}) as Spec;
    copy.template?.spec.containers.sort((x, y) => order.indexOf(x.name) - order.indexOf(y.name));
    return copy as Json;
  }

  test('every field that a write changes is its writer’s, and nobody else’s', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const live = write(undefined, first, 'a');
        // An object that says nothing has no managers, and gets none later, as upstream has it.
        fc.pre(fieldsOf(live, 'a') !== undefined);
        const next = write(live, second, 'b');
        const [a, b] = [fieldsOf(next, 'a'), fieldsOf(next, 'b')];
        expect(intersection(a, b)).toBeUndefined();
        expect(equalSets(union(a, b), fieldsOf(write(undefined, second, 'c'), 'c'))).toBe(true);
      }),
    );
  });

  test('what a creator owns is the same whether it is known already or worked out anew', () => {
    const context = { apiVersion: 'apps/v1', shape: shapeOfType('io.k8s.api.apps.v1.Deployment') };
    const value = fc.oneof(fc.constantFrom(null, 1, 'a', '', true), fc.constantFrom([], {}));
    const item = fc.record({ name: fc.constantFrom('x', 'y'), image: value }, { requiredKeys: ['name'] });
    const object = fc.record(
      {
        metadata: fc.dictionary(fc.constantFrom('labels', 'annotations', 'finalizers', 'name'), value),
        spec: fc.record(
          {
            replicas: value,
            selector: value,
            template: fc.record({ spec: fc.record({ containers: fc.array(item, { maxLength: 3 }) }) }),
          },
          { requiredKeys: [] },
        ),
        status: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(object, (made) => {
        const set = withoutIdentity(written(new Changes({}, made, context).own));
        for (const again of [1, 2])
          expect(equalSets(createdFields(made, context), set), String(again)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('any object applies, or is refused', () => {
    const key = fc.constantFrom(
      'spec',
      'metadata',
      'labels',
      'template',
      'containers',
      'name',
      'replicas',
      'f',
      '__proto__',
    );
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        fc.constantFrom(null, 1, 'a', true),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 3 }),
      ),
    }));
    const live = write(undefined, deployment({ replicas: 1, ...podSpec({ name: 'a', image: 'x' }) }), 'k');
    fc.assert(
      fc.property(node, node, (s, metadata) => {
        try {
          apply(
            live,
            {
              ...deployment({}),
              spec: s,
              ...(typeof metadata === 'object' && metadata && !Array.isArray(metadata) && { metadata }),
            },
            'me',
          );
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
