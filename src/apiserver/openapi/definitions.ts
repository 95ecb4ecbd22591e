import docs from '../../api/generated/docs.json' with { type: 'json' };
import {
  type FieldSchema,
  findType,
  type GroupVersionKind,
  type ScalarName,
  type TypeSchema,
  typeSchema,
} from '../../machinery/schema.ts';
import { type Dialect, type JsonSchema, refName, refWith } from './json-schema.ts';
import type { GroupVersion } from './scheme-groups.ts';

const described: Record<string, { description: string; fields: Record<string, string> } | undefined> = docs;

const object: JsonSchema = { type: 'object' };
const moment: JsonSchema = { type: 'string', format: 'date-time' };
const anything: JsonSchema = {};

/** Scalars look alike in both dialects, but for the two that are a number or a string. */
const scalars: Partial<Record<ScalarName, JsonSchema>> = {
  Time: moment,
  MicroTime: moment,
  Duration: { type: 'string' },
  Quantity: { type: 'string' },
  IntOrString: { type: 'string', format: 'int-or-string' },
  RawExtension: object,
  FieldsV1: object,
  Patch: object,
  CustomResourceSubresourceStatus: object,
};

const scalarsV3: Partial<Record<ScalarName, JsonSchema>> = {
  Quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  IntOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
};

function scalarSchema(name: ScalarName, dialect: Dialect): JsonSchema {
  return (dialect === 'v3' ? scalarsV3[name] : undefined) ?? scalars[name] ?? anything;
}

/** Names for lists of text, which schemas show as what they are. */
const textLists: ReadonlySet<string> = new Set<ScalarName>(['Verbs', 'ExtraValue']);
const textList: JsonSchema = { type: 'array', items: { type: 'string' } };

const plainTypes: Partial<Record<FieldSchema['type'], JsonSchema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: anything,
};

function valueSchema(field: FieldSchema, more: JsonSchema, dialect: Dialect): JsonSchema {
  if (field.type === 'array' && field.items)
    return { ...more, type: 'array', items: valueSchema(field.items, {}, dialect) };
  if (field.type === 'map' && field.values)
    return { ...more, type: 'object', additionalProperties: valueSchema(field.values, {}, dialect) };
  if (field.type !== 'ref' || !field.ref) return { ...more, ...plainTypes[field.type] };
  if (textLists.has(typeSchema(field.ref).scalar ?? '')) return { ...more, ...textList };
  return refWith(field.ref, more, dialect);
}

function extensionsOf(field: FieldSchema): JsonSchema {
  return {
    ...(field.listType && { 'x-kubernetes-list-type': field.listType }),
    ...(field.listMapKeys && { 'x-kubernetes-list-map-keys': field.listMapKeys }),
    ...(field.mapType && { 'x-kubernetes-map-type': field.mapType }),
    ...(field.patchMergeKey && { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
    ...(field.patchStrategy && { 'x-kubernetes-patch-strategy': field.patchStrategy }),
  };
}

/** What a field means; fields of an embedded type are described there. */
export function fieldDescription(type: TypeSchema, field: string): string | undefined {
  const own = described[type.name]?.fields[field];
  if (own !== undefined || !type.embed) return own;
  return fieldDescription(typeSchema(type.embed.ref), field);
}

/** OpenAPI 2.0 is served without defaults, as its old clients cannot bear them. */
function propertySchema(type: TypeSchema, name: string, field: FieldSchema, dialect: Dialect): JsonSchema {
  const description = fieldDescription(type, name);
  const more: JsonSchema = {
    ...(description && { description }),
    ...(dialect === 'v3' && field.default !== undefined && { default: field.default }),
    ...extensionsOf(field),
  };
  return valueSchema(field, more, dialect);
}

function objectSchema(type: TypeSchema, dialect: Dialect): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, field] of [...type.fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
    properties[name] = propertySchema(type, name, field, dialect);
    if (field.required) required.push(name);
  }
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    ...(type.fields.size > 0 && { properties }),
    ...(type.mapType && { 'x-kubernetes-map-type': type.mapType }),
    ...(type.unions && { 'x-kubernetes-unions': type.unions }),
  };
}

function kindsOf(type: TypeSchema, everywhere: readonly GroupVersion[]): GroupVersionKind[] {
  if (type.kind) return [{ group: type.kind.group, version: type.kind.version, kind: type.kind.kind }];
  if (!type.everyGroup) return [];
  const kind = type.name.slice(type.name.lastIndexOf('.') + 1);
  return everywhere.map(({ group, version }) => ({ group, version, kind }));
}

/** The definition of one API type. `everywhere` tells which groups kinds such as DeleteOptions belong to. */
export function definitionOf(
  name: string,
  dialect: Dialect,
  everywhere: readonly GroupVersion[],
): JsonSchema {
  const type = typeSchema(name);
  const description = described[name]?.description;
  const body = type.scalar ? scalarSchema(type.scalar, dialect) : objectSchema(type, dialect);
  const kinds = kindsOf(type, everywhere);
  return {
    ...(description && { description }),
    ...body,
    ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds }),
  };
}

function collectRefs(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string') found.add(refName(inner));
    else collectRefs(inner, found);
  }
}

/** What a document defines: the named definitions and all that they refer to, in no order. Each is made when it is asked for. */
export function* definitionsFor(
  roots: Iterable<string>,
  options: {
    dialect: Dialect;
    everywhere: readonly GroupVersion[];
    custom: ReadonlyMap<string, () => JsonSchema>;
  },
): Iterable<[name: string, definition: JsonSchema]> {
  const { dialect, everywhere, custom } = options;
  const done = new Set<string>();
  const todo = [...roots];
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (done.has(name)) continue;
    const known = custom.get(name)?.() ?? (findType(name) && definitionOf(name, dialect, everywhere));
    if (!known) throw new Error(`no definition ${name}`);
    done.add(name);
    const refs = new Set<string>();
    collectRefs(known, refs);
    todo.push(...refs);
    yield [name, known];
  }
}
