/** A type of the Common Expression Language, as the checker sees it. */
export type CelType =
  | { kind: SimpleKind }
  | { kind: 'list'; element: CelType; merge?: ListMerge }
  | { kind: 'map'; key: CelType; value: CelType }
  /** A record with known fields, by the names that expressions call them. */
  | { kind: 'object'; name: string; fields: ReadonlyMap<string, ObjectField> }
  | { kind: 'optional'; element: CelType }
  /** A value that only functions look into, such as a URL; `open`: one that may have any field. */
  | { kind: 'opaque'; name: string; open?: boolean }
  /** A placeholder within the signature of a function. */
  | { kind: 'parameter'; name: string };

type SimpleKind =
  | 'dyn'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null_type'
  | 'timestamp'
  | 'duration'
  | 'type';

/** How a list of the API merges and compares: `set` by value, `map` by the values of its keys. */
export interface ListMerge {
  listType: 'set' | 'map';
  keys: readonly string[];
}

export interface ObjectField {
  /** The name in JSON, which can be none that an expression could write. */
  property: string;
  type: CelType;
}

const simple = (kind: SimpleKind): CelType => ({ kind });

export const dynType = simple('dyn');
export const boolType = simple('bool');
export const intType = simple('int');
export const uintType = simple('uint');
export const doubleType = simple('double');
export const stringType = simple('string');
export const bytesType = simple('bytes');
export const nullType = simple('null_type');
export const timestampType = simple('timestamp');
export const durationType = simple('duration');
export const typeType = simple('type');

export const listType = (element: CelType, merge?: ListMerge): CelType => ({
  kind: 'list',
  element,
  ...(merge && { merge }),
});
export const mapType = (key: CelType, value: CelType): CelType => ({ kind: 'map', key, value });
export const optionalType = (element: CelType): CelType => ({ kind: 'optional', element });
export const opaqueType = (name: string): CelType => ({ kind: 'opaque', name });
/** A record of which it is not known what fields it has. */
export const openType = (name: string): CelType => ({ kind: 'opaque', name, open: true });

/** A record whose fields have plain names. */
export function objectType(name: string, fields: Record<string, CelType>): CelType {
  const entries = Object.entries(fields).map(
    ([property, type]) => [property, { property, type }] satisfies [string, ObjectField],
  );
  return { kind: 'object', name, fields: new Map(entries) };
}

/** The type as messages print it. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${formatType(type.element)})`;
    case 'map':
      return `map(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'optional':
      return `optional_type(${formatType(type.element)})`;
    case 'object':
    case 'opaque':
    case 'parameter':
      return type.name;
    case 'null_type':
      return 'null';
    default:
      return type.kind;
  }
}

/** What an empty list or map holds: any one type. */
const anything: CelType = { kind: 'parameter', name: '_' };

/** The type of something taken out of what may have been empty. */
export const settled = (type: CelType): CelType => (type === anything ? dynType : type);

/** What the parameters of a signature stand for, as far as its arguments have said. */
export type Substitution = Map<string, CelType>;

/** Whether a value of one type may stand where another is wanted; parameters of `wanted` take what they meet. */
export function assignable(wanted: CelType, given: CelType, bound: Substitution = new Map()): boolean {
  if (wanted === anything || given === anything) return true;
  if (wanted.kind === 'parameter') return bind(wanted.name, given, bound);
  if (wanted.kind === 'dyn' || given.kind === 'dyn') return true;
  if (given.kind === 'null_type') return nullable.has(wanted.kind);
  if (wanted.kind !== given.kind) return false;
  switch (wanted.kind) {
    case 'list':
    case 'optional':
      return assignable(wanted.element, (given as typeof wanted).element, bound);
    case 'map':
      return (
        assignable(wanted.key, (given as typeof wanted).key, bound) &&
        assignable(wanted.value, (given as typeof wanted).value, bound)
      );
    case 'object':
    case 'opaque':
      return wanted.name === (given as typeof wanted).name;
    default:
      return true;
  }
}

/** Whether two types are one, where what is not known of their parts may be anything. */
export function sameType(a: CelType, b: CelType): boolean {
  if (a === anything || b === anything) return true;
  return agreeInParts(a, b, (x, y) => x.kind === 'dyn' || y.kind === 'dyn' || sameType(x, y));
}

/** Whether two types are of one kind, and `agree` says so of what they are made of. */
function agreeInParts(a: CelType, b: CelType, agree: (x: CelType, y: CelType) => boolean): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'list':
    case 'optional':
      return agree(a.element, (b as typeof a).element);
    case 'map':
      return agree(a.key, (b as typeof a).key) && agree(a.value, (b as typeof a).value);
    default:
      return formatType(a) === formatType(b);
  }
}

const nullable = new Set(['null_type', 'timestamp', 'duration', 'object', 'opaque', 'optional']);

function bind(name: string, given: CelType, bound: Substitution): boolean {
  const before = bound.get(name);
  if (before && !assignable(before, given, bound) && !assignable(given, before, bound)) return false;
  bound.set(name, before ? joined(before, given) : given);
  return true;
}

/** One type for two that agree: the one that says less, as upstream has it. */
function joined(a: CelType, b: CelType): CelType {
  if (isOpen(a)) return b;
  if (isOpen(b)) return a;
  if (!assignable(a, b)) return b;
  return saysLess(b, a) ? b : a;
}

/** Whether a type is another one, or leaves open what the other says. */
const saysLess = (a: CelType, b: CelType): boolean => a.kind === 'dyn' || agreeInParts(a, b, saysLess);

/** A type with its parameters replaced; those of which nothing is known are dyn. */
export const substitute = (type: CelType, bound: Substitution): CelType => replaced(type, bound, dynType);

/** What a function gives whose parameters are these: parts of which nothing is known yet may become anything. */
export const resultType = (type: CelType, bound: Substitution): CelType =>
  settled(replaced(type, bound, anything));

function replaced(type: CelType, bound: Substitution, unknown: CelType): CelType {
  switch (type.kind) {
    case 'parameter':
      return bound.get(type.name) ?? unknown;
    case 'list':
      return listType(replaced(type.element, bound, unknown), type.merge);
    case 'optional':
      return optionalType(replaced(type.element, bound, unknown));
    case 'map':
      return mapType(replaced(type.key, bound, unknown), replaced(type.value, bound, unknown));
    default:
      return type;
  }
}

const isOpen = (type: CelType): boolean =>
  type === anything ||
  ((type.kind === 'list' || type.kind === 'optional') && isOpen(type.element)) ||
  (type.kind === 'map' && isOpen(type.value));

/** The one type of several values; dyn where they have none. */
export function commonType(types: readonly CelType[]): CelType {
  const [first = anything, ...rest] = types;
  let common = first;
  for (const type of rest) {
    if (!assignable(common, type) && !assignable(type, common)) return dynType;
    common = joined(common, type);
  }
  return common;
}
