import type { CustomResourceDefinitionSpec, JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { eachSchema } from '../schema/structure.ts';
import { hasUnknownDefaults } from './default-errors.ts';
import { hasLooseItems, isCompositeSet, type ListTolerance } from './list-type-definition.ts';

/** What no new definition may have, and a definition that has it may keep. */
export interface Tolerance extends ListTolerance {
  unknownTypes: boolean;
  /** Defaults with fields that their schemas do not have. */
  unknownDefaults: boolean;
}

/** The types that a schema may name. */
export const schemaTypes = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** What a definition has so far that new ones may not have. */
export function toleranceOf(old: CustomResourceDefinitionSpec | undefined): Tolerance {
  const schemas: JSONSchemaProps[] = [];
  for (const { schema } of old?.versions ?? []) {
    if (schema?.openAPIV3Schema) eachSchema(schema.openAPIV3Schema, (part) => schemas.push(part));
  }
  return {
    unknownTypes: schemas.some(({ type }) => type && !schemaTypes.includes(type)),
    compositeSets: schemas.some(isCompositeSet),
    looseItems: schemas.some(hasLooseItems),
    unknownDefaults: schemas.some(hasUnknownDefaults),
  };
}
