import { setOwn } from '../clone.ts';
import { maxDepth } from '../depth.ts';
import { formatDuration } from '../duration.ts';
import { parseJson } from '../exact-json.ts';
import { type FieldSchema, type ScalarName, type TypeSchema, typeSchema } from '../schema.ts';
import { formatTime } from '../../platform/clock.ts';
import { jsonSchemaProps, layoutOf, type ProtoField } from './layout.ts';
import { ProtobufError, Reader, wireTypes } from './wire.ts';

type Json = Record<string, unknown>;

const byNumber = new WeakMap<TypeSchema, Map<number, ProtoField>>();

function fieldsOf(type: TypeSchema): Map<number, ProtoField> {
  let fields = byNumber.get(type);
  if (!fields) {
    fields = new Map(layoutOf(type).map((f) => [f.number, f]));
    byNumber.set(type, fields);
  }
  return fields;
}

function wireTypeOf(field: FieldSchema): number {
  if (field.type === 'array') return wireTypeOf(field.items as FieldSchema);
  if (field.type === 'double') return wireTypes.fixed64;
  return ['boolean', 'int32', 'int64'].includes(field.type) ? wireTypes.varint : wireTypes.bytes;
}

function readInto(object: Json, bytes: Uint8Array, type: TypeSchema, depth: number): void {
  if (depth > maxDepth) throw new ProtobufError('exceeded max depth');
  const reader = new Reader(bytes);
  const fields = fieldsOf(type);
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    const known = fields.get(number);
    if (!known) reader.skip(wireType);
    else if (wireType === wireTypeOf(known.field)) readField(object, reader, known, depth);
    else throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${known.name}`);
  }
}

function readField(object: Json, reader: Reader, { name, field }: ProtoField, depth: number): void {
  if (name === '') return readInto(object, reader.bytes(), typeSchema(field.ref as string), depth + 1);
  if (field.type === 'array') {
    const list = (object[name] ??= []) as unknown[];
    list.push(readValue(reader, field.items as FieldSchema, depth));
  } else if (field.type === 'map') {
    readEntry((object[name] ??= {}) as Json, reader.bytes(), field.values as FieldSchema, depth);
  } else {
    const value = readValue(reader, field, depth);
    if (value !== undefined && !isNothing(value, field)) object[name] = value;
  }
}

/** A struct that is no pointer is always written; JSON leaves one out that holds nothing but zeros. */
function isNothing(value: unknown, field: FieldSchema): boolean {
  if (field.pointer || field.required || field.type !== 'ref') return false;
  return isZero(value, typeSchema(field.ref as string));
}

function isZero(value: unknown, type: TypeSchema): boolean {
  if (type.scalar || typeof value !== 'object' || value === null) return false;
  for (const [key, item] of Object.entries(value)) {
    const field = type.fields.get(key);
    const nested = field?.type === 'ref' && isZero(item, typeSchema(field.ref as string));
    if (field?.pointer || !(item === '' || item === 0 || item === false || nested)) return false;
  }
  return true;
}

function readEntry(map: Json, bytes: Uint8Array, values: FieldSchema, depth: number): void {
  const reader = new Reader(bytes);
  let key = '';
  let value: unknown;
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 1 && wireType === wireTypes.bytes) key = reader.string();
    else if (number === 2 && wireType === wireTypeOf(values)) value = readValue(reader, values, depth);
    else reader.skip(wireType);
  }
  setOwn(map, key, value ?? readValue(new Reader(new Uint8Array([0])), values, depth));
}

function readValue(reader: Reader, field: FieldSchema, depth: number): unknown {
  switch (field.type) {
    case 'string':
      return reader.string();
    case 'boolean':
      return reader.unsigned() !== 0;
    case 'int32':
      return reader.int32();
    case 'int64':
      return reader.int64();
    case 'double':
      return reader.double();
    case 'bytes':
      return reader.bytes().toString('base64');
    default:
      return readMessage(reader.bytes(), typeSchema(field.ref as string), depth + 1);
  }
}

function readMessage(bytes: Uint8Array, type: TypeSchema, depth: number): unknown {
  if (type.scalar) return readScalar(bytes, type.scalar, depth);
  const object: Json = {};
  readInto(object, bytes, type, depth);
  return object;
}

/** The fields of a scalar's message, each with what it was last read as. */
interface Parts {
  numbers: Map<number, number>;
  bytes: Map<number, Buffer[]>;
}

function readParts(bytes: Uint8Array): Parts {
  const parts: Parts = { numbers: new Map(), bytes: new Map() };
  const reader = new Reader(bytes);
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (wireType === wireTypes.varint) parts.numbers.set(number, reader.int64());
    else if (wireType === wireTypes.bytes) {
      const list = parts.bytes.get(number);
      if (list) list.push(reader.bytes());
      else parts.bytes.set(number, [reader.bytes()]);
    } else reader.skip(wireType);
  }
  return parts;
}

function readScalar(bytes: Uint8Array, scalar: ScalarName, depth: number): unknown {
  const { numbers, bytes: chunks } = readParts(bytes);
  const text = (number: number) => chunks.get(number)?.at(-1)?.toString('utf8');
  switch (scalar) {
    case 'Time':
    case 'MicroTime':
      return bytes.length === 0 ? undefined : readMoment(numbers, scalar);
    case 'Duration':
      return formatDuration(numbers.get(1) ?? 0);
    case 'Quantity':
      return text(1) ?? '0';
    case 'IntOrString':
      return numbers.get(1) === 1 ? (text(3) ?? '') : (numbers.get(2) ?? 0) | 0;
    case 'RawExtension':
    case 'JSONValue':
      return readRaw(text(1));
    case 'FieldsV1':
      return readFields(text(1));
    case 'Verbs':
    case 'ExtraValue':
      return (chunks.get(1) ?? []).map((chunk) => chunk.toString('utf8'));
    default:
      return readSchemaScalar({ numbers, bytes: chunks }, scalar, depth);
  }
}

const secondsLimit = { min: -62_135_596_800, max: 253_402_300_799 };

function readMoment(numbers: ReadonlyMap<number, number>, scalar: 'Time' | 'MicroTime'): string {
  const seconds = numbers.get(1) ?? 0;
  if (seconds < secondsLimit.min || seconds > secondsLimit.max)
    throw new ProtobufError('time is out of range');
  const text = formatTime(seconds * 1000);
  if (scalar === 'Time') return text;
  const micros = Math.trunc((numbers.get(2) ?? 0) / 1000);
  return `${text.slice(0, -1)}.${String(micros).padStart(6, '0')}Z`;
}

function readRaw(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return parseJson(text);
  } catch {
    throw new ProtobufError('raw extension is not JSON');
  }
}

/** Fields that are no JSON are no reason to refuse an object: the text is none of the sets that managed fields can have, which are ignored then. */
function readFields(text: string | undefined): unknown {
  try {
    return readRaw(text);
  } catch {
    return text;
  }
}

function readSchemaScalar({ numbers, bytes }: Parts, scalar: ScalarName, depth: number): unknown {
  const schema = (chunk: Buffer) => readMessage(chunk, jsonSchemaProps(), depth + 1);
  const single = bytes.get(scalar === 'JSONSchemaPropsOrBool' ? 2 : 1)?.at(-1);
  switch (scalar) {
    case 'JSONSchemaPropsOrArray':
      return single ? schema(single) : (bytes.get(2) ?? []).map(schema);
    case 'JSONSchemaPropsOrStringArray':
      return single ? schema(single) : (bytes.get(2) ?? []).map((chunk) => chunk.toString('utf8'));
    case 'JSONSchemaPropsOrBool':
      return single ? schema(single) : numbers.get(1) === 1;
    default:
      return {};
  }
}

/** The object that a message holds. Throws ProtobufError. */
export function decodeMessage(bytes: Uint8Array, type: TypeSchema): Json {
  const object: Json = {};
  readInto(object, bytes, type, 0);
  return object;
}
