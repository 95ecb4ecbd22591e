import type { KubernetesObject, Resource } from '../../../api/resource.ts';
import { type FieldSchema, typeSchema } from '../../../machinery/schema.ts';

/** What stands in the fields of a skeleton; absent where undefined. */
export interface Leaves {
  text?: string;
  number?: number;
  flag?: boolean;
  /** Where the schema has a quantity, or a number or share. */
  amount?: string;
}

const maxDepth = 9;

/** An object that has everything its type can have, once, with the same in every leaf. */
export function skeleton(resource: Resource, leaves: Leaves): KubernetesObject {
  const object = struct(resource.type, leaves, 0) as unknown as KubernetesObject;
  return { ...object, metadata: { name: 'x', ...(resource.namespaced && { namespace: 'default' }) } };
}

function struct(type: string, leaves: Leaves, depth: number): Record<string, unknown> {
  const fields = [...typeSchema(type).fields].map(([name, field]) => [name, value(field, leaves, depth + 1)]);
  return Object.fromEntries(fields.filter(([, v]) => v !== undefined));
}

function value(field: FieldSchema, leaves: Leaves, depth: number): unknown {
  if (depth > maxDepth) return undefined;
  switch (field.type) {
    case 'array':
      return listOf(field.items && value(field.items, leaves, depth));
    case 'map':
      return leaves.text === undefined
        ? {}
        : { [leaves.text]: field.values && value(field.values, leaves, depth) };
    case 'ref':
      return reference(field.ref as string, leaves, depth);
    case 'boolean':
      return leaves.flag;
    case 'string':
    case 'bytes':
      return leaves.text;
    default:
      return leaves.number;
  }
}

const listOf = (item: unknown) => (item === undefined ? [] : [item]);

function reference(type: string, leaves: Leaves, depth: number): unknown {
  const { scalar } = typeSchema(type);
  if (!scalar) return struct(type, leaves, depth);
  if (scalar === 'Quantity' || scalar === 'IntOrString') return leaves.amount;
  if (scalar === 'Time') return leaves.text === undefined ? undefined : '2026-01-01T00:00:00Z';
  if (scalar === 'MicroTime') return leaves.text === undefined ? undefined : '2026-01-01T00:00:00.000000Z';
  return undefined;
}
