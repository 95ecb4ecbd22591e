import { type FieldSchema, type TypeSchema, typeSchema } from '../schema.ts';
import { isLeftOut, type Write, writerOf, zeroOf } from './encode.ts';
import { layoutOf } from './layout.ts';
import { RecurringValues } from './recurring-values.ts';

/** How the JSON of a field is read where it is not decoded. */
export const forms = {
  text: 0,
  integer: 1,
  boolean: 2,
  message: 3,
  list: 4,
  map: 5,
  /** The fields of an embedded type, which stand among those of what it is embedded in. */
  embedded: 6,
  /** A quantity: a message that holds nothing but text. */
  quantity: 7,
  time: 8,
  /** A message that holds nothing but its JSON. */
  json: 9,
  /** Anything else: decoded, and written as a value. */
  value: 10,
} as const;

/** What is known of a field, of the elements of a list or of the values of a map. */
export interface JsonField {
  number: number;
  form: number;
  /** Where among the numbers of its object it has its own: two, four of what may recur. */
  offset: number;
  /** Of what has fields itself. */
  plan: JsonPlan | undefined;
  /** Of a list or a map. */
  element: JsonField | undefined;
  /** What is written where it is missing. */
  zero: Uint8Array | undefined;
  /** Of a message, a list or JSON. */
  recurring: RecurringValues | undefined;
  /** Writes it as a decoded value. */
  write: Write;
}

/** A name in JSON, and its field; what has none is left out. */
export interface JsonName {
  bytes: Uint8Array;
  field: JsonField | undefined;
  /** The name that stood behind it the last time. */
  next: JsonName | undefined;
}

const nameOf = (bytes: Uint8Array, field?: JsonField): JsonName => ({ bytes, field, next: undefined });

/** What there is to know of a type whose objects are written as protobuf without being decoded. */
export class JsonPlan {
  readonly #type: TypeSchema;
  #fields: readonly JsonField[] | undefined;
  #size = 0;
  /** By hash; as large as it takes for each name to have a place alone. */
  #names: readonly (JsonName | undefined)[] = [];
  /** Stands for any name that the type does not have. */
  readonly #unknown = nameOf(new Uint8Array());
  /** Stands before the first name of an object. */
  readonly start = nameOf(new Uint8Array());
  /** Whole objects of the type. */
  readonly recurring = new RecurringValues();

  constructor(type: TypeSchema) {
    this.#type = type;
  }

  /** The fields by number. Made when they are first asked for, since some types hold themselves. */
  get fields(): readonly JsonField[] {
    return this.#fields ?? this.#build();
  }

  /** How many numbers an object takes. */
  get size(): number {
    if (!this.#fields) this.#build();
    return this.#size;
  }

  #build(): readonly JsonField[] {
    const names: JsonName[] = [];
    const fields: JsonField[] = [];
    for (const known of layoutOf(this.#type)) {
      const { number, name, field } = known;
      const zero = isLeftOut(known) ? undefined : zeroOf(number, field);
      const made = { ...fieldOf(number, field), offset: this.#size, zero };
      if (name === '') {
        made.form = forms.embedded;
        const { size } = made.plan as JsonPlan;
        names.push(...(made.plan as JsonPlan).#moved(this.#size));
        this.#size += size;
      } else {
        names.push(nameOf(Buffer.from(name), made));
        this.#size += numbersOf(made);
      }
      fields.push(made);
    }
    this.#names = tableOf(names);
    this.#fields = fields;
    return fields;
  }

  /** The names as they are found in an object that embeds this type. */
  #moved(by: number): JsonName[] {
    const all = this.#names.filter((name) => name !== undefined);
    return all.map(({ bytes, field }) => nameOf(bytes, field && { ...field, offset: field.offset + by }));
  }

  /** The name that stands in `text` from `start` to `end`, and has this hash. */
  find(text: Uint8Array, start: number, end: number, hash: number): JsonName {
    const name = this.#names[hash & (this.#names.length - 1)];
    if (name === undefined || name.bytes.length !== end - start) return this.#unknown;
    for (let i = start; i < end; i++) if (text[i] !== name.bytes[i - start]) return this.#unknown;
    return name;
  }
}

/** The hash of a name is made of its bytes, one after the other. */
export const nextHash = (hash: number, byte: number) => (Math.imul(hash, 31) + byte) | 0;

function tableOf(names: readonly JsonName[]): (JsonName | undefined)[] {
  for (let size = 4; ; size *= 2) {
    const table = Array.from({ length: size }, (): JsonName | undefined => undefined);
    const isFull = names.some((name) => {
      const at = name.bytes.reduce(nextHash, 0) & (size - 1);
      if (table[at]) return true;
      table[at] = name;
      return false;
    });
    if (!isFull) return table;
  }
}

/** How many numbers it takes to note a value. */
export const numbersOf = ({ recurring }: JsonField) => (recurring ? 4 : 2);

const plans = new WeakMap<TypeSchema, JsonPlan>();

export function jsonPlanOf(type: TypeSchema): JsonPlan {
  let plan = plans.get(type);
  if (!plan) {
    plan = new JsonPlan(type);
    plans.set(type, plan);
  }
  return plan;
}

function fieldOf(number: number, field: FieldSchema): JsonField {
  const made: JsonField = {
    number,
    form: forms.value,
    offset: 0,
    plan: undefined,
    element: undefined,
    zero: undefined,
    recurring: undefined,
    write: writerOf(number, field),
  };
  if (field.type === 'array') {
    made.form = forms.list;
    made.element = elementOf(number, field.items as FieldSchema);
  } else if (field.type === 'map') {
    made.form = forms.map;
    made.element = elementOf(2, field.values as FieldSchema);
  } else if (field.type === 'ref') {
    const type = typeSchema(field.ref as string);
    made.form = type.scalar ? (scalars[type.scalar] ?? forms.value) : forms.message;
    if (!type.scalar) made.plan = jsonPlanOf(type);
  } else made.form = plain[field.type] ?? forms.value;
  if (mayRecur.has(made.form)) made.recurring = new RecurringValues();
  return made;
}

const elementOf = (number: number, field: FieldSchema): JsonField => ({
  ...fieldOf(number, field),
  zero: zeroOf(number, field),
});

const mayRecur: ReadonlySet<number> = new Set([forms.message, forms.list, forms.json]);

const plain: Record<string, number> = {
  string: forms.text,
  boolean: forms.boolean,
  int32: forms.integer,
  int64: forms.integer,
};

const scalars: Record<string, number> = {
  Quantity: forms.quantity,
  Time: forms.time,
  FieldsV1: forms.json,
  RawExtension: forms.json,
  JSONValue: forms.json,
};
