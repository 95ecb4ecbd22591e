import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { itemsOf, propertyOf } from '../schema/structure.ts';

/** Lists that no new definition may have, and a definition that has them may keep. */
export interface ListTolerance {
  /** Those whose elements are told apart by their values, and have parts. */
  compositeSets: boolean;
  /** Those whose elements may lack what tells them apart. */
  looseItems: boolean;
}

/** What is wrong with how a schema says that a list merges; what is tolerated was so before. */
export function listTypeDefinitionErrors(
  field: string,
  schema: JSONSchemaProps,
  tolerated: ListTolerance,
): readonly FieldError[] {
  return [
    ...typeErrors(field, schema, tolerated.compositeSets),
    ...keyPresenceErrors(field, schema),
    ...(schema['x-kubernetes-list-type'] === 'map' ? mapErrors(field, schema) : []),
    ...(tolerated.looseItems ? [] : itemErrors(field, schema)),
  ];
}

/** Whether the elements of a list are told apart by their values, and have parts. */
export const isCompositeSet = (schema: JSONSchemaProps): boolean =>
  schema['x-kubernetes-list-type'] === 'set' && setErrors('', itemsOf(schema)).length > 0;

/** Whether elements of a list may lack what tells them apart. */
export const hasLooseItems = (schema: JSONSchemaProps): boolean => itemErrors('', schema).length > 0;

function typeErrors(field: string, schema: JSONSchemaProps, anySet: boolean): readonly FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined) return [];
  const errors: FieldError[] = [];
  const why = 'must be array if x-kubernetes-list-type is specified';
  if (!schema.type) errors.push(required(`${field}.type`, why));
  else if (schema.type !== 'array') errors.push(invalid(`${field}.type`, schema.type, why));
  else if (listType === 'set' && !anySet) errors.push(...setErrors(`${field}.items`, itemsOf(schema)));
  if (!['atomic', 'set', 'map'].includes(listType)) {
    errors.push(notSupported(`${field}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  }
  return errors;
}

/** The elements of a set are one value each. */
function setErrors(field: string, items: JSONSchemaProps | undefined): readonly FieldError[] {
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items?.['x-kubernetes-list-type'];
  if (items?.type === 'array' && listType !== undefined && listType !== 'atomic') {
    return [invalid(`${field}.x-kubernetes-list-type`, listType, why)];
  }
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [invalid(`${field}.x-kubernetes-map-type`, listType ?? null, why)];
  }
  return [];
}

function keyPresenceErrors(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const name = `${field}.x-kubernetes-list-type`;
  const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
  if (!schema['x-kubernetes-list-map-keys']?.length || listType === 'map') return [];
  return [listType === undefined ? required(name, why) : invalid(name, listType, why)];
}

function mapErrors(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const items = itemsOf(schema);
  const errors: FieldError[] = [];
  if (keys.length === 0) {
    const why = 'must not be empty if x-kubernetes-list-type is map';
    errors.push(required(`${field}.x-kubernetes-list-map-keys`, why));
  }
  if (schema.items === undefined) {
    errors.push(required(`${field}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  }
  if (items && items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(invalid(`${field}.items.type`, items.type ?? '', why));
  }
  if (items?.type === 'object') errors.push(...keyErrors(field, items, keys));
  return errors;
}

function keyErrors(field: string, items: JSONSchemaProps, keys: readonly string[]): readonly FieldError[] {
  const name = `${field}.x-kubernetes-list-map-keys`;
  return keys.flatMap((key, i) => {
    const property = propertyOf(items, key);
    const errors: FieldError[] = [];
    if (!property) errors.push(invalid(name, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalid(`${field}.items.properties[${key}].type`, items.type, why));
    }
    if (keys.indexOf(key) < i) errors.push(invalid(name, keys, 'must not contain duplicate entries'));
    return errors;
  });
}

/** What tells the elements of a list apart must be there. */
function itemErrors(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const items = itemsOf(schema);
  if (!items || (listType !== 'set' && listType !== 'map')) return [];
  const whyNot = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
  const errors = items.nullable ? [forbiddenField(`${field}.items.nullable`, whyNot)] : [];
  if (listType === 'set') return errors;
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = propertyOf(items, key);
    if (!property) continue;
    const at = `${field}.items.properties[${key}]`;
    const isIn = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!items.required?.includes(key) && property.default === undefined) {
      errors.push(required(`${at}.default`, `${isIn} must have a default or be a required property`));
    }
    if (property.nullable) errors.push(forbiddenField(`${at}.nullable`, `${isIn} cannot be nullable`));
  }
  return errors;
}
