import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import { decodeStored, encodeStored, withRevision } from './encoding.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('stored bytes', () => {
  const tricky = {
    data: { resourceVersion: 'mine', '"resourceVersion":"': 'x' },
    metadata: {
      annotations: { 'a"resourceVersion":"b': '1' },
      labels: { resourceVersion: 'l' },
      resourceVersion: '7',
      uid: 'u',
      name: 'n',
      namespace: 'ns',
    },
    apiVersion: 'v1',
    kind: 'ConfigMap',
  } as unknown as KubernetesObject;

  test('begin with kind and version, and hold no revision of their own', () => {
    const head =
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n","namespace":"ns","uid":"u","resourceVersion":"",';
    expect(text(encodeStored(tricky)).startsWith(head)).toBe(true);
  });

  test('take a revision, and another one', () => {
    const stored = encodeStored(tricky);
    const at42 = withRevision(stored, 42);
    expect(decodeStored(at42)).toEqual({
      ...tricky,
      metadata: { ...tricky.metadata, resourceVersion: '42' },
    });
    expect(text(withRevision(at42, 1234567))).toBe(text(withRevision(stored, 1234567)));
  });

  test('keep characters beyond ASCII', () => {
    const object = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'n' },
      data: { k: 'Zoë 🐍' },
    } as KubernetesObject;
    expect(decodeStored(withRevision(encodeStored(object), 3))).toMatchObject({ data: { k: 'Zoë 🐍' } });
  });
});
