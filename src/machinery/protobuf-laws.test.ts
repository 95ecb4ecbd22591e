import * as fc from 'fast-check';
import { formatDuration } from './duration.ts';
import { expect, test } from 'vitest';
import { clone } from './clone.ts';
import { conform } from './conform.ts';
import { deepEqual, semanticEqual } from './equal.ts';
import { decodeProtobuf, encodeProtobuf, transcodeProtobuf, wrapProtobuf } from './protobuf.ts';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
} from './quantity.ts';
import {
  allTypeNames,
  type FieldSchema,
  formatApiVersion,
  type GroupVersionKind,
  type TypeSchema,
  typeSchema,
} from './schema.ts';

/*
 * Objects made at random of the types of the API: what is written in protobuf is read back as it was.
 */

const someText = fc.string({ unit: 'grapheme', maxLength: 5 });
const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
const micros = fc.integer({ min: 0, max: 999_999 });
const timeText = (s: number) => `${new Date(s * 1000).toISOString().slice(0, 19)}`;

const quantityText = fc
  .tuple(fc.integer({ min: -9999, max: 9999 }), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3'))
  .map(([n, suffix]) => canonicalQuantity(`${n}${suffix}`));

const anyJson = fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(someText, fc.boolean(), fc.integer()), {
  minKeys: 1,
});

function scalarOf(type: TypeSchema): fc.Arbitrary<unknown> | undefined {
  switch (type.scalar) {
    case 'Time':
      return seconds.map((s) => `${timeText(s)}Z`);
    case 'MicroTime':
      return fc.tuple(seconds, micros).map(([s, m]) => `${timeText(s)}.${String(m).padStart(6, '0')}Z`);
    case 'Duration':
      return fc.integer({ min: 1, max: 100_000 }).map((n) => formatDuration(n * 1e6));
    case 'Quantity':
      return quantityText;
    case 'IntOrString':
      return fc.oneof(someText, fc.integer());
    case 'Verbs':
    case 'ExtraValue':
      return fc.array(someText, { minLength: 1, maxLength: 2 });
    case 'RawExtension':
    case 'JSONValue':
      return anyJson;
    case 'FieldsV1':
      return fc.constant({ 'f:a': {} });
    default:
      return undefined;
  }
}

function valueOf(field: FieldSchema, depth: number): fc.Arbitrary<unknown> | undefined {
  switch (field.type) {
    case 'string':
      return someText;
    case 'boolean':
      return fc.boolean();
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.maxSafeInteger();
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n));
    case 'bytes':
      return fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    case 'array': {
      const items = valueOf(field.items as FieldSchema, depth);
      return items && fc.array(items, { maxLength: 2 });
    }
    case 'map': {
      const values = valueOf(field.values as FieldSchema, depth);
      return values && fc.dictionary(someText, values, { maxKeys: 2 });
    }
    case 'ref': {
      const type = typeSchema(field.ref as string);
      return type.scalar ? scalarOf(type) : objectOf(type, depth - 1);
    }
    default:
      return undefined;
  }
}

function objectOf(type: TypeSchema, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of type.fields) {
    const value = depth > 0 && field.proto !== undefined ? valueOf(field, depth) : undefined;
    if (value) fields[name] = value;
  }
  return fc.record(fields, { requiredKeys: [] });
}

const kinds = allTypeNames()
  .map(typeSchema)
  .filter((type) => type.kind && type.fields.has('metadata') && !type.kind.kind.endsWith('List'));

test('any object of any kind is read from protobuf as it was written', () => {
  const object = fc.constantFrom(...kinds).chain((type) => {
    const { group, version, kind } = type.kind as { group: string; version: string; kind: string };
    const meta = { apiVersion: formatApiVersion({ group, version }), kind };
    return objectOf(type, 4).map((fields) => ({
      type,
      object: { ...fields, ...meta } as Record<string, unknown>,
    }));
  });
  fc.assert(
    fc.property(object, ({ type, object: made }) => {
      const before = conform(clone(made), type.name).value;
      const bytes = encodeProtobuf(before);
      const json = Buffer.from(JSON.stringify(before));
      const message = transcodeProtobuf(json, json.length, type.kind as GroupVersionKind);
      const envelope = { apiVersion: made.apiVersion as string, kind: made.kind as string };
      expect(Buffer.from(wrapProtobuf(envelope, Buffer.from(message, 'latin1'))).equals(bytes)).toBe(true);
      const after = decodeProtobuf(bytes).object as unknown as Record<string, unknown>;
      expect(semanticEqual(after, before, type.name)).toBe(true);
      expect(Buffer.from(encodeProtobuf(after)).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('a quantity is the same however it is written, and sums do not depend on the order', () => {
  fc.assert(
    fc.property(quantityText, quantityText, quantityText, (a, b, c) => {
      expect(canonicalQuantity(formatQuantity(parseQuantity(a)))).toBe(a);
      expect(compareQuantities(addQuantities(a, b), addQuantities(b, a))).toBe(0);
      const [left, right] = [addQuantities(addQuantities(a, b), c), addQuantities(a, addQuantities(b, c))];
      expect(compareQuantities(left, right)).toBe(0);
      expect(deepEqual(compareQuantities(a, b), 0 - compareQuantities(b, a) || 0)).toBe(true);
    }),
  );
});
