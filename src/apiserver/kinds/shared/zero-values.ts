import type { KubernetesObject } from '../../../api/resource.ts';
import { type FieldSchema, typeSchema } from '../../../machinery/schema.ts';
import type { Kind, StatusStrategy } from '../../registry/kind.ts';

type Struct = Record<string, unknown>;

/** What to do with the fields of a type. */
interface Plan {
  /** Fields that are never absent, and what they are where nobody said. */
  zeroes: readonly (readonly [name: string, zero: string | number | boolean])[];
  /** The same for structs. */
  structs: readonly string[];
  /** Fields that hold structs, one or many. */
  inner: readonly (readonly [name: string, type: string, many: boolean])[];
}

const zeroOf: Partial<Record<FieldSchema['type'], string | number | boolean>> = {
  string: '',
  int32: 0,
  int64: 0,
  double: 0,
  boolean: false,
};

const plans = new Map<string, Plan>();

function planOf(type: string): Plan {
  const known = plans.get(type);
  if (known) return known;
  const fields = [...typeSchema(type).fields].filter(([name]) => name !== 'metadata');
  const needed = fields.filter(([, field]) => field.required && !field.pointer);
  const plan: Plan = {
    zeroes: needed.flatMap(([name, { type: t }]) => {
      const zero = zeroOf[t];
      return zero === undefined ? [] : [[name, zero] as const];
    }),
    structs: needed.filter(([, field]) => structOf(field)).map(([name]) => name),
    inner: fields.flatMap(([name, field]) => {
      const one = structOf(field);
      const each = one ?? structOf(field.items ?? field.values);
      return each ? [[name, each, !one] as const] : [];
    }),
  };
  plans.set(type, plan);
  return plan;
}

function structOf(field: FieldSchema | undefined): string | undefined {
  return field?.ref && !typeSchema(field.ref).scalar ? field.ref : undefined;
}

/** Fills in, in place, what is never absent upstream: a text that nobody gave is empty, a number zero. */
function fillZeroes(type: string, object: Struct): void {
  const { zeroes, structs, inner } = planOf(type);
  for (const [name, zero] of zeroes) object[name] ??= zero;
  for (const name of structs) object[name] ??= {};
  for (const [name, innerType, many] of inner) {
    const value = object[name];
    if (typeof value !== 'object' || value === null) continue;
    if (!many) fillZeroes(innerType, value as Struct);
    else for (const item of Array.isArray(value) ? value : Object.values(value)) fillZeroes(innerType, item);
  }
}

/** The kind, with defaults that fill in first what is never absent, so that its other hooks need not ask. */
export function withZeroes<T extends KubernetesObject>(kind: Kind<T>): Kind<T> {
  return {
    ...kind,
    defaults(object) {
      fillZeroes(kind.resource.type, object as unknown as Struct);
      kind.defaults?.(object);
    },
    ...(kind.status?.defaults && { status: statusWithZeroes(kind, kind.status) }),
  };
}

function statusWithZeroes<T extends KubernetesObject>(
  kind: Kind<T>,
  strategy: StatusStrategy<T>,
): StatusStrategy<T> {
  const type = structOf(typeSchema(kind.resource.type).fields.get('status'));
  return {
    ...strategy,
    defaults(object) {
      const { status } = object as { status?: Struct };
      if (type && status) fillZeroes(type, status);
      strategy.defaults?.(object);
    },
  };
}
