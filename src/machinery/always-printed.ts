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
  /** Upstream stores objects as protobuf, which does not tell an empty list or map from none. */
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
    this.#zeroed = fields.flatMap(([name, field]) => zeroedOf(name, field) ?? []);
    return this.#zeroed;
  }

  /** Fills in, in place. */
  fill(object: Struct): void {
    const zeroed = this.#zeroed ?? this.#build();
    for (let i = 0; i < zeroed.length; i++) {
      const field = zeroed[i] as Zeroed;
      if (lacks(object, field)) object[field.name] = field.zero;
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
      if (inner && !isNothing(value)) fillInner(value as object, inner);
    }
  }

  /** Whether there is anything to fill in. */
  isLackedBy(object: Struct): boolean {
    const zeroed = this.#zeroed ?? this.#build();
    for (let i = 0; i < zeroed.length; i++) if (lacks(object, zeroed[i] as Zeroed)) return true;
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

function lacks(object: Struct, { name, zero, collapses }: Zeroed): boolean {
  const value = object[name];
  if (value === undefined || value === null) return value !== zero;
  return collapses && isEmpty(value);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value as Struct) return false;
  return true;
}

function fillInner(value: object, { many, plan }: Inner): void {
  if (!plan) return;
  if (!many) return plan.fill(value as Struct);
  const structs = structsOf(value);
  for (let i = 0; i < structs.length; i++) plan.fill(structs[i] as Struct);
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

/** Lists, maps and pointers that are not declared as nullable are those that no valid object lacks. */
function zeroedOf(name: string, field: FieldSchema): Zeroed | undefined {
  if (!field.printed) return undefined;
  const collapses = field.type === 'array' || field.type === 'map';
  if (field.nullable) return { name, zero: null, collapses };
  const zero = field.pointer ? undefined : zeroes[scalarOf(field) ?? field.type];
  return zero === undefined ? undefined : { name, zero, collapses: false };
}

const scalarOf = ({ ref }: FieldSchema) => (ref ? typeSchema(ref).scalar : undefined);

function innerOf(name: string, field: FieldSchema): Inner | undefined {
  const one = structOf(field);
  const each = one ?? structOf(field.items ?? field.values);
  if (!each) return undefined;
  const printed = one !== undefined && field.printed === true && !field.pointer;
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
  return [...typeSchema(type).fields].some(([name, field]) => {
    if (zeroedOf(name, field)) return true;
    const one = structOf(field);
    const each = one ?? structOf(field.items ?? field.values);
    if (one && field.printed && !field.pointer) return true;
    return each !== undefined && needsFilling(each, seen);
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
  planOf(type)?.fill(object as Struct);
}

/** The object with what JSON always has of the type: itself where it lacks nothing, a copy otherwise. */
export function withPrinted<T extends object>(object: T, type: string): T {
  const plan = planOf(type);
  if (!plan?.isLackedBy(object as Struct)) return object;
  const copy = clone(object);
  plan.fill(copy as Struct);
  return copy;
}
