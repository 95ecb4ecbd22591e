import { describe, expect, test } from 'vitest';
import { horizontalpodautoscalersAutoscalingV1, pods } from '../../api/generated/resources.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { createTestCluster } from '../registry/testing.ts';
import { toTable } from './table.ts';

const object = {
  kind: 'Thing',
  apiVersion: 'x/v1',
  metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
};
const apiVersion = 'meta.k8s.io/v1';
const plain = { kind: undefined, apiVersion, nowMs: 0, includeObject: 'Metadata', noHeaders: false } as const;

describe('a table', () => {
  test('of a kind without columns has name and age', () => {
    const table = toTable([object as KubernetesObject], plain);
    expect(table.columnDefinitions.map((c) => c.name)).toEqual(['Name', 'Created At']);
    expect(table.rows).toEqual([
      {
        cells: ['a', '2026-01-01T00:00:00Z'],
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
      },
    ]);
  });

  test('carries as much of its objects as is asked for', () => {
    const rowOf = (includeObject: 'None' | 'Object') =>
      toTable([object], { ...plain, includeObject }).rows[0];
    expect(rowOf('None')).toEqual({ cells: ['a', '2026-01-01T00:00:00Z'] });
    expect(rowOf('Object')?.object).toBe(object);
  });

  test('leaves its head out on request', () => {
    expect(toTable([object], { ...plain, noHeaders: true }).columnDefinitions).toEqual([]);
  });

  test('shows pods as kubectl does', async () => {
    const api = await createTestCluster();
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    const pod = await api.object('create', pods, { body: { metadata: { name: 'p' }, spec } });
    const kind = api.dispatcher.find({ group: '', version: 'v1', resource: 'pods' })?.kind;
    const table = toTable([pod], { ...plain, kind, nowMs: api.clock.now() + 90_000 });
    expect(table.rows[0]?.cells.slice(0, 5)).toEqual(['p', '0/1', 'Pending', '0', '90s']);
    expect(table.metadata).toEqual({ resourceVersion: pod.metadata.resourceVersion });
  });

  test('shows a view with the columns of the kind behind it', async () => {
    const api = await createTestCluster();
    const v1 = horizontalpodautoscalersAutoscalingV1;
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 };
    const made = await api.object('create', v1, { body: { metadata: { name: 'h' }, spec } });
    const kind = api.dispatcher.find({ group: 'autoscaling', version: 'v1', resource: v1.plural })?.kind;
    expect(toTable([made], { ...plain, kind }).rows[0]?.cells.slice(0, 2)).toEqual(['h', 'Deployment/d']);
  });
});
