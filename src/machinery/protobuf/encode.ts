import { parseDuration } from '../duration.ts';
import { type FieldSchema, type ScalarName, type TypeSchema, typeSchema } from '../schema.ts';
import { parseTime } from '../time.ts';
import { jsonSchemaProps, layoutOf, type ProtoField } from './layout.ts';
import { BackwardWriter, wireTypes } from './wire.ts';

/*
 * Writes messages as gogo-protobuf does for upstream's types: fields by number, keys of maps sorted, and a field that
 * is no pointer always, zero or not. All goes from the last to the first: see BackwardWriter.
 */

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const own = (object: Json, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);

function nested(out: BackwardWriter, write: () => void): void {
  const before = out.length;
  write();
  out.varint(out.length - before);
}

function writeText(out: BackwardWriter, number: number, text: string): void {
  out.string(text);
  out.tag(number, wireTypes.bytes);
}

function writeNumber(out: BackwardWriter, number: number, value: number): void {
  out.signed(value);
  out.tag(number, wireTypes.varint);
}

function writeMessageField(out: BackwardWriter, number: number, write: () => void): void {
  nested(out, write);
  out.tag(number, wireTypes.bytes);
}

function writeMessage(out: BackwardWriter, object: Json, type: TypeSchema): void {
  const layout = layoutOf(type);
  for (let i = layout.length - 1; i >= 0; i--) writeField(out, object, layout[i] as ProtoField);
}

function writeField(out: BackwardWriter, object: Json, { number, name, field }: ProtoField): void {
  if (name === '') {
    const type = typeSchema(field.ref as string);
    return writeMessageField(out, number, () => writeMessage(out, object, type));
  }
  const value = own(object, name) ?? undefined;
  if (field.type === 'array') return writeList(out, number, value, field.items as FieldSchema);
  if (field.type === 'map') return writeMap(out, number, value, field.values as FieldSchema);
  if (value === undefined && (field.pointer || field.type === 'bytes' || isListScalar(field))) return;
  writeValue(out, number, value, field);
}

/** Scalars that are lists in Go: nil is not written. */
function isListScalar(field: FieldSchema): boolean {
  if (field.type !== 'ref') return false;
  const { scalar } = typeSchema(field.ref as string);
  return scalar === 'Verbs' || scalar === 'ExtraValue';
}

function writeList(out: BackwardWriter, number: number, value: unknown, items: FieldSchema): void {
  if (!Array.isArray(value)) return;
  for (let i = value.length - 1; i >= 0; i--) writeValue(out, number, value[i], items);
}

function writeMap(out: BackwardWriter, number: number, value: unknown, values: FieldSchema): void {
  if (!isObject(value)) return;
  const keys = Object.keys(value).sort();
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] as string;
    writeMessageField(out, number, () => {
      writeValue(out, 2, value[key], values);
      writeText(out, 1, key);
    });
  }
}

/** Writes one value, with its tag; what is missing is zero. */
function writeValue(out: BackwardWriter, number: number, value: unknown, field: FieldSchema): void {
  switch (field.type) {
    case 'string':
      return writeText(out, number, (value ?? '') as string);
    case 'boolean':
      out.byte(value === true ? 1 : 0);
      return out.tag(number, wireTypes.varint);
    case 'int32':
    case 'int64':
      return writeNumber(out, number, (value ?? 0) as number);
    case 'double':
      out.double((value ?? 0) as number);
      return out.tag(number, wireTypes.fixed64);
    case 'bytes':
      out.bytes(Buffer.from((value ?? '') as string, 'base64'));
      return out.tag(number, wireTypes.bytes);
    case 'ref':
      return writeRef(out, number, value, typeSchema(field.ref as string));
    default:
      throw new Error(`a ${field.type} has no protobuf form`);
  }
}

function writeRef(out: BackwardWriter, number: number, value: unknown, type: TypeSchema): void {
  const { scalar } = type;
  if (scalar) writeMessageField(out, number, () => writeScalar(out, value, scalar));
  else writeMessageField(out, number, () => writeMessage(out, isObject(value) ? value : {}, type));
}

/** Scalars are messages of their own in protobuf. */
function writeScalar(out: BackwardWriter, value: unknown, scalar: ScalarName): void {
  switch (scalar) {
    case 'Time':
    case 'MicroTime':
      if (typeof value === 'string') writeMoment(out, value, scalar);
      return;
    case 'Duration':
      return writeNumber(out, 1, typeof value === 'string' ? parseDuration(value) : 0);
    case 'Quantity':
      return writeText(out, 1, (value ?? '0') as string);
    case 'IntOrString':
      writeText(out, 3, typeof value === 'string' ? value : '');
      writeNumber(out, 2, typeof value === 'number' ? value : 0);
      return writeNumber(out, 1, typeof value === 'string' ? 1 : 0);
    case 'RawExtension':
    case 'FieldsV1':
    case 'JSONValue':
      if (value === undefined || value === null) return;
      out.bytes(value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value)));
      return out.tag(1, wireTypes.bytes);
    case 'Verbs':
    case 'ExtraValue':
      return writeList(out, 1, value, { type: 'string' });
    default:
      return writeSchemaScalar(out, value, scalar);
  }
}

function writeMoment(out: BackwardWriter, text: string, scalar: 'Time' | 'MicroTime'): void {
  const micros = scalar === 'MicroTime' ? Number(/\.(\d{6})/.exec(text)?.[1] ?? 0) : 0;
  writeNumber(out, 2, micros * 1000);
  writeNumber(out, 1, Math.floor(parseTime(text) / 1000));
}

/** The scalars of a CustomResourceDefinition: a schema, or something simpler in its place. */
function writeSchemaScalar(out: BackwardWriter, value: unknown, scalar: ScalarName): void {
  const type = jsonSchemaProps();
  const list = Array.isArray(value) ? value : [];
  const writeSchema = (number: number) => {
    if (isObject(value)) writeMessageField(out, number, () => writeMessage(out, value, type));
  };
  switch (scalar) {
    case 'JSONSchemaPropsOrArray':
      for (const item of [...list].reverse())
        writeMessageField(out, 2, () => writeMessage(out, item as Json, type));
      return writeSchema(1);
    case 'JSONSchemaPropsOrStringArray':
      for (const item of [...list].reverse()) writeText(out, 2, item as string);
      return writeSchema(1);
    case 'JSONSchemaPropsOrBool':
      writeSchema(2);
      out.byte(value === true || isObject(value) ? 1 : 0);
      return out.tag(1, wireTypes.varint);
    case 'Patch':
    case 'CustomResourceSubresourceStatus':
      return;
    default:
      throw new Error(`${scalar} has no protobuf form`);
  }
}

/** The message of an object, without the envelope. */
export function encodeMessage(object: Json, type: TypeSchema): Uint8Array {
  const out = new BackwardWriter();
  writeMessage(out, object, type);
  return out.finish();
}
