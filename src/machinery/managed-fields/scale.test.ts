import { describe, expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { entriesOfScaled, type ReplicasPaths, scaleEntries } from './scale.ts';

const paths: ReplicasPaths = new Map([
  ['apps/v1', ['spec', 'replicas']],
  ['example.com/v1', ['spec', 'size', 'wanted']],
  ['example.com/v2', undefined],
]);
const replicas = { 'f:spec': { 'f:replicas': {} } };

function entry(
  manager: string,
  fieldsV1: object,
  more: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry {
  const usual = { operation: 'Apply', apiVersion: 'apps/v1', fieldsType: 'FieldsV1' } as const;
  return { manager, ...usual, ...more, fieldsV1: fieldsV1 as ManagedFieldsEntry['fieldsV1'] };
}

describe('the owners of a scale', () => {
  test('are those who own the replicas of the object, wherever they stand', () => {
    const entries = [
      entry('a', { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } }, { time: 't' }),
      entry('b', { 'f:spec': { 'f:paused': {} } }),
      entry('c', { 'f:spec': { 'f:size': { 'f:wanted': {} } } }, { apiVersion: 'example.com/v1' }),
      entry('d', replicas, { apiVersion: 'example.com/v2' }),
      entry('e', replicas, { apiVersion: 'gone/v1' }),
    ];
    expect(scaleEntries(entries, paths)).toEqual([
      entry('c', replicas, { apiVersion: 'autoscaling/v1' }),
      entry('a', replicas, { apiVersion: 'autoscaling/v1', time: 't' }),
    ]);
    expect(scaleEntries(undefined, paths)).toBeUndefined();
  });

  test('who loses the replicas keeps the rest; who gains them has an entry of its own, without a time', () => {
    const entries = [
      entry('a', { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } }, { time: '2026-01-01T00:00:00Z' }),
      entry('b', replicas, { time: '2026-01-01T00:00:00Z' }),
      entry('e', replicas, { apiVersion: 'gone/v1' }),
    ];
    const written = [
      entry('s', replicas, { apiVersion: 'autoscaling/v1', subresource: 'scale', time: 'now' }),
    ];
    expect(entriesOfScaled({ apiVersion: 'apps/v1', entries, paths }, written)).toEqual([
      entry('s', replicas, { subresource: 'scale' }),
      entry('a', { 'f:spec': { 'f:paused': {} } }, { time: '2026-01-01T00:00:00Z' }),
    ]);
  });

  test('who keeps the replicas stays as it was', () => {
    const entries = [entry('a', { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } }, { time: 't' })];
    const written = scaleEntries(entries, paths);
    expect(entriesOfScaled({ apiVersion: 'apps/v1', entries, paths }, written)).toEqual(entries);
    expect(entriesOfScaled({ apiVersion: 'apps/v1', entries: undefined, paths }, undefined)).toBeUndefined();
  });
});
