import { describe, expect, test } from 'vitest';
import { customColumns } from './columns.ts';
import { findAll, JsonPathError, parseJsonPath, printValue } from './json-path.ts';

const object = {
  metadata: { name: 'x', labels: { 'a.b/c': 'dotted' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    n: 3,
    list: [
      { k: 'a', v: 1 },
      { k: 'b', v: 2 },
    ],
    flag: true,
  },
};

describe('a path', () => {
  test.each([
    ['.metadata.name', ['x']],
    ['.metadata.labels.a\\.b/c', ['dotted']],
    [".metadata.labels['a.b/c']", ['dotted']],
    ['.spec.list[0].k', ['a']],
    ['.spec.list[-1].k', ['b']],
    ['.spec.list[*].v', [1, 2]],
    ['.spec.list[0:1].k', ['a']],
    ['.spec.list[?(@.k=="b")].v', [2]],
    ['.spec.list[?(@.v>1)].k', ['b']],
    ['..v', [1, 2]],
    ['.spec.nothing.at.all', []],
    ['.spec.constructor', []],
  ])('%s', (text, found) => {
    expect(findAll(parseJsonPath(text), object)).toEqual(found);
  });

  test('that is none', () => {
    expect(() => parseJsonPath('.a[')).toThrow(JsonPathError);
  });

  test('leads to text', () => {
    expect([printValue({ a: 1 }), printValue(true), printValue('t')]).toEqual(['{"a":1}', 'true', 't']);
  });
});

test('columns show values as their type has them', () => {
  const column = (type: string, jsonPath: string) => ({ name: 'C', type, jsonPath });
  const cell = (type: string, path: string) =>
    customColumns([column(type, path)])[1]?.cell(object, Date.parse('2026-01-01T01:00:00Z'));
  expect(cell('integer', '.spec.n')).toBe(3);
  expect(cell('integer', '.metadata.name')).toBeNull();
  expect(cell('string', '.spec.n')).toBe('3');
  expect(cell('boolean', '.spec.flag')).toBe(true);
  expect(cell('date', '.metadata.creationTimestamp')).toBe('60m');
  expect(cell('string', '.spec.none')).toBeNull();
  expect(customColumns([]).map(({ name }) => name)).toEqual(['Name', 'Age']);
});
