import type { CustomResourceDefinitionSpec, JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { eachSchema } from '../schema/structure.ts';
import { hasUnknownDefaults } from './default-errors.ts';
import { isUnstructured } from './structural-errors.ts';
import { hasLooseItems, isCompositeSet, type ListTolerance } from './list-type-definition.ts';

/** What no new definition may have, and a definition that has it may keep. */
export interface Tolerance extends ListTolerance {
  unknownTypes: boolean;
  /** Defaults with fields that their schemas do not have. */
  unknownDefaults: boolean;
  /** Schemas that are not structural, where unknown fields are kept everywhere. */
  noStructure: boolean;
}

/** The types that a schema may name. */
export const schemaTypes = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** What a definition has so far that new ones may not have. */
export function toleranceOf(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec | undefined,
): Tolerance {
  const parts = partsOf(old);
  return {
    unknownTypes: parts.some(({ type }) => type && !schemaTypes.includes(type)),
    compositeSets: parts.some(isCompositeSet),
    looseItems: parts.some(hasLooseItems),
    unknownDefaults: parts.some(hasUnknownDefaults),
    noStructure:
      spec.preserveUnknownFields === true &&
      !partsOf(spec).some(needsStructure) &&
      schemasOf(old).some(isUnstructured),
  };
}

const schemasOf = (spec: CustomResourceDefinitionSpec | undefined): JSONSchemaProps[] =>
  (spec?.versions ?? []).flatMap(({ schema }) => schema?.openAPIV3Schema ?? []);

/** All schemas of a definition and all within them. */
function partsOf(spec: CustomResourceDefinitionSpec | undefined): JSONSchemaProps[] {
  const parts: JSONSchemaProps[] = [];
  for (const schema of schemasOf(spec)) eachSchema(schema, (part) => parts.push(part));
  return parts;
}

const needsStructure = (schema: JSONSchemaProps) =>
  schema.default !== undefined || Object.keys(schema).some((name) => name.startsWith('x-kubernetes-'));
