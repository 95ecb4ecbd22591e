import type { JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import {
  boolType,
  type CelType,
  doubleType,
  dynType,
  intType,
  listType,
  mapType,
  type ObjectField,
  stringType,
  timestampType,
} from '../../machinery/cel/types.ts';
import { type FieldSchema, findType, type ScalarName, typeSchema } from '../../machinery/schema.ts';
import { fieldNameInRules, ruleTypeOf } from '../extensions/rules/rule-type.ts';
import type { Kind } from '../registry/kind.ts';

/** What objects of a kind are to expressions; undefined where nothing is known of them. */
export function celTypeOfKind({ resource, schema }: Kind): CelType | undefined {
  if (schema) return ruleTypeOf(schema as JSONSchemaProps, 'object', true);
  return findType(resource.type) ? structType(resource.type) : undefined;
}

const known = new Map<string, CelType>();

/** Types that are parts of themselves are there before their fields are. */
function structType(name: string): CelType {
  const before = known.get(name);
  if (before) return before;
  const fields = new Map<string, ObjectField>();
  const type: CelType = { kind: 'object', name, fields };
  known.set(name, type);
  for (const [property, field] of typeSchema(name).fields) {
    const called = fieldNameInRules(property);
    if (called) fields.set(called, { property, type: fieldType(field) });
  }
  return type;
}

const scalars: Partial<Record<ScalarName, CelType>> = {
  Time: timestampType,
  MicroTime: timestampType,
  Duration: stringType,
  Quantity: stringType,
};

function fieldType({ type, ref, items, values }: FieldSchema): CelType {
  switch (type) {
    case 'string':
    case 'bytes':
      return stringType;
    case 'boolean':
      return boolType;
    case 'int32':
    case 'int64':
      return intType;
    case 'double':
      return doubleType;
    case 'array':
      return listType(items ? fieldType(items) : dynType);
    case 'map':
      return mapType(stringType, values ? fieldType(values) : dynType);
    case 'any':
      return dynType;
    case 'ref': {
      const { scalar } = typeSchema(ref as string);
      return scalar ? (scalars[scalar] ?? dynType) : structType(ref as string);
    }
  }
}
