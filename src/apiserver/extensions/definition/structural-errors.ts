import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { type FieldError, forbiddenField, invalid, required } from '../../../machinery/field-error.ts';
import { goPattern } from '../../../machinery/go-pattern.ts';
import { eachSchema, itemsOf, propertyOf, valuesOf } from '../schema/structure.ts';

type Level = 'root' | 'item' | 'field';

/** What keeps a schema from being structural: every field must have its type in one place. Sorted by text. */
export function structuralErrors(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  const errors = [
    ...nodeErrors(schema, 'root', field),
    ...completenessErrors(schema, { field, partField: field, schema }),
  ];
  const text = (error: FieldError) => `${error.field}: ${error.body}`;
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** Whether a schema is not structural. */
export const isUnstructured = (schema: JSONSchemaProps): boolean =>
  unstructuredReason(schema) !== undefined || structuralErrors('', schema).length > 0;

const unsupported = [
  'id',
  '$schema',
  '$ref',
  'patternProperties',
  'dependencies',
  'additionalItems',
  'definitions',
] as const;

/** Why a schema has no structure that could be looked at; undefined where it has. */
export function unstructuredReason(schema: JSONSchemaProps): string | undefined {
  let reason: string | undefined;
  eachSchema(schema, (part) => {
    const name = unsupported.find((field) => isSet(part[field]));
    if (name) reason ??= `OpenAPIV3Schema '${name === '$schema' ? 'schema' : name}' is not supported`;
    if (Array.isArray(part.items)) reason ??= "OpenAPIV3Schema 'items' must be a schema, but is an array";
    if (part['x-kubernetes-preserve-unknown-fields'] === false) {
      reason ??= "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
    }
  });
  return reason;
}

/** Whether a field of a schema says something. */
export const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== '' &&
  !(typeof value === 'object' && Object.keys(value ?? {}).length === 0);

function nodeErrors(schema: JSONSchemaProps, level: Level, field: string): readonly FieldError[] {
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  const { properties = {} } = schema;
  return [
    ...(schema.type === 'array' && !items ? [required(`${field}.items`, 'must be specified')] : []),
    ...(items ? nodeErrors(items, 'item', `${field}.items`) : []),
    ...Object.entries(properties).flatMap(([key, child]) =>
      nodeErrors(child, 'field', `${field}.properties[${key}]`),
    ),
    ...(schema.additionalProperties !== undefined && level === 'root'
      ? [forbiddenField(`${field}.additionalProperties`, 'must not be used at the root')]
      : []),
    ...(values ? nodeErrors(values, 'field', `${field}.additionalProperties`) : []),
    ...extensionErrors(schema, field),
    ...valueErrors(schema, field, exceptionsOf(schema)),
    ...typeErrors(schema, level, field),
    ...metaErrors(schema, level, field),
  ];
}

function extensionErrors(schema: JSONSchemaProps, field: string): readonly FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return [];
  const why = 'must be false if x-kubernetes-int-or-string is true';
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name])
    .map((name) => invalid(`${field}.${name}`, true, why));
}

const typeAt: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeErrors(schema: JSONSchemaProps, level: Level, field: string): readonly FieldError[] {
  const { type = '', properties = {} } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'];
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'];
  const errors: FieldError[] = [];
  if (isEmbedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type ? invalid(`${field}.type`, type, why) : required(`${field}.type`, why));
  } else if (!type && !schema['x-kubernetes-int-or-string'] && !isOpen) {
    errors.push(required(`${field}.type`, typeAt[level]));
  }
  if (isEmbedded && schema.additionalProperties !== undefined) {
    const why = 'must not be used if x-kubernetes-embedded-resource is set';
    errors.push(forbiddenField(`${field}.additionalProperties`, why));
  }
  if (level === 'root' && type && type !== 'object') {
    errors.push(invalid(`${field}.type`, type, 'must be object at the root'));
  }
  if (isEmbedded && !isOpen && Object.keys(properties).length === 0) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(required(`${field}.properties`, why));
  }
  return errors;
}

/** What every object has can be described in one way alone. */
function metaErrors(schema: JSONSchemaProps, level: Level, field: string): readonly FieldError[] {
  const isObjectLike = level === 'root' || schema['x-kubernetes-embedded-resource'];
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const mustBe = (name: string, wanted: string, child: JSONSchemaProps | undefined) =>
    isObjectLike && child && child.type !== wanted
      ? [invalid(`${field}.properties[${name}].type`, child.type ?? '', `must be ${wanted}`)]
      : [];
  return [
    ...mustBe('kind', 'string', kind),
    ...mustBe('apiVersion', 'string', apiVersion),
    ...mustBe('metadata', 'object', metadata),
    ...(level === 'root' && metadata && !isPlainMetadata(metadata)
      ? [
          forbiddenField(
            `${field}.properties[metadata]`,
            'must not specify anything other than name and generateName, but metadata is implicitly specified',
          ),
        ]
      : []),
  ];
}

function isPlainMetadata({ type: _, default: __, properties = {}, ...rest }: JSONSchemaProps): boolean {
  const others = Object.keys(properties).filter((name) => name !== 'name' && name !== 'generateName');
  return others.length === 0 && Object.keys(rest).length === 0;
}

interface Exceptions {
  anyOf: boolean;
  firstAllOf: boolean;
}

const none: Exceptions = { anyOf: false, firstAllOf: false };
const intOrString: JSONSchemaProps[] = [{ type: 'integer' }, { type: 'string' }];

/** Two ways of writing "a whole number or a text" may name types in a combination. */
function exceptionsOf({ anyOf, allOf }: JSONSchemaProps): Exceptions {
  return { anyOf: deepEqual(anyOf, intOrString), firstAllOf: deepEqual(allOf?.[0]?.anyOf, intOrString) };
}

function valueErrors(schema: JSONSchemaProps, field: string, exceptions: Exceptions): readonly FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not } = schema;
  return [
    ...(exceptions.anyOf ? [] : anyOf.flatMap((part, i) => nestedErrors(part, `${field}.anyOf[${i}]`))),
    ...allOf.flatMap((part, i) =>
      nestedErrors(part, `${field}.allOf[${i}]`, {
        anyOf: exceptions.firstAllOf && i === 0,
        firstAllOf: false,
      }),
    ),
    ...oneOf.flatMap((part, i) => nestedErrors(part, `${field}.oneOf[${i}]`)),
    ...(not ? nestedErrors(not, `${field}.not`) : []),
    ...patternErrors(schema, field),
  ];
}

function patternErrors({ pattern }: JSONSchemaProps, field: string): readonly FieldError[] {
  if (!pattern) return [];
  try {
    goPattern(pattern);
    return [];
  } catch (error) {
    const why = `must be a valid regular expression, but isn't: ${(error as Error).message}`;
    return [invalid(`${field}.pattern`, pattern, why)];
  }
}

/** What a part of a combination must not say, and how the answer puts it. */
const forbiddenInParts: Record<string, string> = {
  type: 'must be empty to be structural',
  additionalProperties: 'must be undefined to be structural',
  default: 'must be undefined to be structural',
  title: 'must be empty to be structural',
  description: 'must be empty to be structural',
  nullable: 'must be false to be structural',
  'x-kubernetes-preserve-unknown-fields': 'must be false to be structural',
  'x-kubernetes-embedded-resource': 'must be false to be structural',
  'x-kubernetes-int-or-string': 'must be false to be structural',
  'x-kubernetes-list-map-keys': 'must be empty to be structural',
  'x-kubernetes-list-type': 'must be undefined to be structural',
  'x-kubernetes-map-type': 'must be undefined to be structural',
  'x-kubernetes-validations': 'must be empty to be structural',
};

function nestedErrors(
  part: JSONSchemaProps,
  field: string,
  exceptions: Exceptions = none,
): readonly FieldError[] {
  const items = itemsOf(part);
  const { properties = {} } = part;
  const said = part as Record<string, unknown>;
  return [
    ...valueErrors(part, field, exceptions),
    ...(items ? nestedErrors(items, `${field}.items`) : []),
    ...Object.entries(properties).flatMap(([key, child]) =>
      nestedErrors(child, `${field}.properties[${key}]`),
    ),
    ...Object.entries(forbiddenInParts)
      .filter(([name]) => said[name] !== undefined && said[name] !== false)
      .map(([name, why]) => forbiddenField(`${field}.${name}`, why)),
    ...(properties.metadata
      ? [forbiddenField(`${field}.properties[metadata]`, 'must not be specified in a nested context')]
      : []),
  ];
}

/** Where the part of a combination stands, and the structural schema that it speaks of. */
interface Correspondence {
  field: string;
  partField: string;
  schema: JSONSchemaProps | undefined;
}

/** Fields that parts of combinations speak of have to be described outside of them too. */
function completenessErrors(part: JSONSchemaProps, at: Correspondence): readonly FieldError[] {
  const { schema, field, partField } = at;
  if (!schema) return [required(field, `because it is defined in ${partField}`)];
  const { allOf = [], anyOf = [], oneOf = [], not } = part;
  const inner = (child: JSONSchemaProps, name: string) =>
    nestedCompleteness(child, { ...at, partField: `${partField}.${name}` });
  return [
    ...(not ? inner(not, 'not') : []),
    ...allOf.flatMap((child, i) => inner(child, `allOf[${i}]`)),
    ...anyOf.flatMap((child, i) => inner(child, `anyOf[${i}]`)),
    ...oneOf.flatMap((child, i) => inner(child, `oneOf[${i}]`)),
  ];
}

function nestedCompleteness(part: JSONSchemaProps, at: Correspondence): readonly FieldError[] {
  const { schema, field, partField } = at;
  const errors = [...completenessErrors(part, at)];
  if (!schema) return errors;
  const items = itemsOf(part);
  const below = (name: string, inner: JSONSchemaProps | undefined) => ({
    field: `${field}.${name}`,
    partField: `${partField}.${name}`,
    schema: inner,
  });
  if (items) errors.push(...nestedCompleteness(items, below('items', itemsOf(schema))));
  for (const [key, child] of Object.entries(part.properties ?? {})) {
    const name = `properties[${key}]`;
    errors.push(...nestedCompleteness(child, below(name, propertyOf(schema, key))));
  }
  return errors;
}
