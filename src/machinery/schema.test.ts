import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';
import {
  allTypeNames,
  findType,
  formatApiVersion,
  kindSchema,
  parseApiVersion,
  typeSchema,
} from './schema.ts';

describe('the schema', () => {
  test('every type can be built, and every reference leads to one', () => {
    for (const name of allTypeNames()) {
      for (const field of typeSchema(name).fields.values()) {
        const ref = field.ref ?? field.items?.ref ?? field.values?.ref;
        if (ref) expect(findType(ref)?.name).toBe(ref);
      }
    }
  });

  test('the fields of an embedded type stand inline', () => {
    const volume = typeSchema('io.k8s.api.core.v1.Volume');
    expect(volume.fields.get('emptyDir')?.ref).toBe('io.k8s.api.core.v1.EmptyDirVolumeSource');
    expect([...volume.ownFields.keys()]).toEqual(['name']);
  });

  test('kinds are found by group, version and kind; some are in every group', () => {
    expect(kindSchema({ group: 'apps', version: 'v1', kind: 'Deployment' })?.name).toBe(
      'io.k8s.api.apps.v1.Deployment',
    );
    expect(kindSchema({ group: 'apps', version: 'v2', kind: 'Deployment' })).toBeUndefined();
    expect(kindSchema({ group: 'apps', version: 'v1', kind: 'DeleteOptions' })?.everyGroup).toBe(true);
    expect(kindSchema({ group: '', version: 'v1', kind: 'toString' })).toBeUndefined();
    expect(findType('constructor')).toBeUndefined();
  });

  test('pointers are marked: zero is not missing there', () => {
    const spec = typeSchema('io.k8s.api.apps.v1.DeploymentSpec').fields;
    expect([spec.get('replicas')?.pointer, spec.get('paused')?.pointer]).toEqual([true, undefined]);
  });

  test('apiVersion', () => {
    expect(parseApiVersion('v1')).toEqual({ group: '', version: 'v1' });
    expect(parseApiVersion('apps/v1')).toEqual({ group: 'apps', version: 'v1' });
    expect(parseApiVersion('a/b/c')).toBeUndefined();
    expect(formatApiVersion({ group: 'apps', version: 'v1' })).toBe('apps/v1');
  });
});

describe('durations', () => {
  test.each([
    ['0s', 0],
    ['1h30m0s', 5400e9],
    ['1.5s', 1.5e9],
    ['100ms', 100e6],
    ['-2m0s', -120e9],
    ['1µs', 1e3],
    ['7ns', 7],
  ])('%s prints as it is read', (text, nanos) => {
    expect(parseDuration(text)).toBe(nanos);
    expect(formatDuration(nanos)).toBe(text);
  });

  test('other forms, and what is none', () => {
    expect(parseDuration('90m')).toBe(5400e9);
    expect(parseDuration('.5h')).toBe(1800e9);
    for (const text of ['', 'h', '1', '1x', '1h-2m', '--1s'])
      expect(() => parseDuration(text)).toThrow('time: invalid duration');
  });
});
