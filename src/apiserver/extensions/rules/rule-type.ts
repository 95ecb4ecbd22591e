import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  type ListMerge,
  listType,
  mapType,
  type ObjectField,
  stringType,
  timestampType,
} from '../../../machinery/cel/types.ts';
import { itemsOf, valuesOf } from '../schema/structure.ts';

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);
const escapes: Record<string, string> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** The name under which rules reach a field; undefined for one that they cannot name. */
export function fieldNameInRules(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[./-]/g, (match) => escapes[match] as string);
}

const textTypes: Record<string, CelType> = {
  byte: bytesType,
  duration: durationType,
  date: timestampType,
  'date-time': timestampType,
};

/**
 * What values of a schema are to rules; undefined where nothing is known of them, so that rules cannot look at them.
 * `root`: of an object or an embedded resource, of which rules always see name and type.
 */
export function ruleTypeOf(schema: JSONSchemaProps, name: string, root: boolean): CelType | undefined {
  if (schema['x-kubernetes-int-or-string']) return dynType;
  switch (schema.type) {
    case 'array':
      return arrayType(schema, name);
    case 'object':
      return objectTypeOf(root ? withIdentity(schema) : schema, name);
    case 'string':
      return textTypes[schema.format ?? ''] ?? stringType;
    case 'boolean':
      return boolType;
    case 'integer':
      return intType;
    case 'number':
      return doubleType;
    default:
      return undefined;
  }
}

const innerType = (schema: JSONSchemaProps, name: string) =>
  ruleTypeOf(schema, name, schema['x-kubernetes-embedded-resource'] ?? false);

function arrayType(schema: JSONSchemaProps, name: string): CelType | undefined {
  const items = itemsOf(schema);
  const element = items && innerType(items, `${name}.@idx`);
  return element && listType(element, mergeOf(schema));
}

function mergeOf(schema: JSONSchemaProps): ListMerge | undefined {
  const listMerge = schema['x-kubernetes-list-type'];
  if (listMerge !== 'set' && listMerge !== 'map') return undefined;
  return { listType: listMerge, keys: schema['x-kubernetes-list-map-keys'] ?? [] };
}

function objectTypeOf(schema: JSONSchemaProps, name: string): CelType | undefined {
  const values = valuesOf(schema);
  if (values) {
    const value = innerType(values, `${name}.@elem`);
    return value && mapType(stringType, value);
  }
  const fields = new Map<string, ObjectField>();
  for (const [property, child] of Object.entries(schema.properties ?? {})) {
    const type = innerType(child, `${name}.${property}`);
    const called = fieldNameInRules(property);
    if (!type || !called) continue;
    fields.set(called, { property, type });
    // A word of the language is understood after a dot as well.
    if (reserved.has(property)) fields.set(property, { property, type });
  }
  return { kind: 'object', name, fields };
}

const text: JSONSchemaProps = { type: 'string' };

/** The schema with what every object has; one that has all of that itself is as it stands. */
export function withIdentity(schema: JSONSchemaProps): JSONSchemaProps {
  const { kind, apiVersion, metadata: own } = schema.properties ?? {};
  const texts = [kind, apiVersion, own?.properties?.name, own?.properties?.generateName];
  if (own?.type === 'object' && texts.every((property) => property?.type === 'string')) return schema;
  const metadata = { type: 'object', properties: { name: text, generateName: text } };
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata } };
}
