import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clone } from './clone.ts';
import { deepEqual } from './equal.ts';
import { applyJsonPatch, operationTypeError, unknownOperationFields } from './json-patch.ts';
import { applyMergePatch, createMergePatch } from './merge-patch.ts';
import { StatusError } from './status-error.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

type Json = Record<string, unknown>;

const codeOf = (run: () => unknown): number => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    return (error as StatusError).code;
  }
  return 200;
};

describe('JSON patch', () => {
  const object = { a: { b: [1, 2, 3] }, 'x/y': 1, constructor: 'c' };
  test.each([
    [[{ op: 'add', path: '/a/c', value: 1 }], { a: { b: [1, 2, 3], c: 1 }, 'x/y': 1, constructor: 'c' }],
    [[{ op: 'add', path: '/a/b/-', value: 4 }], { ...object, a: { b: [1, 2, 3, 4] } }],
    [[{ op: 'add', path: '/a/b/1', value: 9 }], { ...object, a: { b: [1, 9, 2, 3] } }],
    [[{ op: 'remove', path: '/a/b/-1' }], { ...object, a: { b: [1, 2] } }],
    [[{ op: 'remove', path: '/x~1y' }], { a: { b: [1, 2, 3] }, constructor: 'c' }],
    [[{ op: 'replace', path: '/constructor', value: null }], { ...object, constructor: null }],
    [[{ op: 'move', from: '/a/b/0', path: '/a/b/2' }], { ...object, a: { b: [2, 3, 1] } }],
    [[{ op: 'copy', from: '/a', path: '/z' }], { ...object, z: { b: [1, 2, 3] } }],
    [[{ op: 'test', path: '/a', value: { b: [1, 2, 3] } }], object],
    [[{ op: 'test', path: '/nope', value: null }], object],
    [[{ op: 'test', path: '', value: object }], object],
    [[{ op: 'replace', path: '/nope', value: 1 }], { ...object, nope: 1 }],
    [[{ op: 'copy', from: '/nope', path: '/z' }], { ...object, z: null }],
    [[{ op: 'replace', path: '', value: { n: 1 } }], { n: 1 }],
    [[{ op: 'replace', path: '', value: [1] }], [1]],
    [[{ op: 'remove', path: 'ignored/a' }], { 'x/y': 1, constructor: 'c' }],
  ])('%j', (patch, wanted) => expect(applyJsonPatch(object, patch)).toEqual(wanted));

  test.each([
    [[{ op: 'add', path: '', value: {} }], 422],
    [[{ op: 'add', path: '/toString/x', value: 1 }], 422],
    [[{ op: 'add', path: '/__proto__/x', value: 1 }], 422],
    [[{ op: 'remove', path: '/nope' }], 422],
    [[{ op: 'remove', path: 'a' }], 422],
    [[{ op: 'replace', path: '/a/b/3', value: 1 }], 422],
    [[{ op: 'replace', path: '/nope/a', value: 1 }], 422],
    [[{ op: 'replace', path: '', value: null }], 422],
    [[{ op: 'replace', path: '', value: 'a' }], 422],
    [[{ op: 'move', from: '/nope', path: '/z' }], 422],
    [[{ op: 'copy', from: '/a/b/3', path: '/z' }], 422],
    [[{ op: 'test', path: '/a/b/3', value: null }], 422],
    [[{ op: 'test', path: '', value: {} }], 422],
    [[{ op: 'test', path: '/a/b/0', value: 2 }], 422],
    [[{ op: 'add', path: '/a/b/9', value: 2 }], 422],
    [[{ op: 'dance', path: '/a' }], 422],
    [[{ op: 'move', from: '/a', path: '/a/b/c' }], 422],
    [[null], 422],
    [{ op: 'add' }, 400],
    [[1], 400],
  ])('is refused: %j', (patch, code) => expect(codeOf(() => applyJsonPatch(object, patch))).toBe(code));

  test('too many operations, or copies that double and double, are refused', () => {
    const many = (operation: Json, count: number) =>
      codeOf(() => applyJsonPatch(object, Array(count).fill(operation)));
    expect(many({ op: 'test', path: '/nope' }, 10_001)).toBe(413);
    expect(many({ op: 'copy', from: '/a/b', path: '/a/b/-' }, 5)).toBe(200);
    expect(many({ op: 'copy', from: '/a/b', path: '/a/b/-' }, 40)).toBe(422);
  });

  test('what a strict reader takes for no patch', () => {
    expect(operationTypeError(null)).toBeUndefined();
    expect(operationTypeError([{ op: 'test', path: '/a', from: null, value: 1 }, null])).toBeUndefined();
    const go = 'json: cannot unmarshal';
    expect(operationTypeError({})).toBe(`${go} object into Go value of type []handlers.jsonPatchOp`);
    expect(operationTypeError(['a'])).toBe(`${go} string into Go value of type handlers.jsonPatchOp`);
    expect(operationTypeError([{ op: 1 }])).toBe(
      `${go} number into Go struct field jsonPatchOp.op of type string`,
    );
    expect(applyJsonPatch(object, null)).toEqual(object);
  });

  test('leaves what it was given alone, and no prototype changes', () => {
    const before = clone(object);
    applyJsonPatch(object, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    applyJsonPatch(object, [{ op: 'remove', path: '/a/b' }]);
    expect(object).toEqual(before);
    expect(({} as Json).polluted).toBeUndefined();
  });

  test('fields that mean nothing are named', () => {
    expect(unknownOperationFields([{ op: 'test', path: '/a', valeu: 1 }])).toEqual(['[0].valeu']);
  });

  test('any patch applies or is a StatusError', () => {
    const pointer = fc
      .array(fc.constantFrom('a', 'b', '0', '-', '__proto__', 'constructor', '~1'), { maxLength: 4 })
      .map((p) => p.map((t) => `/${t}`).join(''));
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: pointer,
      from: pointer,
      value: fc.jsonValue(),
    });
    fc.assert(fc.property(fc.array(operation), (patch) => void codeOf(() => applyJsonPatch(object, patch))));
  });
});

test('no patches, one after the other, make an object so deep that the stack ends', () => {
  const deep = (count: number): unknown => JSON.parse(`${'{"a":'.repeat(count)}1${'}'.repeat(count)}`);
  const path = '/a'.repeat(400);
  const add = (count: number) => applyJsonPatch(deep(400), [{ op: 'add', path, value: deep(count) }]);
  expect(codeOf(() => add(90))).toBe(200);
  expect(codeOf(() => add(110))).toBe(400);
  const copies = Array.from({ length: 12 }, () => ({ op: 'copy', from: '/a', path }));
  expect(codeOf(() => applyJsonPatch(deep(400), copies))).toBe(400);
});

test('no patch nests so deep that the stack ends', () => {
  const deep = JSON.parse(`${'{"spec":'.repeat(100_000)}1${'}'.repeat(100_000)}`) as Json;
  expect(codeOf(() => applyMergePatch({}, deep))).toBe(400);
  expect(codeOf(() => applyMergePatch({}, [deep]))).toBe(400);
  expect(codeOf(() => applyStrategicMergePatch({}, deep, 'io.k8s.api.core.v1.Pod'))).toBe(400);
  expect(codeOf(() => applyJsonPatch({}, [{ op: 'add', path: '/a', value: deep }]))).toBe(400);
});

describe('merge patch', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const withoutNull = (v: unknown): unknown => {
    if (Array.isArray(v)) return v.map(withoutNull);
    if (typeof v !== 'object' || v === null) return v;
    return Object.fromEntries(
      Object.entries(v)
        .filter(([, x]) => x !== null)
        .map(([k, x]) => [k, withoutNull(x)]),
    );
  };
  const prunedLists = (v: unknown): unknown => {
    if (Array.isArray(v)) return withoutNull(v);
    if (typeof v !== 'object' || v === null) return v;
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, prunedLists(x)]));
  };
  const object = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), value)
    .map((v) => prunedLists(v) as Json);

  test('the cases of RFC 7386', () => {
    expect(applyMergePatch({ a: 'b', c: { d: 'e', f: 'g' } }, { a: 'z', c: { f: null } })).toEqual({
      a: 'z',
      c: { d: 'e' },
    });
    expect(applyMergePatch({ a: [{ b: 'c' }] }, { a: [1] })).toEqual({ a: [1] });
    expect(applyMergePatch({ a: { b: 'c' } }, { a: { b: 'd', c: null } })).toEqual({ a: { b: 'd' } });
    expect(applyMergePatch({}, { a: { bb: { ccc: null } } })).toEqual({ a: { bb: {} } });
    expect(applyMergePatch({}, [1])).toEqual([1]);
    expect(codeOf(() => applyMergePatch({}, null))).toBe(400);
    expect(codeOf(() => applyMergePatch({}, 1))).toBe(400);
  });

  test.each([
    [{}, [{}, null]],
    [{ a: null }, [{}, null]],
    [{ a: [{ n: 1 }] }, [{}, null]],
    [{ a: { n: 1 } }, [{ n: null }, null]],
  ])(
    'nulls of the objects in a list are left out unless it takes the place of an object: %j',
    (object, a) => {
      expect(applyMergePatch(object, { a: [{ n: null }, null] })).toEqual({ a });
    },
  );

  test('twice is once', () => {
    fc.assert(
      fc.property(object, object, (o, p) => {
        const once = applyMergePatch(o, p);
        expect(deepEqual(applyMergePatch(once as Json, p), once)).toBe(true);
      }),
    );
  });

  test('the patch from one object to another makes the other of it', () => {
    fc.assert(
      fc.property(object.map(withoutNull), object.map(withoutNull), (from, to) => {
        const patch = createMergePatch(from as Json, to as Json);
        expect(deepEqual(applyMergePatch(from as Json, patch), to)).toBe(true);
      }),
    );
    expect(createMergePatch({ a: { b: 1 } }, { a: { b: 1 } })).toEqual({});
  });
});

describe('strategic merge patch', () => {
  const pod = 'io.k8s.api.core.v1.Pod';
  const apply = (spec: Json, patch: Json) =>
    (applyStrategicMergePatch({ spec }, { spec: patch }, pod) as { spec: Json }).spec;
  const containers = (...list: Json[]) => ({ containers: list });

  test('lists with a merge key merge by it', () => {
    expect(
      apply(
        containers({ name: 'a', image: 'x' }, { name: 'b' }),
        containers({ name: 'b', image: 'y' }, { name: 'c' }),
      ),
    ).toEqual(containers({ name: 'a', image: 'x' }, { name: 'b', image: 'y' }, { name: 'c' }));
  });

  test('lists without one are replaced', () => {
    expect(apply({ tolerations: [{ key: 'a' }] }, { tolerations: [{ key: 'b' }] })).toEqual({
      tolerations: [{ key: 'b' }],
    });
    expect(apply(containers({ name: 'a', args: ['1'] }), containers({ name: 'a', args: ['2'] }))).toEqual(
      containers({ name: 'a', args: ['2'] }),
    );
  });

  test('null deletes, and is not kept where there is nothing', () => {
    expect(
      apply(
        { nodeName: 'n', nodeSelector: { a: 'b' } },
        { nodeName: null, nodeSelector: { a: null, c: 'd' } },
      ),
    ).toEqual({ nodeSelector: { c: 'd' } });
    expect(apply({}, { securityContext: { runAsUser: null, fsGroup: 1 } })).toEqual({
      securityContext: { fsGroup: 1 },
    });
  });

  test('$patch: delete and replace', () => {
    const both = containers({ name: 'a' }, { name: 'b' });
    expect(apply(both, containers({ name: 'a', $patch: 'delete' }))).toEqual(containers({ name: 'b' }));
    expect(apply(both, containers({ $patch: 'replace' }, { name: 'c' }))).toEqual(containers({ name: 'c' }));
    expect(apply({ securityContext: { fsGroup: 1 } }, { securityContext: { $patch: 'delete' } })).toEqual({
      securityContext: {},
    });
    expect(
      apply({ securityContext: { fsGroup: 1 } }, { securityContext: { $patch: 'replace', runAsUser: 2 } }),
    ).toEqual({ securityContext: { runAsUser: 2 } });
    expect(apply(both, { containers: [{ name: 'zz', $patch: 'delete' }] })).toEqual(both);
  });

  test('$setElementOrder orders, with the server’s own elements woven in', () => {
    const live = containers({ name: 'a' }, { name: 'side' }, { name: 'b' });
    const patch = {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }, { name: 'c' }],
      ...containers({ name: 'c' }),
    };
    expect(apply(live, patch)).toEqual(
      containers({ name: 'side' }, { name: 'b' }, { name: 'a' }, { name: 'c' }),
    );
    expect(apply(live, { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] })).toEqual(
      containers({ name: 'side' }, { name: 'b' }, { name: 'a' }),
    );
  });

  test('a new element takes the place of a deleted one', () => {
    const live = containers({ name: '1' }, { name: '2' }, { name: '4' });
    const patch = {
      '$setElementOrder/containers': [{ name: '2' }, { name: '3' }],
      ...containers({ name: '3' }, { name: '1', $patch: 'delete' }),
    };
    expect(apply(live, patch)).toEqual(containers({ name: '2' }, { name: '4' }, { name: '3' }));
  });

  test('$retainKeys drops what it does not name', () => {
    const volumes = (v: Json) => ({ volumes: [{ name: 'v', ...v }] });
    expect(
      apply(
        volumes({ emptyDir: {} }),
        volumes({ $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }),
      ),
    ).toEqual(volumes({ hostPath: { path: '/x' } }));
  });

  test('$deleteFromPrimitiveList', () => {
    const meta = (finalizers: string[]) => ({ metadata: { finalizers } });
    const patch = {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['b'], '$setElementOrder/finalizers': ['c', 'a'] },
    };
    expect(applyStrategicMergePatch(meta(['a', 'b', 'c']), patch, pod)).toEqual(meta(['c', 'a']));
    expect(applyStrategicMergePatch(meta(['a', 'b']), { metadata: { finalizers: ['b', 'x'] } }, pod)).toEqual(
      meta(['a', 'b', 'x']),
    );
  });

  test('no directive is ever left in what is new', () => {
    const patch = {
      affinity: { podAffinity: { $patch: 'delete' }, $retainKeys: [] },
      containers: [{ name: 'a', $retainKeys: ['name'] }],
    };
    expect(apply({}, patch)).toEqual({ affinity: {}, containers: [{ name: 'a' }] });
  });

  test.each([
    [containers({ image: 'x' }), 'map: map[image:x] does not contain declared merge key: name'],
    [
      { containers: [{ name: 'a', $patch: 'mix' }] },
      'unknown patch type: mix in map: map[$patch:mix name:a]',
    ],
    [{ containers: ['a'] }, 'list element types are not identical: [[map[name:a]] [a]]'],
    [{ $retainKeys: 'x' }, 'invalid patch format of retainKeys'],
    [{ $retainKeys: ['a'], nodeName: 'x' }, 'invalid patch format of retainKeys'],
    [{ $setElementOrder: [] }, 'invalid patch format of setElementOrder list'],
    [{ '$setElementOrder/nope': [] }, 'unable to find api field in struct PodSpec for the json field "nope"'],
    [
      { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b' }] },
      "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
    ],
  ])('%j is refused in upstream’s words', (patch, message) => {
    const run = () => apply(containers({ name: 'a' }), patch as Json);
    expect(run).toThrow(message);
    expect(codeOf(run)).toBe(400);
  });

  test('neither object nor patch changes, and twice is once', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const container = fc.record({ name, image: fc.constantFrom('x', 'y') }, { requiredKeys: ['name'] });
    const list = fc.uniqueArray(container, { selector: (c) => c.name });
    const labels = fc.dictionary(name, fc.option(fc.constantFrom('1', '2')));
    const spec = fc.record({ containers: list, nodeSelector: labels }, { requiredKeys: [] });
    fc.assert(
      fc.property(spec, spec, (o, p) => {
        const [object, patch] = [{ spec: o } as Json, { spec: p } as Json];
        const [before, wanted] = [clone(object), clone(patch)];
        const once = applyStrategicMergePatch(object, patch, pod);
        expect([object, patch]).toEqual([before, wanted]);
        expect(applyStrategicMergePatch(once, patch, pod)).toEqual(once);
      }),
    );
  });

  test('any patch applies or is a StatusError', () => {
    const key = fc.constantFrom(
      'spec',
      'containers',
      'name',
      '$patch',
      '$retainKeys',
      '$setElementOrder/containers',
      '$deleteFromPrimitiveList/args',
      'args',
      '__proto__',
    );
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        fc.constantFrom(null, 'delete', 'replace', 'name', 1),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node')),
      ),
    }));
    const object = { spec: { containers: [{ name: 'name', args: ['1'] }], nodeName: 'x' } };
    fc.assert(
      fc.property(node, (patch) => void codeOf(() => applyStrategicMergePatch(object, { spec: patch }, pod))),
      { numRuns: 500 },
    );
    expect(({} as Json).name).toBeUndefined();
  });
});
