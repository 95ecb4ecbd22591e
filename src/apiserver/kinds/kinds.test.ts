import { describe, expect, test } from 'vitest';
import { allResources } from '../../api/generated/resources.ts';
import { allKinds } from './kinds.ts';

/** Answered rather than stored, or served by another room. */
const elsewhere = new Set([
  'apiservices',
  'bindings',
  'customresourcedefinitions',
  'localsubjectaccessreviews',
  'selfsubjectaccessreviews',
  'selfsubjectreviews',
  'selfsubjectrulesreviews',
  'subjectaccessreviews',
  'tokenreviews',
]);

const key = (r: { group: string; version: string; plural: string }) => `${r.group}/${r.version}/${r.plural}`;

test('every stored resource of the API has one kind', () => {
  const expected = allResources.filter((r) => !elsewhere.has(r.plural)).map(key);
  expect(allKinds.map((k) => key(k.resource)).sort()).toEqual([...expected].sort());
});

describe.each(allKinds.map((kind) => [key(kind.resource), kind] as const))('%s', (_, kind) => {
  test('fills in an object that says nothing, and does not change it again', () => {
    const object = { metadata: { name: 'x' } };
    kind.defaults?.(object);
    const once = JSON.stringify(object);
    kind.defaults?.(object);
    expect(JSON.stringify(object)).toBe(once);
  });

  test('shows such an object in a table', () => {
    const object = { metadata: { name: 'x' } };
    const stored = kind.storedAs ? allKinds.find((k) => k.resource === kind.storedAs?.resource) : kind;
    stored?.defaults?.(object);
    const cells = kind.columns.map((c) => c.cell(object, 0));
    expect(cells).toHaveLength(kind.columns.length);
    expect(kind.columns.some((c) => c.format === 'name')).toBe(true);
    for (const column of kind.columns) expect(column.description).not.toBe('');
  });
});
