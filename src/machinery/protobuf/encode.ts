import { parseDuration } from '../duration.ts';
import { printJson } from '../exact-json.ts';
import { type FieldSchema, type ScalarName, type TypeSchema, typeSchema } from '../schema.ts';
import { parseTime } from '../time.ts';
import { jsonSchemaProps, layoutOf, type ProtoField } from './layout.ts';
import { BackwardWriter, wireTypes } from './wire.ts';

/*
 * Writes messages as gogo-protobuf does for upstream's types: fields by number, keys of maps sorted, and a field that
 * is no pointer always, zero or not. All goes from the last to the first: see BackwardWriter. What there is to know of a type
 * is found out once, when the first of its objects is written.
 */

type Json = Record<string, unknown>;

/** Writes a value that is there, with its tag. */
export type Write = (out: BackwardWriter, value: unknown) => void;

/** The fields of a message from the last to the first: of each its name, how it is written, and what stands for it where it is missing. */
interface Plan {
  names: string[];
  writes: Write[];
  zeros: (Uint8Array | undefined)[];
}

const plans = new WeakMap<TypeSchema, Plan>();

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

function planOf(type: TypeSchema): Plan {
  let plan = plans.get(type);
  if (!plan) {
    const fields = layoutOf(type).toReversed();
    plan = {
      names: fields.map(({ name }) => name),
      writes: fields.map(({ number, field }) => writerOf(number, field)),
      zeros: fields.map((field) => (isLeftOut(field) ? undefined : zeroOf(field.number, field.field))),
    };
    plans.set(type, plan);
  }
  return plan;
}

function writeMessage(out: BackwardWriter, object: Json, { names, writes, zeros }: Plan): void {
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    // What is embedded has no name: its fields are those of the object.
    const value = name === '' ? object : object[name];
    if (value !== undefined && value !== null) (writes[i] as Write)(out, value);
    else {
      const zero = zeros[i];
      if (zero) out.few(zero);
    }
  }
}

/** Whether nothing is written of a field that is missing: of a pointer, and of what can be nil in Go. All others are zero then. */
export function isLeftOut({ name, field }: ProtoField): boolean {
  // No object has a field of these names that is not its own.
  if (name in Object.prototype) throw new Error(`${name} is a name that every object has`);
  if (name === '' || field.pointer) return true;
  if (field.type !== 'ref') return field.type === 'array' || field.type === 'map' || field.type === 'bytes';
  const { scalar } = typeSchema(field.ref as string);
  return scalar === 'Verbs' || scalar === 'ExtraValue';
}

/** A value that is zero, with its tag. */
export function zeroOf(number: number, field: FieldSchema): Uint8Array {
  const out = new BackwardWriter(64);
  if (field.type === 'ref') {
    const type = typeSchema(field.ref as string);
    if (type.scalar) writeScalar(out, undefined, type.scalar);
    else writeMessage(out, {}, planOf(type));
    out.head(number, out.length);
  } else writerOf(number, field)(out, field.type === 'string' || field.type === 'bytes' ? '' : 0);
  return out.finish();
}

export function writerOf(number: number, field: FieldSchema): Write {
  switch (field.type) {
    case 'string':
      return (out, value) => out.text(number, value as string);
    case 'boolean':
      return (out, value) => out.number(number, value === true ? 1 : 0);
    case 'int32':
    case 'int64':
      return (out, value) => out.number(number, value as number);
    case 'double':
      return (out, value) => {
        out.double(value as number);
        out.tag(number, wireTypes.fixed64);
      };
    case 'bytes':
      return (out, value) => out.bytes(number, Buffer.from(value as string, 'base64'));
    case 'array':
      return listWriter(number, field.items as FieldSchema);
    case 'map':
      return mapWriter(number, field.values as FieldSchema);
    case 'ref':
      return refWriter(number, typeSchema(field.ref as string));
    default:
      throw new Error(`a ${field.type} has no protobuf form`);
  }
}

/** Writes values that may be missing in what holds them. */
function elementWriter(number: number, field: FieldSchema): Write {
  const write = writerOf(number, field);
  let zero: Uint8Array | undefined;
  return (out, value) => {
    if (value !== undefined && value !== null) return write(out, value);
    zero ??= zeroOf(number, field);
    out.few(zero);
  };
}

function listWriter(number: number, items: FieldSchema): Write {
  const write = elementWriter(number, items);
  return (out, value) => {
    if (!Array.isArray(value)) return;
    for (let i = value.length - 1; i >= 0; i--) write(out, value[i]);
  };
}

function mapWriter(number: number, values: FieldSchema): Write {
  const write = elementWriter(2, values);
  return (out, value) => {
    if (!isObject(value)) return;
    const keys = Object.keys(value).sort();
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i] as string;
      const before = out.length;
      write(out, value[key]);
      out.text(1, key);
      out.head(number, out.length - before);
    }
  };
}

function refWriter(number: number, type: TypeSchema): Write {
  const { scalar } = type;
  if (scalar) {
    return (out, value) => {
      const before = out.length;
      writeScalar(out, value, scalar);
      out.head(number, out.length - before);
    };
  }
  let plan: Plan | undefined;
  return (out, value) => {
    // Not before it is needed, since some types hold themselves.
    plan ??= planOf(type);
    const before = out.length;
    writeMessage(out, isObject(value) ? value : {}, plan);
    out.head(number, out.length - before);
  };
}

const writeTexts = listWriter(1, { type: 'string' });

/** Scalars are messages of their own in protobuf. */
function writeScalar(out: BackwardWriter, value: unknown, scalar: ScalarName): void {
  switch (scalar) {
    case 'Time':
    case 'MicroTime':
      if (typeof value === 'string') writeMoment(out, value, scalar);
      return;
    case 'Duration':
      return out.number(1, typeof value === 'string' ? parseDuration(value) : 0);
    case 'Quantity':
      return out.text(1, (value ?? '0') as string);
    case 'IntOrString':
      out.text(3, typeof value === 'string' ? value : '');
      out.number(2, typeof value === 'number' ? value : 0);
      return out.number(1, typeof value === 'string' ? 1 : 0);
    case 'RawExtension':
    case 'FieldsV1':
    case 'JSONValue':
      if (value === undefined || value === null) return;
      return out.bytes(1, value instanceof Uint8Array ? value : Buffer.from(printJson(value)));
    case 'Verbs':
    case 'ExtraValue':
      return writeTexts(out, value);
    default:
      return writeSchemaScalar(out, value, scalar);
  }
}

function writeMoment(out: BackwardWriter, text: string, scalar: 'Time' | 'MicroTime'): void {
  const micros = scalar === 'MicroTime' ? Number(/\.(\d{6})/.exec(text)?.[1] ?? 0) : 0;
  out.number(2, micros * 1000);
  out.number(1, secondsOf(text));
}

/** Seconds since 1970 of the moments that were written last: many objects have the same. */
const moments = new Map<string, number>();
const maxMoments = 1000;

export function secondsOf(text: string): number {
  let seconds = moments.get(text);
  if (seconds === undefined) {
    seconds = Math.floor(parseTime(text) / 1000);
    if (moments.size >= maxMoments) moments.clear();
    moments.set(text, seconds);
  }
  return seconds;
}

/** The scalars of a CustomResourceDefinition: a schema, or something simpler in its place. */
function writeSchemaScalar(out: BackwardWriter, value: unknown, scalar: ScalarName): void {
  const list = Array.isArray(value) ? value : [];
  const writeSchema = (number: number, schema: unknown) => {
    if (isObject(schema)) refWriter(number, jsonSchemaProps())(out, schema);
  };
  switch (scalar) {
    case 'JSONSchemaPropsOrArray':
      for (const item of list.toReversed()) writeSchema(2, item);
      return writeSchema(1, value);
    case 'JSONSchemaPropsOrStringArray':
      for (const item of list.toReversed()) out.text(2, item as string);
      return writeSchema(1, value);
    case 'JSONSchemaPropsOrBool':
      writeSchema(2, value);
      return out.number(1, value === true || isObject(value) ? 1 : 0);
    case 'Patch':
    case 'CustomResourceSubresourceStatus':
      return;
    default:
      throw new Error(`${scalar} has no protobuf form`);
  }
}

const writer = new BackwardWriter(64 * 1024);

/** The message of an object, without the envelope. Throws for numbers that no message can hold. */
export function encodeMessage(object: Json, type: TypeSchema): Uint8Array {
  const plan = planOf(type);
  writer.reset();
  writeMessage(writer, object, plan);
  return writer.finish();
}
