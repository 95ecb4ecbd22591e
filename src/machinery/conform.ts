import { setOwn } from './clone.ts';
import { maxDepth } from './depth.ts';
import { isInteger, isNumber } from './exact-json.ts';
import { goQuote } from './go-text.ts';
import { canonicalQuantity, QuantityError } from './quantity.ts';
import { type FieldSchema, type ScalarName, type TypeSchema, typeSchema } from './schema.ts';
import { normalizeMicroTime, normalizeTime, TimeError } from './time.ts';

/*
 * Brings a decoded JSON value into the form its type gives it: what `encoding/json` does upstream while it fills Go
 * structs. Unknown fields go, null is dropped where nothing prints it, quantities and times take their canonical form, what has the wrong type
 * is refused in Go's words.
 */

type Json = Record<string, unknown>;

/** A value that its type cannot hold; the message is Go's. */
export class ConformError extends Error {
  override readonly name = 'ConformError';
}

const maxUnknown = 100;
const int64Limit = 2 ** 63;
/** The largest number that is none beyond an int64, even as its text rounds it. */
const largestInteger = int64Limit - 1024;

const jsonName = (v: unknown): string => {
  if (Array.isArray(v)) return 'array';
  if (typeof v === 'bigint') return 'number';
  return typeof v === 'boolean' ? 'bool' : typeof v;
};

const structName = (full: string) => full.slice(full.lastIndexOf('.') + 1);

const goScalars = {
  string: 'string',
  boolean: 'bool',
  double: 'float64',
  bytes: '[]uint8',
  any: 'interface {}',
};

/** The name Go gives to the type of a field. */
function goType(field: FieldSchema): string {
  switch (field.type) {
    case 'array':
      return `[]${goType(field.items as FieldSchema)}`;
    case 'map':
      return `map[string]${goType(field.values as FieldSchema)}`;
    case 'ref':
      return (field.ref as string).split('.').slice(-2).join('.');
    default:
      return goScalars[field.type as keyof typeof goScalars] ?? field.type;
  }
}

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** What upstream holds for null in a list or a map. */
function zeroValue(field: FieldSchema): unknown {
  switch (field.type) {
    case 'string':
    case 'bytes':
      return '';
    case 'boolean':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
      return 0;
    case 'array':
      return [];
    case 'ref':
      return zeroOfType(typeSchema(field.ref as string));
    default:
      return field.type === 'map' ? {} : null;
  }
}

function zeroOfType(type: TypeSchema): unknown {
  if (type.scalar === 'Quantity') return '0';
  if (type.scalar === 'IntOrString') return 0;
  return type.scalar ? null : {};
}

/** Whether upstream leaves the field out when it prints: it is empty, and nothing tells empty from missing. */
function isOmitted(value: unknown, field: FieldSchema): boolean {
  if (value === null || value === undefined) return value === undefined || !field.nullable;
  if (field.printed || field.pointer) return false;
  if (value === '' || value === 0 || value === false) return field.type !== 'ref';
  if (field.type === 'array') return (value as unknown[]).length === 0;
  return field.type === 'map' && Object.keys(value as Json).length === 0;
}

class Conformer {
  /** Says what is wrong where a value meets a type that cannot hold it. */
  readonly #words: MismatchWords;
  readonly unknown: string[] = [];
  /** Where the walk is: names of fields, keys of maps, indices of lists. */
  private readonly path: (string | number)[] = [];
  /** The fields alone, and the structs they are of: what Go's errors name. */
  private readonly fields: string[] = [];
  private readonly structs: string[] = [];
  private depth = 0;
  /** Whether the value at hand is of a type that reads its own JSON, whoever asks. */
  private readsItself = false;

  constructor(words: MismatchWords) {
    this.#words = words;
  }

  value(value: unknown, field: FieldSchema): unknown {
    switch (field.type) {
      case 'ref':
        return this.ref(value, typeSchema(field.ref as string), field);
      case 'string':
        return typeof value === 'string' ? value : this.mismatch(value, 'string');
      case 'array':
        return this.array(value, field);
      case 'map':
        return this.map(value, field);
      case 'any':
        this.bound(value);
        return value;
      default:
        return this.plain(value, field.type);
    }
  }

  private ref(value: unknown, type: TypeSchema, field: FieldSchema): unknown {
    if (type.scalar) {
      this.readsItself = selfReading.has(type.scalar);
      const read = this.scalar(value, type.scalar);
      this.readsItself = false;
      return read;
    }
    return isObject(value) ? this.object(value, type) : this.mismatch(value, goType(field));
  }

  private enter(): void {
    if (++this.depth > maxDepth) throw new ConformError('exceeded max depth');
  }

  object(object: Json, type: TypeSchema): Json {
    this.enter();
    let dropped = false;
    this.structs.push(structName(type.name));
    for (const key in object) {
      const field = type.fields.get(key);
      if (!field) {
        this.reportUnknown(key);
        dropped = true;
        continue;
      }
      const value = this.field(key, object[key], field);
      if (value !== object[key]) object[key] = value;
      dropped ||= isOmitted(value, field);
    }
    this.structs.pop();
    this.depth--;
    return dropped ? this.withoutDropped(object, type) : object;
  }

  /** A copy rather than `delete`, which makes objects slow. */
  private withoutDropped(object: Json, type: TypeSchema): Json {
    const kept: Json = {};
    for (const key in object) {
      const field = type.fields.get(key);
      if (field && !isOmitted(object[key], field)) kept[key] = object[key];
    }
    return kept;
  }

  private field(key: string, value: unknown, field: FieldSchema): unknown {
    if (value === null) return field.nullable ? null : undefined;
    this.path.push(key);
    this.fields.push(key);
    const result = this.value(value, field);
    this.fields.pop();
    this.path.pop();
    return result;
  }

  private array(value: unknown, field: FieldSchema): unknown {
    if (!Array.isArray(value)) return this.mismatch(value, goType(field));
    this.enter();
    const items = field.items as FieldSchema;
    for (let i = 0; i < value.length; i++) {
      this.path.push(i);
      value[i] = value[i] === null ? zeroValue(items) : this.value(value[i], items);
      this.path.pop();
    }
    this.depth--;
    return value;
  }

  private map(value: unknown, field: FieldSchema): unknown {
    if (!isObject(value)) return this.mismatch(value, goType(field));
    this.enter();
    const values = field.values as FieldSchema;
    for (const key in value) {
      const old = value[key];
      this.path.push(key);
      const next = old === null ? zeroValue(values) : this.value(old, values);
      if (next !== old) setOwn(value, key, next);
      this.path.pop();
    }
    this.depth--;
    return value;
  }

  private plain(value: unknown, type: FieldSchema['type']): unknown {
    switch (type) {
      case 'boolean':
        return typeof value === 'boolean' ? value : this.mismatch(value, 'bool');
      case 'int32':
        return this.integer(value, 'int32', 2 ** 31);
      case 'int64':
        return this.integer(value, 'int64', int64Limit);
      case 'double':
        return isNumber(value) ? Number(value) : this.mismatch(value, 'float64');
      default:
        return typeof value === 'string' ? checkBase64(value) : this.mismatch(value, '[]uint8');
    }
  }

  private integer(value: unknown, type: string, limit: number): unknown {
    if (!isNumber(value)) return this.mismatch(value, type);
    if (typeof value === 'bigint' && limit === int64Limit) {
      return Math.max(-largestInteger, Math.min(Number(value), largestInteger));
    }
    if (Number.isInteger(value) && value >= -limit && value < limit) return value;
    return this.mismatch(value, type, `number ${value}`);
  }

  private scalar(value: unknown, scalar: ScalarName): unknown {
    switch (scalar) {
      case 'Time':
        return typeof value === 'string' ? normalizeTime(value) : this.mismatch(value, 'string');
      case 'MicroTime':
        return typeof value === 'string' ? normalizeMicroTime(value) : this.mismatch(value, 'string');
      case 'Duration':
        return typeof value === 'string' ? value : this.mismatch(value, 'string');
      case 'Quantity':
        return canonicalQuantity(quantityText(value));
      case 'IntOrString':
        return typeof value === 'string' ? value : this.integer(value, 'int32', 2 ** 31);
      case 'Verbs':
      case 'ExtraValue':
        return this.array(value, { type: 'array', items: { type: 'string' } });
      default:
        return this.looseScalar(value, scalar);
    }
  }

  /** Scalars that are objects of a schema, or anything at all. */
  private looseScalar(value: unknown, scalar: ScalarName): unknown {
    const props = typeSchema('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps');
    const reference: FieldSchema = { type: 'ref', ref: props.name };
    switch (scalar) {
      case 'JSONSchemaPropsOrArray':
        return Array.isArray(value)
          ? this.array(value, { type: 'array', items: reference })
          : this.value(value, reference);
      case 'JSONSchemaPropsOrBool':
        return typeof value === 'boolean' ? value : this.value(value, reference);
      case 'JSONSchemaPropsOrStringArray':
        return Array.isArray(value)
          ? this.array(value, { type: 'array', items: { type: 'string' } })
          : this.value(value, reference);
      case 'CustomResourceSubresourceStatus':
        return isObject(value) ? {} : this.mismatch(value, 'v1.CustomResourceSubresourceStatus');
      default:
        this.bound(value);
        return value;
    }
  }

  /** Holds a value of no fixed type to the depth that everything has. */
  private bound(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    this.enter();
    for (const key in value) this.bound((value as Json)[key]);
    this.depth--;
  }

  private reportUnknown(key: string): void {
    if (this.unknown.length < maxUnknown) this.unknown.push(this.pathOf(key));
  }

  private pathOf(key: string): string {
    const path = [...this.path, key]
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
      .join('');
    return path.startsWith('.') ? path.slice(1) : path;
  }

  private mismatch(value: unknown, type: string, found = jsonName(value)): never {
    const isConverted = this.#words === 'converter';
    if (isConverted && !this.readsItself) throw new ConformError(converterWords(value, type));
    const field = isConverted ? '' : this.fields.join('.');
    const target = field ? `Go struct field ${this.structs.at(-1)}.${field}` : 'Go value';
    throw new ConformError(`json: cannot unmarshal ${found} into ${target} of type ${type}`);
  }
}

/** In whose words a mismatch is told: those of `encoding/json`, or those of upstream's converter of decoded objects. */
export type MismatchWords = 'json' | 'converter';

const selfReading: ReadonlySet<ScalarName> = new Set(['Time', 'MicroTime', 'Duration', 'IntOrString']);

const goKindOf = (value: unknown) => {
  if (Array.isArray(value)) return 'slice';
  if (isNumber(value)) return isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map';
};

function converterWords(value: unknown, type: string): string {
  const kind = goKindOf(value);
  if (type.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (type.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (type.includes('.')) return `cannot restore struct from: ${kind}`;
  // Go itself converts whole numbers to text, and numbers to each other.
  const isConvertible = type === 'string' ? kind === 'int64' : kind === 'float64' && type.startsWith('int');
  return isConvertible ? `cannot convert ${kind} to ${type}` : `unrecognized type: ${type}`;
}

function checkBase64(text: string): string {
  const clean = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  const body = /^[A-Za-z0-9+/]*/.exec(clean)?.[0].length ?? 0;
  const padding = clean.length - body;
  const wellPadded = padding === 0 || (padding <= 2 && clean.endsWith('='.repeat(padding)));
  if (clean.length % 4 === 0 && wellPadded) return clean;
  const at = wellPadded ? clean.length - (clean.length % 4) : body;
  throw new ConformError(`illegal base64 data at input byte ${at}`);
}

/** A value in the form of its type, and the fields that the type does not have. */
export interface Conformed<T> {
  value: T;
  /** Paths such as `spec.foo`, in the order they were met, a hundred at most. */
  unknown: string[];
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const metaOf = (object: unknown, typeName: string): unknown =>
  typeName === objectMeta || !isObject(object) ? object : object.metadata;

function managersOf(object: unknown, typeName: string): unknown {
  const meta = metaOf(object, typeName);
  return isObject(meta) ? meta.managedFields : undefined;
}

const isReset = (managers: unknown) => Array.isArray(managers) && managers.length === 0;

/** An empty list of managers is not as good as none: it resets them. One empty entry says the same, and lasts. */
function keepReset(value: Json, typeName: string): void {
  const meta = metaOf(value, typeName);
  if (isObject(meta)) meta.managedFields = [{}];
}

/**
 * Conforms an object to its type. Works in place where it can: the object given must be nobody else's.
 * Throws ConformError.
 */
export function conform(object: unknown, typeName: string, words: MismatchWords = 'json'): Conformed<Json> {
  const conformer = new Conformer(words);
  const resets = isReset(managersOf(object, typeName));
  try {
    const value = conformer.value(object, { type: 'ref', ref: typeName }) as Json;
    if (resets) keepReset(value, typeName);
    return { value, unknown: conformer.unknown };
  } catch (error) {
    if (error instanceof QuantityError || error instanceof TimeError) throw new ConformError(error.message);
    throw error;
  }
}

/** The strict decoding errors for fields that are not known. */
export function unknownFieldErrors(paths: readonly string[]): string[] {
  return paths.map((path) => `unknown field ${goQuote(path)}`);
}

/** What is read as a quantity: whatever is no string or number is no quantity either, however deep it nests. */
const quantityText = (value: unknown) =>
  typeof value === 'string' ? value.trim() : typeof value === 'object' ? '{}' : String(value);
