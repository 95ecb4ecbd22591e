import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { deepEqual } from '../equal.ts';
import { parseYaml } from '../yaml.ts';
import { applyManaged } from './apply.ts';
import { conflictError } from './conflict.ts';
import { type FieldSet, pathsOf } from './field-set.ts';
import { shapeOfJsonSchema } from './json-schema-shape.ts';
import type { Versions } from './ownership.ts';
import { printPath } from './path-element.ts';
import type { Shape } from './shape.ts';
import { updateManagedFields } from './update.ts';

type Json = Record<string, unknown>;

/*
 * What becomes of an object and its owners as writes follow each other, told as tables: each line is who writes, how, and
 * what; then the object, and what everybody owns.
 */

const text = { type: 'string' };
const number = { type: 'number' };
const named = {
  type: 'object',
  properties: {
    name: text,
    size: number,
    tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
  },
};
const shape = shapeOfJsonSchema({
  type: 'object',
  properties: {
    word: text,
    count: number,
    set: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
    numbers: { type: 'array', items: number, 'x-kubernetes-list-type': 'set' },
    list: {
      type: 'array',
      items: named,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port', 'protocol'],
      items: {
        type: 'object',
        properties: { port: number, protocol: { ...text, default: 'TCP' }, name: text },
      },
    },
    whole: { type: 'array', items: text },
    map: { type: 'object', additionalProperties: text },
    maps: { type: 'object', additionalProperties: { type: 'object', additionalProperties: text } },
    struct: {
      type: 'object',
      properties: { a: text, b: text, deep: { type: 'object', properties: { c: text } } },
    },
    sealed: { type: 'object', properties: { a: text, b: text }, 'x-kubernetes-map-type': 'atomic' },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
});

interface Write {
  who: string;
  how: 'apply' | 'force' | 'update';
  what: Json;
  shape: Shape;
  apiVersion: string;
}

/** One line of a table: `alice apply {"a": 1}`; `v2:alice` writes in version v2. */
function parseLine(line: string, of: Shape): Write {
  const [, version, who, how, what] = /^(?:(v\d):)?(\w+) (apply|force|update) (.*)$/s.exec(
    line,
  ) as unknown as string[];
  return {
    who: who as string,
    how: how as Write['how'],
    what: (parseYaml(what as string) ?? {}) as Json,
    shape: of,
    apiVersion: version ?? 'v1',
  };
}

class Story {
  object: Json | undefined;
  entries: ManagedFieldsEntry[] | undefined;
  private readonly versions: Versions;

  constructor(versions: Partial<Versions> = {}) {
    this.versions = { shape: () => shape, convert: (object) => object, ...versions };
  }

  write({ who, how, what, shape: of, apiVersion }: Write): this {
    const live = this.object && { ...this.object, metadata: { managedFields: this.entries } };
    const context = { shape: of, apiVersion, versions: this.versions };
    const writer = { manager: who, timeMs: 0, live };
    if (how === 'update') {
      this.entries = updateManagedFields(context, { ...writer, next: what });
      this.object = what;
      return this;
    }
    const result = applyManaged({ ...context, ...writer, applied: what, force: how === 'force' });
    if (!result.object) throw conflictError(result.conflicts);
    const { metadata: _, ...object } = JSON.parse(JSON.stringify(result.object));
    this.object = object;
    this.entries = result.managedFields;
    return this;
  }

  tell(lines: readonly string[], of: Shape = shape): this {
    for (const line of lines) this.write(parseLine(line, of));
    return this;
  }

  get owners(): Record<string, string[]> {
    return Object.fromEntries(
      (this.entries ?? []).map((e) => [e.manager, pathsOf(e.fieldsV1 as FieldSet).map(printPath)]),
    );
  }
}

interface Row {
  writes: string[];
  object: Json;
  owners: Record<string, string[]>;
}

const rows: Record<string, Row> = {
  'a leaf that is applied no more goes, with its owner': {
    writes: ['a apply {word: x, count: 1}', 'a apply {count: 1}'],
    object: { count: 1 },
    owners: { a: ['.count'] },
  },
  'a leaf that somebody updated stays when its applier lets go': {
    writes: ['a apply {word: x}', 'c update {word: yy}', 'a apply {}'],
    object: { word: 'yy' },
    owners: { c: ['.word'] },
  },
  'a leaf that another applies as well stays': {
    writes: ['a apply {word: x, count: 1}', 'b apply {word: x}', 'a apply {count: 1}'],
    object: { word: 'x', count: 1 },
    owners: { a: ['.count'], b: ['.word'] },
  },
  'a leaf of two owners that one of them changes is its alone': {
    writes: ['a apply {word: x}', 'b apply {word: x}', 'b force {word: yy}'],
    object: { word: 'yy' },
    owners: { b: ['.word'] },
  },
  'null is a value that is applied': {
    writes: ['a apply {word: null}'],
    object: { word: null },
    owners: { a: ['.word'] },
  },
  'elements of a set are owned one by one': {
    writes: ['a apply {set: [x, yy]}', 'b apply {set: [yy, z]}', 'a apply {set: [x]}'],
    object: { set: ['x', 'yy', 'z'] },
    owners: { a: ['.set[="x"]'], b: ['.set[="yy"]', '.set[="z"]'] },
  },
  'the last applier of an element takes it away': {
    writes: ['a apply {set: [x, yy]}', 'b apply {set: [yy]}', 'b apply {set: []}', 'a apply {set: [x]}'],
    object: { set: ['x'] },
    owners: { a: ['.set[="x"]'] },
  },
  'a set is put in the order of who applies it, others woven in': {
    writes: ['a apply {set: [a, b, c, d]}', 'b apply {set: [d, e, a]}'],
    object: { set: ['b', 'c', 'd', 'e', 'a'] },
    owners: {
      a: ['.set[="a"]', '.set[="b"]', '.set[="c"]', '.set[="d"]'],
      b: ['.set[="a"]', '.set[="d"]', '.set[="e"]'],
    },
  },
  'numbers in a set are told apart by value and listed by size': {
    writes: ['a apply {numbers: [10, 9, 100]}'],
    object: { numbers: [10, 9, 100] },
    owners: { a: ['.numbers[=9]', '.numbers[=10]', '.numbers[=100]'] },
  },
  'an update may bring duplicates, which are owned as one': {
    writes: ['c update {set: [x, x, yy]}'],
    object: { set: ['x', 'x', 'yy'] },
    owners: { c: ['.set', '.set[="x"]', '.set[="yy"]'] },
  },
  'an apply of a duplicated element leaves one of them': {
    writes: ['c update {set: [x, yy, x]}', 'a force {set: [x]}'],
    object: { set: ['x', 'yy'] },
    owners: { a: ['.set[="x"]'], c: ['.set', '.set[="yy"]'] },
  },
  'duplicates that nobody applies stay': {
    writes: ['c update {set: [x, x]}', 'a apply {set: [yy]}'],
    object: { set: ['x', 'x', 'yy'] },
    owners: { a: ['.set[="yy"]'], c: ['.set', '.set[="x"]'] },
  },
  'an element of a list goes with its last field, if who applied it owned it all': {
    writes: ['a apply {list: [{name: p, size: 1}, {name: q}]}', 'a apply {list: [{name: q}]}'],
    object: { list: [{ name: 'q' }] },
    owners: { a: ['.list[name="q"]', '.list[name="q"].name'] },
  },
  'an element that another gave a field stays with that': {
    writes: [
      'a apply {list: [{name: p, size: 1}]}',
      'b apply {list: [{name: p, tags: [t]}]}',
      'a apply {list: []}',
    ],
    object: { list: [{ name: 'p', tags: ['t'] }] },
    owners: { b: ['.list[name="p"]', '.list[name="p"].name', '.list[name="p"].tags[="t"]'] },
  },
  'what a controller adds to an element goes with the element; the emptied place stays as null': {
    writes: ['a apply {list: [{name: p}]}', 'c update {list: [{name: p, size: 3}]}', 'a apply {list: []}'],
    object: { list: null },
    owners: {},
  },
  'keys have defaults: the same element whether the default is written or not': {
    writes: ['a apply {ports: [{port: 80}]}', 'b apply {ports: [{port: 80, protocol: TCP, name: web}]}'],
    object: { ports: [{ port: 80, protocol: 'TCP', name: 'web' }] },
    owners: {
      a: ['.ports[port=80,protocol="TCP"]', '.ports[port=80,protocol="TCP"].port'],
      b: [
        '.ports[port=80,protocol="TCP"]',
        '.ports[port=80,protocol="TCP"].name',
        '.ports[port=80,protocol="TCP"].port',
        '.ports[port=80,protocol="TCP"].protocol',
      ],
    },
  },
  'keys that differ in one are two elements': {
    writes: [
      'a apply {ports: [{port: 53}, {port: 53, protocol: UDP}]}',
      'a apply {ports: [{port: 53, protocol: UDP}]}',
    ],
    object: { ports: [{ port: 53, protocol: 'UDP' }] },
    owners: {
      a: [
        '.ports[port=53,protocol="UDP"]',
        '.ports[port=53,protocol="UDP"].port',
        '.ports[port=53,protocol="UDP"].protocol',
      ],
    },
  },
  'a list of one piece is taken whole': {
    writes: ['a apply {whole: [x, yy]}', 'b force {whole: [z]}'],
    object: { whole: ['z'] },
    owners: { b: ['.whole'] },
  },
  'a map of one piece is taken whole, and goes whole': {
    writes: ['a apply {sealed: {a: x, b: yy}}', 'b force {sealed: {a: z}}', 'b apply {}'],
    object: {},
    owners: {},
  },
  'keys of a map are owned one by one, the map by nobody': {
    writes: ['a apply {map: {x: "1"}}', 'b apply {map: {yy: "2"}}', 'a apply {}'],
    object: { map: { yy: '2' } },
    owners: { b: ['.map.yy'] },
  },
  'a map that was applied empty is owned itself': {
    writes: ['a apply {map: {}}'],
    object: { map: {} },
    owners: { a: ['.map'] },
  },
  'maps in maps: the inner map is owned too, and outlives what it held': {
    writes: ['a apply {maps: {m: {x: "1"}}}', 'b apply {maps: {m: {yy: "2"}}}', 'a apply {maps: {m: {}}}'],
    object: { maps: { m: { yy: '2' } } },
    owners: { a: ['.maps.m'], b: ['.maps.m', '.maps.m.yy'] },
  },
  'fields of a struct go one by one, and the struct with the last of them': {
    writes: ['a apply {struct: {a: x, deep: {c: yy}}}', 'a apply {struct: {a: x}}'],
    object: { struct: { a: 'x' } },
    owners: { a: ['.struct.a'] },
  },
  'where only a part of a struct is known to go, an emptied place stays': {
    writes: [
      'c update {struct: {a: x}}',
      'a force {struct: {a: yy}}',
      'c update {struct: {a: yy, b: z}}',
      'a apply {}',
    ],
    object: { struct: { b: 'z' } },
    owners: { c: ['.struct', '.struct.b'] },
  },
  'nothing is known of a field: objects merge, all else is replaced': {
    writes: ['a apply {free: {m: {x: 1}, l: [1, 2]}}', 'b force {free: {m: {yy: 2}, l: [3]}}'],
    object: { free: { m: { x: 1, yy: 2 }, l: [3] } },
    owners: { a: ['.free.m', '.free.m.x'], b: ['.free.l', '.free.m', '.free.m.yy'] },
  },
  'nothing is known of a field: an object gives way to a scalar, and its fields to nobody': {
    writes: ['a apply {free: {v: {x: 1}}}', 'b force {free: {v: 7}}'],
    object: { free: { v: 7 } },
    owners: { b: ['.free.v'] },
  },
  'nothing is known of a field: a scalar gives way to an object': {
    writes: ['a apply {free: {v: 7}}', 'b force {free: {v: {x: 1}}}'],
    object: { free: { v: { x: 1 } } },
    owners: { b: ['.free.v', '.free.v.x'] },
  },
  'who updates what it applies is two owners': {
    writes: ['a apply {word: x}', 'a update {word: x, count: 1}'],
    object: { word: 'x', count: 1 },
    owners: { a: ['.count'] },
  },
};

describe('a story of writes', () => {
  test.each(Object.entries(rows))('%s', (_, { writes, object, owners }) => {
    const story = new Story().tell(writes);
    expect(story.object).toEqual(object);
    expect(story.owners).toEqual(owners);
  });
});

describe('conflicts', () => {
  const conflicts: [name: string, writes: string[], message: string][] = [
    [
      'of a leaf',
      ['a apply {word: x}', 'b apply {word: yy}'],
      'Apply failed with 1 conflict: conflict with "a": .word',
    ],
    [
      'of a list of one piece',
      ['a apply {whole: [x]}', 'b apply {whole: [x, yy]}'],
      'Apply failed with 1 conflict: conflict with "a": .whole',
    ],
    [
      'with who updated',
      ['a apply {word: x, count: 1}', 'c update {word: yy, count: 2}', 'a apply {word: x, count: 1}'],
      'Apply failed with 2 conflicts: conflicts with "c" using v1:\n- .count\n- .word',
    ],
    [
      'elements come in the order of their keys, numbers by their size',
      [
        'a apply {ports: [{port: 443, name: x}, {port: 80, name: yy}]}',
        'b apply {ports: [{port: 443, name: p}, {port: 80, name: q}]}',
      ],
      'Apply failed with 2 conflicts: conflicts with "a":\n- .ports[port=80,protocol="TCP"].name\n- .ports[port=443,protocol="TCP"].name',
    ],
  ];
  test.each(conflicts)('%s', (_, writes, message) => {
    expect(() => new Story().tell(writes)).toThrow(message);
  });

  test('there is none over what both want the same, nor over what nobody owns', () => {
    const story = new Story().tell(['a apply {word: x, map: {k: "1"}}', 'b apply {word: x, map: {l: "2"}}']);
    expect(story.object).toEqual({ word: 'x', map: { k: '1', l: '2' } });
  });
});

describe('what does not fit is refused', () => {
  test.each([
    ['{nope: 1}', '.nope: field not declared in schema'],
    ['{set: [a, a]}', '.set: duplicate entries for key [="a"]'],
    ['{list: [{name: a}, {name: a}]}', '.list: duplicate entries for key [name="a"]'],
    [
      '{list: [{size: 1}]}',
      '.list: element 0: associative list with keys has an element that omits all key fields ["name"]',
    ],
    ['{list: [a]}', '.list: element 0: associative list with keys may not have non-map elements'],
    [
      '{set: [null]}',
      ".set: element 0: associative list without keys has an element that's an explicit null",
    ],
    ['{word: 1}', '.word: expected string, got &{1}'],
    ['{map: [1]}', '.map: expected map, got &{[1]}'],
  ])('%s', (what, message) => {
    expect(() => new Story().tell([`a apply ${what}`])).toThrow(message);
  });
});

describe('versions', () => {
  const renamed = (from: string, to: string) =>
    shapeOfJsonSchema({ type: 'object', properties: { [`word${to || from}`]: text, count: number } });
  const shapes: Record<string, Shape> = { v1: renamed('', 'V1'), v2: renamed('', 'V2') };
  const convert: Versions['convert'] = (object, from, to) => {
    const suffix = (v: string) => v.toUpperCase();
    const entries = Object.entries(object).map(([k, v]) => [k.replace(suffix(from), suffix(to)), v]);
    return Object.fromEntries(entries);
  };
  const story = () => new Story({ shape: (version) => shapes[version], convert });
  const write = (s: Story, line: string, version: string) =>
    s.write({ ...parseLine(line, shapes[version] as Shape), apiVersion: version });

  test('what is applied in one version is let go in another', () => {
    const s = story();
    write(s, 'a apply {wordV1: x, count: 1}', 'v1');
    s.object = convert(s.object as Json, 'v1', 'v2');
    write(s, 'a apply {count: 1}', 'v2');
    expect(s.object).toEqual({ count: 1 });
    expect(s.owners).toEqual({ a: ['.count'] });
  });

  test('what another owns in its own version is kept', () => {
    const s = story();
    write(s, 'a apply {wordV1: x, count: 1}', 'v1');
    s.object = convert(s.object as Json, 'v1', 'v2');
    write(s, 'b apply {wordV2: x}', 'v2');
    s.object = convert(s.object as Json, 'v2', 'v1');
    write(s, 'a apply {count: 1}', 'v1');
    expect(s.object).toEqual({ wordV1: 'x', count: 1 });
    expect(s.owners).toEqual({ a: ['.count'], b: ['.wordV2'] });
  });

  test('conflicts are seen across versions', () => {
    const s = story();
    write(s, 'a apply {wordV1: x}', 'v1');
    s.object = convert(s.object as Json, 'v1', 'v2');
    expect(() => write(s, 'b apply {wordV2: yy}', 'v2')).toThrow(
      'Apply failed with 1 conflict: conflict with "a": .wordV1',
    );
  });

  test('of a version that is gone nothing is taken away', () => {
    const s = story();
    write(s, 'a apply {wordV1: x}', 'v1');
    s.entries = s.entries?.map((entry) => ({ ...entry, apiVersion: 'v0' }));
    write(s, 'a apply {count: 1}', 'v1');
    expect(s.object).toEqual({ wordV1: 'x', count: 1 });
    expect(s.owners).toEqual({ a: ['.count'] });
  });
});

describe('a schema that changes', () => {
  const of = (more: Json) =>
    shapeOfJsonSchema({
      type: 'object',
      properties: { word: text, it: { type: 'object', properties: { a: text, b: text }, ...more } },
    });
  const granular = of({});
  const atomic = of({ 'x-kubernetes-map-type': 'atomic' });
  const toAtomic = () => new Story({ shape: () => atomic });

  test('from parts to one piece: who owned a part owns all, on update and apply alike', () => {
    const story = toAtomic().tell(['a apply {it: {a: x}}', 'b apply {it: {b: yy}}'], granular);
    expect(story.owners).toEqual({ a: ['.it.a'], b: ['.it.b'] });
    const updated = toAtomic();
    Object.assign(updated, { object: story.object, entries: story.entries });
    updated.tell(['c update {it: {a: x, b: yy}, word: z}'], atomic);
    expect(updated.owners).toEqual({ a: ['.it'], b: ['.it'], c: ['.word'] });
    story.tell(['a force {it: {a: z}}'], atomic);
    expect(story.object).toEqual({ it: { a: 'z' } });
    expect(story.owners).toEqual({ a: ['.it'] });
  });

  test('from one piece to parts: who owned it owns what it applies', () => {
    const story = new Story({ shape: () => granular });
    story.tell(['a apply {it: {a: x, b: yy}}'], atomic).tell(['b force {it: {b: z}}'], granular);
    expect(story.object).toEqual({ it: { a: 'x', b: 'z' } });
    expect(story.owners.b).toEqual(['.it.b']);
  });
});

describe('laws', () => {
  const key = fc.constantFrom('k', 'l', 'm');
  const strings = fc.dictionary(key, fc.constantFrom('1', '2'), { maxKeys: 3 });
  /** A configuration that has nothing in common with one of another prefix, and always says something. */
  const part = (prefix: string) => {
    const own = key.map((k) => prefix + k);
    const map = fc.dictionary(own, fc.constantFrom('1', '2')).map((more) => ({ [prefix]: '1', ...more }));
    const set = fc.uniqueArray(own, { minLength: 1 });
    const list = fc.uniqueArray(own, { minLength: 1 }).map((names) => names.map((name) => ({ name })));
    return fc.record({ map, set, list }, { requiredKeys: ['map'] });
  };
  const config = fc.record(
    {
      word: fc.constantFrom('x', 'yy', null),
      map: strings,
      set: fc.uniqueArray(key),
      list: fc.uniqueArray(key).map((keys) => keys.map((name) => ({ name, size: 1 }))),
      whole: fc.array(key),
      struct: fc.record({ a: key, deep: fc.record({ c: key }) }, { requiredKeys: [] }),
      free: fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })),
    },
    { requiredKeys: [] },
  );
  const line = (who: string, how: Write['how'], what: Json): Write => ({
    who,
    how,
    what,
    shape,
    apiVersion: 'v1',
  });
  const settled = (story: Story) => ({ object: story.object, owners: story.owners });

  test('applying twice is applying once', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const story = new Story().write(line('a', 'apply', first)).write(line('b', 'force', second));
        const before = settled(story);
        expect(settled(story.write(line('b', 'force', second)))).toEqual(before);
      }),
    );
  });

  test('the order of managers who have nothing in common does not matter, but for the order of lists', () => {
    const bySize = (v: unknown) => JSON.stringify(v);
    const unordered = (o: Json | undefined) =>
      Object.fromEntries(
        Object.entries(o ?? {})
          .map(([k, v]) => [k, Array.isArray(v) ? v.map(bySize).sort() : v] as const)
          .filter(([, v]) => !(Array.isArray(v) && v.length === 0)),
      );
    fc.assert(
      fc.property(part('a'), part('b'), (a, b) => {
        const one = new Story().write(line('a', 'apply', a)).write(line('b', 'apply', b));
        const other = new Story().write(line('b', 'apply', b)).write(line('a', 'apply', a));
        expect(deepEqual(unordered(one.object), unordered(other.object))).toBe(true);
        expect(one.owners).toEqual(other.owners);
      }),
    );
  });

  test('what an applier owns is what it applied, whatever was there', () => {
    fc.assert(
      fc.property(config, config, (live, applied) => {
        const over = new Story().write(line('c', 'update', live)).write(line('a', 'force', applied));
        const alone = new Story().write(line('a', 'force', applied));
        expect(over.owners.a).toEqual(alone.owners.a);
      }),
    );
  });

  test('three ways: what its manager drops goes, what others have stays', () => {
    fc.assert(
      fc.property(part('a'), part('b'), part('a'), (before, others, after) => {
        const story = new Story()
          .write(line('a', 'apply', before))
          .write(line('b', 'apply', others))
          .write(line('a', 'apply', after));
        const direct = new Story().write(line('b', 'apply', others)).write(line('a', 'apply', after));
        expect(story.owners).toEqual(direct.owners);
      }),
    );
  });
});
