import type { Dialect, JsonSchema } from './json-schema.ts';

/*
 * What the documents say of the schema of a custom resource: it is written once, for servers, and the clients of either version of
 * OpenAPI need some of it said otherwise. The rules are those of upstream's builder of these documents.
 */

const preserves = 'x-kubernetes-preserve-unknown-fields';
const isEmbedded = 'x-kubernetes-embedded-resource';
const isIntOrString = 'x-kubernetes-int-or-string';

const mapValues = (from: Record<string, JsonSchema>, change: (schema: JsonSchema) => JsonSchema) =>
  Object.fromEntries(Object.entries(from).map(([key, value]) => [key, change(value)]));

/** A schema whose items, properties and values of a map are changed. */
function withChanged(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const { items, properties, additionalProperties } = schema;
  return {
    ...schema,
    ...(items && { items: change(items) }),
    ...(properties && { properties: mapValues(properties, change) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: change(additionalProperties) }),
  };
}

/** What OpenAPI 2.0 cannot say; defaults, which it could, are said in the newer documents alone. */
const newerKeys = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default']);

const isNullable = (schema: JsonSchema | boolean | undefined) =>
  typeof schema === 'object' && !!schema.nullable;

/** Clients that know OpenAPI 2.0 alone take properties for a full list, and an array for one whose items are described. */
function opened(schema: JsonSchema, isNull: boolean): JsonSchema {
  const { items, properties, type, ...rest } = schema;
  const isOpen = schema[preserves] === true;
  const shown = isNull || isOpen ? {} : { ...(items && { items }), ...(properties && { properties }) };
  const isTyped =
    type !== undefined &&
    !isNull &&
    !(type === 'object' && isOpen) &&
    !(type === 'array' && !('items' in shown));
  return { ...rest, ...(isTyped && { type }), ...shown };
}

/** What has to be there, as far as OpenAPI 2.0 can say it: there what may be null cannot be asked for. */
function requiredIn({ required, properties }: JsonSchema, values: JsonSchema['additionalProperties']) {
  if (!required || isNullable(values)) return {};
  const left = required.filter((name) => !isNullable(properties?.[name]));
  return left.length > 0 ? { required: left } : {};
}

/** A schema as OpenAPI 2.0 can say it. */
export function withoutWhatV2Lacks(schema: JsonSchema): JsonSchema {
  const kept = Object.fromEntries(Object.entries(schema).filter(([key]) => !newerKeys.has(key)));
  const { required: _, ...shown } = opened(kept, isNullable(schema));
  const required = requiredIn({ ...shown, required: schema.required }, schema.additionalProperties);
  return { ...withChanged(shown, withoutWhatV2Lacks), ...required };
}

const intOrString: readonly JsonSchema[] = [{ type: 'integer' }, { type: 'string' }];

const saysIntOrString = ({ anyOf }: JsonSchema) => {
  const types = anyOf as readonly JsonSchema[] | undefined;
  return types?.length === 2 && intOrString.every(({ type }, i) => saysOnlyType(types[i], type));
};

const saysOnlyType = (schema: JsonSchema | undefined, type: string | undefined) =>
  schema?.type === type && Object.keys(schema ?? {}).length === 1;

/** A schema in which what is a number or text says so in words of OpenAPI too. */
export function unfolded(schema: JsonSchema): JsonSchema {
  const inner = withChanged(schema, unfolded);
  const { anyOf, allOf = [] } = schema;
  if (!schema[isIntOrString] || saysIntOrString(schema) || (allOf[0] && saysIntOrString(allOf[0])))
    return inner;
  return anyOf ? { ...inner, allOf: [{ anyOf: intOrString }, ...allOf] } : { ...inner, anyOf: intOrString };
}

/** A schema in which resources that stand in the object have kind, apiVersion and metadata, as the object itself. */
export function embedded(
  schema: JsonSchema,
  { identity, dialect }: { identity: Record<string, JsonSchema>; dialect: Dialect },
): JsonSchema {
  const inner = withChanged(schema, (part) => embedded(part, { identity, dialect }));
  if (!schema[isEmbedded] || (dialect === 'v2' && schema[preserves])) return inner;
  const { required = [] } = inner;
  return {
    ...inner,
    properties: { ...inner.properties, ...identity },
    required: [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))],
  };
}
