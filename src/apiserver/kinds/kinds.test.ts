import { describe, expect, test } from 'vitest';
import { allResources } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { Kind } from '../registry/kind.ts';
import { allKinds } from './kinds.ts';
import { metricsKinds } from './metrics/metrics.ts';
import { created, testContext } from './shared/testing.ts';
import { type Leaves, skeleton } from './shared/testing-skeleton.ts';

/** Answered rather than stored. */
const elsewhere = new Set([
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
  expect([...allKinds, ...metricsKinds].map((k) => key(k.resource)).sort()).toEqual([...expected].sort());
});

/** What clients may send, sense or not: nothing, empty structs, and structs full of the same. */
const sent: [what: string, leaves: Leaves | undefined][] = [
  ['nothing', undefined],
  ['empty structs', {}],
  ['empty texts and negative numbers', { text: '', number: -1, flag: false, amount: '-1' }],
  ['plausible values', { text: 'x', number: 1, flag: true, amount: '1' }],
];

function runEverything(kind: Kind, object: KubernetesObject): void {
  const context = testContext();
  const old = created(kind, object, context);
  kind.validate?.(old, context);
  kind.warnings?.(old, undefined);
  kind.warnings?.(clone(old), old);
  const change = (prepare: ((o: KubernetesObject) => void) | undefined): Stored<KubernetesObject> => {
    const copy = clone(old);
    kind.defaults?.(copy);
    prepare?.(copy);
    return copy;
  };
  kind.validateUpdate?.(
    change((o) => kind.prepareForUpdate?.(o, old, context)),
    old,
    context,
  );
  kind.status?.validateUpdate?.(
    change((o) => kind.status?.prepareForUpdate?.(o, old, context)),
    old,
    context,
  );
  for (const part of Object.values(kind.parts ?? {})) {
    part.validateUpdate?.(
      change((o) => part.prepareForUpdate(o, old, context)),
      old,
      context,
    );
  }
  kind.gracefulDeletion?.(old, undefined, context);
  kind.heldBack?.(old);
  kind.scale?.replicas(old);
  kind.scale?.selector(old);
  for (const value of Object.values(kind.selectableFields?.(old) ?? {})) expect(value).toBeTypeOf('string');
  if (!kind.storedAs) showsCells(kind, old);
}

function showsCells(kind: Kind, object: KubernetesObject): void {
  for (const column of kind.columns) expect(column.cell(object, 0), column.name).not.toBeUndefined();
}

describe.each(allKinds.map((kind) => [key(kind.resource), kind] as const))('%s', (_, kind) => {
  const objects = sent.map(([what, leaves]) => {
    const object = leaves ? skeleton(kind.resource, leaves) : { metadata: { name: 'x' } };
    return [what, object] as const;
  });

  test.each(objects)('fills in %s, and does not change that again', (_what, object) => {
    const copy = clone(object);
    kind.defaults?.(copy);
    const once = JSON.stringify(copy);
    kind.defaults?.(copy);
    expect(JSON.stringify(copy)).toBe(once);
  });

  test.each(objects)('copes with %s', (_what, object) => {
    try {
      runEverything(kind, object);
    } catch (error) {
      // A kind may refuse an object while it prepares it; what it says is for the client.
      expect(error).toBeInstanceOf(StatusError);
    }
  });

  test('has columns that say what they are', () => {
    expect(kind.columns.some((c) => c.format === 'name')).toBe(true);
    for (const column of kind.columns) expect(column.description).not.toBe('');
  });
});
