import { clone } from './clone.ts';
import { type FieldSchema, findType, type TypeSchema, typeSchema } from './schema.ts';

/*
 * Upstream's objects are structs: a field that JSON does not leave out is in every object that is stored or answered, and where
 * nobody has said anything it is zero, `{}` or null. Objects here are JSON all the way, so what is always printed has to be
 * put in. Which fields these are stands with their declarations (`FieldSchema.printed`, `FieldSchema.nullable`).
 */

type Struct = Record<string, unknown>;
type Zero = string | number | boolean | null;

/** A field that is never absent and holds no struct. */
interface Zeroed {
  name: string;
  zero: Zero;
  /** Upstream stores the object as protobuf, which does not tell an empty list or map from none. */
  collapses: boolean;
}

/** A field that holds structs. */
interface Inner {
  name: string;
  /** Whether it holds a list or a map of them. */
  many: boolean;
  /** Whether it is there in any case. */
  printed: boolean;
  /** What to do with the structs; undefined where nothing is to be done. */
  plan: Plan | undefined;
}

/** What to do with the fields of a type. Made when it is first asked for, since some types hold themselves. */
class Plan {
  readonly #type: TypeSchema;
  #zeroed: readonly Zeroed[] | undefined;
  /** Fields that are structs in any case. */
  #structs: readonly Inner[] = [];
  /** Fields that hold structs in which there is something to do. */
  #inner: ReadonlyMap<string, Inner> = new Map();

  constructor(type: TypeSchema) {
    this.#type = type;
  }

  #build(): readonly Zeroed[] {
    const fields = [...this.#type.fields];
    const inner = fields.flatMap(([name, field]) => innerOf(name, field) ?? []);
    this.#structs = inner.filter(({ printed }) => printed);
    this.#inner = new Map(inner.flatMap((field) => (field.plan ? [[field.name, field]] : [])));
    this.#zeroed = fields.flatMap(([name, field]) => zeroedOf(this.#type, name, field) ?? []);
    return this.#zeroed;
  }

  /** Fills in, in place; `stored`: as the object will be once it has been in the store. */
  fill(object: Struct, stored: boolean): void {
    const zeroed = this.#zeroed ?? this.#build();
    for (let i = 0; i < zeroed.length; i++) {
      const field = zeroed[i] as Zeroed;
      if (lacks(object, field, stored)) object[field.name] = field.zero;
    }
    for (let i = 0; i < this.#structs.length; i++) {
      const { name } = this.#structs[i] as Inner;
      if (isNothing(object[name])) object[name] = {};
    }
    if (this.#inner.size === 0) return;
    // Of many fields, such as those of a volume, an object has few.
    for (const name in object) {
      const inner = this.#inner.get(name);
      const value = object[name];
      if (inner && !isNothing(value)) fillInner(value as object, inner, stored);
    }
  }

  /** Whether there is anything to fill in. */
  isLackedBy(object: Struct): boolean {
    const zeroed = this.#zeroed ?? this.#build();
    for (let i = 0; i < zeroed.length; i++) if (lacks(object, zeroed[i] as Zeroed, true)) return true;
    for (let i = 0; i < this.#structs.length; i++)
      if (isNothing(object[(this.#structs[i] as Inner).name])) return true;
    if (this.#inner.size === 0) return false;
    for (const name in object) {
      const inner = this.#inner.get(name);
      const value = object[name];
      if (inner && !isNothing(value) && isLackedWithin(value as object, inner)) return true;
    }
    return false;
  }
}

const isNothing = (value: unknown) => value === undefined || value === null;

function lacks(object: Struct, { name, zero, collapses }: Zeroed, stored: boolean): boolean {
  const value = object[name];
  if (value === undefined || value === null) return value !== zero;
  return stored && collapses && isEmpty(value);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value as Struct) return false;
  return true;
}

function fillInner(value: object, { many, plan }: Inner, stored: boolean): void {
  if (!plan) return;
  if (!many) return plan.fill(value as Struct, stored);
  const structs = structsOf(value);
  for (let i = 0; i < structs.length; i++) plan.fill(structs[i] as Struct, stored);
}

function isLackedWithin(value: object, { many, plan }: Inner): boolean {
  if (!plan) return false;
  if (!many) return plan.isLackedBy(value as Struct);
  const structs = structsOf(value);
  for (let i = 0; i < structs.length; i++) if (plan.isLackedBy(structs[i] as Struct)) return true;
  return false;
}

const structsOf = (many: object): readonly Struct[] =>
  Array.isArray(many) ? many : (Object.values(many) as Struct[]);

const zeroes: Partial<Record<string, Zero>> = {
  string: '',
  int32: 0,
  int64: 0,
  double: 0,
  boolean: false,
  Quantity: '0',
  IntOrString: 0,
};

const nothing: Readonly<Struct> = Object.freeze({});

/** What JSON has of the field where nothing has been said, for structs an empty object; undefined where it leaves the field out. */
export function printedZero(field: FieldSchema): Zero | Readonly<Struct> | undefined {
  if (!field.printed) return undefined;
  if (field.pointer) return null;
  return structOf(field) ? nothing : (zeroes[scalarOf(field) ?? field.type] ?? null);
}

/** Lists, maps and pointers that are not declared as nullable are those that no valid object lacks. */
function zeroedOf({ name: type }: TypeSchema, name: string, field: FieldSchema): Zeroed | undefined {
  const zero = printedZero(field);
  if (zero === undefined || zero === nothing || (zero === null && !field.nullable)) return undefined;
  const isMany = field.type === 'array' || field.type === 'map';
  return { name, zero: zero as Zero, collapses: isMany && !isStoredAsJson(type) };
}

/** Definitions of custom resources are no protobuf in upstream's store. */
const isStoredAsJson = (type: string) => type.startsWith('io.k8s.apiextensions-apiserver.');

const scalarOf = ({ ref }: FieldSchema) => (ref ? typeSchema(ref).scalar : undefined);

function innerOf(name: string, field: FieldSchema): Inner | undefined {
  const one = structOf(field);
  const each = one ?? structOf(field.items ?? field.values);
  if (!each) return undefined;
  const printed = printedZero(field) === nothing;
  const plan = needsFilling(each) ? planOf(each) : undefined;
  return printed || plan ? { name, many: !one, printed, plan } : undefined;
}

const structOf = (field: FieldSchema | undefined): string | undefined =>
  field?.ref && !scalarOf(field) ? field.ref : undefined;

/** What identifies an object is the server's own. */
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Whether a struct of the type, or one within it, has a field that is never absent. */
function needsFilling(type: string, seen = new Set([objectMeta])): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  const schema = typeSchema(type);
  return [...schema.fields].some(([name, field]) => {
    if (zeroedOf(schema, name, field) || printedZero(field) === nothing) return true;
    const inner = structOf(field) ?? structOf(field.items ?? field.values);
    return inner !== undefined && needsFilling(inner, seen);
  });
}

const plans = new Map<string, Plan | undefined>();

/** The plan of a type by its full name; undefined for types that the schema does not have. */
function planOf(type: string): Plan | undefined {
  if (plans.has(type)) return plans.get(type);
  const schema = findType(type);
  const plan = schema && new Plan(schema);
  plans.set(type, plan);
  return plan;
}

/** Fills in, in place, what JSON always has of the type; objects of custom types stay as they are. */
export function fillPrinted(object: object, type: string): void {
  planOf(type)?.fill(object as Struct, false);
}

/** The same of an object that is to be stored: empty lists and maps that are always printed become null. */
export function fillStored(object: object, type: string): void {
  planOf(type)?.fill(object as Struct, true);
}

/** A stored object with what JSON always has of the type: itself where it lacks nothing, a copy otherwise. */
export function withPrinted<T extends object>(object: T, type: string): T {
  const plan = planOf(type);
  if (!plan?.isLackedBy(object as Struct)) return object;
  const copy = clone(object);
  plan.fill(copy as Struct, true);
  return copy;
}
