import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import { encodeProtobuf } from '../../machinery/protobuf.ts';
import {
  decodeLean,
  decodeMetadata,
  decodeStored,
  encodeStored,
  isOwn,
  jsonBytes,
  type StoredForm,
  storedJsonOf,
  takeOver,
  writeJson,
} from './encoding.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** What clients are sent, between marks that show that nothing else is written; the same in whatever form it is kept. */
function sent(object: KubernetesObject, revision: number, skip = 0): string {
  const bytes = encodeStored(structuredClone(object));
  expect(isOwn(bytes)).toBe(true);
  const [fromParts, fromBytes] = [storedJsonOf(bytes), bytes].map((form) => {
    const length = jsonBytes(form, revision) - skip;
    const out = Buffer.alloc(length + 2, '|');
    expect(writeJson(form, revision, { out, at: 1, skip })).toBe(length + 1);
    expect([out[0], out[length + 1]]).toEqual([0x7c, 0x7c]);
    return text(out.subarray(1, length + 1));
  });
  expect(fromBytes).toBe(fromParts);
  return fromParts as string;
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

  const foreign = { kind: 'ConfigMap', metadata: { name: 'n', annotations: tricky.metadata.annotations } };

  test.each([
    ['JSON with a space', JSON.stringify({ ...foreign, apiVersion: 'v1' }, null, 1)],
    ['a revision of its own', JSON.stringify({ ...tricky, apiVersion: 'v1' })],
    [
      'our order, but no room for the revision',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n"}}',
    ],
    [
      'room for a revision somewhere else',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n"},"data":{"resourceVersion":""}}',
    ],
  ])('of another server are read: %s', (_what, stored) => {
    expect(isOwn(Buffer.from(stored))).toBe(false);
    const json = storedJsonOf(Buffer.from(stored));
    const out = Buffer.alloc(jsonBytes(json, 12));
    writeJson(json, 12, { out, at: 0, skip: 0 });
    const { metadata, ...rest } = JSON.parse(stored) as KubernetesObject;
    const { metadata: written, ...others } = JSON.parse(text(out)) as KubernetesObject;
    expect(written).toEqual({ ...metadata, resourceVersion: '12' });
    expect(others).toEqual(rest);
    expect(decodeStored(json, 12).metadata.resourceVersion).toBe('12');
  });

  test('of another server are read, where they are protobuf', () => {
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'n' }, data: { a: '1' } };
    const json = storedJsonOf(encodeProtobuf(object as KubernetesObject));
    expect(decodeStored(json, 7)).toMatchObject({ ...object, metadata: { name: 'n', resourceVersion: '7' } });
  });

  test.each(['', 'nonsense', '[]', '7', 'null', '{"kind":"ConfigMap"}', 'k8s\0nonsense'])(
    'that are no object are not read: %j',
    (stored) => {
      expect(() => storedJsonOf(Buffer.from(stored))).toThrow();
    },
  );

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

  test('escape what HTML minds, wherever it stands, as Go does', () => {
    const text = '<a> && \u2028';
    const fieldsV1 = { 'f:data': { [`f:${text}`]: {} } };
    const object = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        name: 'n',
        annotations: { a: text },
        managedFields: [{ manager: text, operation: 'Update', fieldsV1 }],
      },
      data: { [text]: text },
    } as KubernetesObject;
    const sentText = sent(structuredClone(object), 3);
    expect(sentText).not.toMatch(/[<>&\u2028]/);
    expect(sentText.split('\\u003ca\\u003e \\u0026\\u0026 \\u2028')).toHaveLength(6);
    expect(decodeStored(storedJsonOf(encodeStored(object)), 3)).toMatchObject({ data: { [text]: text } });
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

  const managed = {
    kind: 'Thing',
    apiVersion: 'v1',
    metadata: {
      name: 'n',
      managedFields: [
        {
          manager: 'a "fieldsV1":{',
          operation: 'Apply',
          fieldsV1: { 'f:data': { 'f:}"{': {} } },
          subresource: 's',
        },
        { manager: 'b', operation: 'Update' },
        { manager: 'ü', fieldsV1: { 'f:x': {} } },
      ],
      annotations: { 'a,"managedFields":[': '],"managedFields":[' },
    },
    spec: { x: 1, managedFields: [1] },
  } as unknown as KubernetesObject;

  /** As they come from the disk, where nothing is known of them. */
  const loaded = (bytes: Uint8Array) => storedJsonOf(Uint8Array.from(bytes));

  test('are the same whether they come from a write or from the disk', () => {
    const bytes = encodeStored(structuredClone(managed));
    const json = loaded(bytes);
    expect(json).toEqual(takeOver(bytes)?.json);
    expect(decodeStored(json, 9)).toEqual({
      ...managed,
      metadata: { ...managed.metadata, resourceVersion: '9' },
    });
    expect(JSON.parse(sent(managed, 9))).toEqual(decodeStored(json, 9));
  });

  test('are read with sets of fields that all objects share who have the same', () => {
    const read = () => decodeStored(storedJsonOf(encodeStored(structuredClone(managed))), 9).metadata;
    const [one, other] = [read(), read()].map(({ managedFields }) => managedFields ?? []);
    expect(one).toEqual(managed.metadata.managedFields);
    expect(one?.length).toBeGreaterThan(0);
    for (const [i, entry] of (one ?? []).entries()) {
      if (typeof entry.fieldsV1 === 'object') expect(other?.[i]?.fieldsV1).toBe(entry.fieldsV1);
    }
  });

  test('share the text of them where one writer has made them in one second', () => {
    const fieldsV1 = { 'f:data': {} };
    const entry = { manager: 'm', operation: 'Update', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1' };
    const piecesOf = (managedFields: object[]) => {
      const object = { ...managed, metadata: { name: 'n', managedFields } } as unknown as KubernetesObject;
      return takeOver(encodeStored(object))?.json.managed;
    };
    const pieces = piecesOf([{ ...entry, fieldsV1 }]);
    expect(piecesOf([{ ...entry, fieldsV1 }])).toBe(pieces);
    const others = [
      { ...entry, fieldsV1, time: '2026-01-01T00:00:01Z' },
      { ...entry, fieldsV1, subresource: 's' },
      entry,
    ];
    for (const other of others) {
      expect(piecesOf([other])?.join('')).toBe(`,"managedFields":[${JSON.stringify(other)}]`);
    }
    expect(piecesOf([{ ...entry, fieldsV1 }, entry])?.join('')).toContain(JSON.stringify(entry));
  });

  test('are read without their managed fields, wherever in the metadata these stand', () => {
    const { managedFields, ...rest } = managed.metadata;
    const lean = { ...managed, metadata: { ...rest, resourceVersion: '9' } };
    const { annotations, ...others } = rest;
    const earlier = { ...managed, metadata: { ...others, resourceVersion: '', managedFields, annotations } };
    for (const bytes of [encodeStored(structuredClone(managed)), Buffer.from(JSON.stringify(earlier))]) {
      for (const form of [bytes, loaded(bytes)]) {
        expect(decodeLean(form, 9)).toEqual(lean);
        expect(decodeMetadata(form, 9)).toMatchObject({ kind: 'Thing', metadata: lean.metadata });
      }
    }
    const bare = { ...managed, metadata: { name: 'n', resourceVersion: '' } };
    const bytes = Buffer.from(JSON.stringify(bare));
    for (const form of [bytes, loaded(bytes)])
      expect(decodeLean(form, 9)).toEqual({ ...bare, metadata: { name: 'n', resourceVersion: '9' } });
  });

  test('are read without all but their metadata', () => {
    for (const object of [
      managed,
      { ...managed, metadata: { name: 'n', ownerReferences: [{ uid: 'u' }] } },
    ]) {
      const bytes = encodeStored(structuredClone(object) as KubernetesObject);
      const { managedFields: _, ...metadata } = object.metadata as KubernetesObject['metadata'];
      for (const form of [takeOver(bytes)?.json as StoredForm, bytes, loaded(bytes)]) {
        const { kind, apiVersion, metadata: found } = decodeMetadata(form, 9);
        expect({ kind, apiVersion, metadata: found }).toEqual({
          kind: 'Thing',
          apiVersion: 'v1',
          metadata: { ...metadata, resourceVersion: '9' },
        });
      }
    }
    const bytes = encodeStored(structuredClone(managed));
    expect(decodeMetadata(bytes, 9)).not.toHaveProperty('spec');
  });

  test('keep fields of any name', () => {
    const odd = JSON.parse(
      '{"kind":"K","apiVersion":"v1","metadata":{"name":"n"},"toString":1,"__proto__":{"a":2}}',
    );
    expect(sent(odd, 3)).toContain('"toString":1,"__proto__":{"a":2}}');
  });
});
