import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import { decodeStored, encodeStored, jsonBytes, storedJsonOf, writeJson } from './encoding.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** What clients are sent, between marks that show that nothing else is written. */
function sent(object: KubernetesObject, revision: number, skip = 0): string {
  const json = storedJsonOf(encodeStored(structuredClone(object)));
  const length = jsonBytes(json, revision) - skip;
  const out = Buffer.alloc(length + 2, '|');
  expect(writeJson(json, revision, { out, at: 1, skip })).toBe(length + 1);
  expect([out[0], out[length + 1]]).toEqual([0x7c, 0x7c]);
  return text(out.subarray(1, length + 1));
}

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

  test('take a revision', () => {
    const at = (revision: string) => ({
      ...tricky,
      metadata: { ...tricky.metadata, resourceVersion: revision },
    });
    expect(JSON.parse(sent(tricky, 42))).toEqual(at('42'));
    expect(JSON.parse(sent(tricky, 1234567))).toEqual(at('1234567'));
    expect(decodeStored(storedJsonOf(encodeStored(structuredClone(tricky))), 7)).toEqual(at('7'));
  });

  test('are written without their beginning too', () => {
    const whole = sent(tricky, 42);
    const skip = '{"kind":"ConfigMap","apiVersion":"v1",'.length;
    expect(sent(tricky, 42, skip)).toBe(whole.slice(skip));
  });

  test('keep characters beyond ASCII', () => {
    const object = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'n' },
      data: { k: 'Zoë 🐍' },
    } as KubernetesObject;
    for (const skip of [0, 5]) expect(sent(object, 3, skip).endsWith('"data":{"k":"Zoë 🐍"}}')).toBe(true);
    expect(decodeStored(storedJsonOf(encodeStored(object)), 3)).toMatchObject({ data: { k: 'Zoë 🐍' } });
  });

  test('of many objects do not get into each other', () => {
    const objects = Array.from({ length: 500 }, (_, i) => ({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: `n${i}` },
      data: { k: `${'ü'.repeat(i % 7)}${'x'.repeat((i * 97) % 9000)}` },
    }));
    const stored = objects.map((object) => encodeStored(structuredClone(object) as KubernetesObject));
    for (const [i, bytes] of stored.entries())
      expect(JSON.parse(text(bytes))).toMatchObject(objects[i] as object);
  });
});
