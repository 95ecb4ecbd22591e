import { describe, expect, test } from 'vitest';
import { findVolume, mismatchOf } from './match.ts';

const volume = (name: string, spec: object = {}, more: object = {}) =>
  ({
    metadata: { name },
    spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], ...spec },
    status: { phase: 'Available' },
    ...more,
  }) as never;
const claim = (spec: object = {}) =>
  ({
    metadata: { name: 'c', namespace: 'default', uid: 'u' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  }) as never;
const found = (volumes: never[], spec?: object) =>
  findVolume(claim(spec), volumes, { onlyKept: false })?.metadata.name;

describe('of several volumes a claim gets', () => {
  test('one that can do no more than it asks for before a smaller one that can', () => {
    const tight = volume('tight', { capacity: { storage: '10Gi' } });
    const able = volume('able', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] });
    expect(found([able, tight])).toBe('tight');
    expect(found([able, tight], { accessModes: ['ReadOnlyMany'] })).toBe('able');
  });

  test('the smallest of those, by number and not by text', () => {
    const sizes = ['10Gi', '9Gi', '9500M'].map((storage) => volume(storage, { capacity: { storage } }));
    expect(found(sizes)).toBe('9500M');
  });

  test.each(['Pending', 'Failed', 'Released', ''])('none that is %s', (phase) =>
    expect(found([volume('v', {}, { status: { phase } })])).toBeUndefined(),
  );

  test('the one that is kept for it, whatever that can do and whether it is Available yet', () => {
    const claimRef = { name: 'c', namespace: 'default' };
    const kept = volume('kept', { claimRef, capacity: { storage: '50Gi' } }, { status: {} });
    expect(found([volume('free'), kept])).toBe('kept');
  });

  test('none of other attributes, even where it is kept for it', () => {
    const claimRef = { name: 'c', namespace: 'default' };
    const kept = volume('kept', { claimRef });
    expect(found([kept], { volumeAttributesClassName: 'quick' })).toBeUndefined();
  });
});

test('a volume of other attributes is not what a claim of its name asks for', () => {
  const other = claim({ volumeAttributesClassName: 'quick' });
  expect(mismatchOf(volume('v'), other)).toBe('volumeAttributesClassName does not match');
});
