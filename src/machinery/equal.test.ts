import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clone } from './clone.ts';
import { deepEqual, semanticEqual } from './equal.ts';

const pod = 'io.k8s.api.core.v1.Pod';

describe('clone', () => {
  test('is equal, and shares nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = clone(value);
        expect(copy).toEqual(value);
        if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value);
      }),
    );
  });

  test('keeps a key named __proto__ as data', () => {
    const copy = clone(JSON.parse('{"a":{"__proto__":{"x":1}}}'));
    expect(JSON.stringify(copy)).toBe('{"a":{"__proto__":{"x":1}}}');
    expect(copy.a.x).toBeUndefined();
  });
});

describe('deepEqual', () => {
  test('by value; undefined is missing, null is not', () => {
    fc.assert(fc.property(fc.jsonValue(), (v) => void expect(deepEqual(v, clone(v))).toBe(true)));
    expect(deepEqual({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(deepEqual({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(deepEqual([1, 2], [2, 1])).toBe(false);
    expect(deepEqual([], {})).toBe(false);
    expect(deepEqual({ constructor: 1 }, {})).toBe(false);
  });
});

describe('semanticEqual', () => {
  test('empty lists and maps are missing ones', () => {
    expect(semanticEqual({ metadata: { labels: {} } }, { metadata: {} }, pod)).toBe(true);
    expect(semanticEqual({ spec: { volumes: [] } }, { spec: {} }, pod)).toBe(true);
    expect(semanticEqual({ metadata: { labels: { a: '' } } }, { metadata: {} }, pod)).toBe(false);
  });

  test('quantities compare by value', () => {
    const withCpu = (cpu: string) => ({
      spec: { containers: [{ name: 'a', resources: { limits: { cpu } } }] },
    });
    expect(semanticEqual(withCpu('1'), withCpu('1000m'), pod)).toBe(true);
    expect(semanticEqual(withCpu('1'), withCpu('2'), pod)).toBe(false);
  });

  test('zero is missing where upstream has no pointer', () => {
    expect(semanticEqual({ spec: { nodeName: '' } }, { spec: {} }, pod)).toBe(true);
    expect(semanticEqual({ spec: { nodeName: 'n1' } }, { spec: {} }, pod)).toBe(false);
    expect(semanticEqual({ spec: { priority: 0 } }, { spec: {} }, pod)).toBe(false);
    expect(semanticEqual({ spec: { securityContext: {} } }, { spec: {} }, pod)).toBe(false);
    expect(semanticEqual({ status: {} }, {}, pod)).toBe(true);
  });
});
