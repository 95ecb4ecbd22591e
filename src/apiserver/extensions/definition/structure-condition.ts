import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../../api/apiextensions/v1.ts';
import { aggregated } from '../../../machinery/go-text.ts';
import { structuralErrors, unstructuredReason } from './structural-errors.ts';

/** The type of the condition that tells of schemas without structure. */
export const nonStructural = 'NonStructuralSchema';

/**
 * What a definition's status says of its schemas where they are not structural, or unknown fields are kept: there may be the one only
 * with the other, and neither in a new definition. Undefined elsewhere.
 */
export function structureCondition({
  spec: { preserveUnknownFields, versions },
}: CustomResourceDefinition): CustomResourceDefinitionCondition | undefined {
  if (!preserveUnknownFields) return undefined;
  const violations = ['spec.preserveUnknownFields: Invalid value: true: must be false'];
  for (const [i, { name, schema }] of versions.entries()) {
    const root = schema?.openAPIV3Schema;
    const why = root && unstructuredReason(root);
    if (why) {
      const message = `failed to check validation schema for version ${name}: ${why}`;
      return { type: nonStructural, status: 'Unknown', reason: 'StructuralError', message };
    }
    const errors = root ? structuralErrors(`spec.versions[${i}].schema.openAPIV3Schema`, root) : [];
    violations.push(...errors.map(({ field, body }) => `${field}: ${body}`));
  }
  const message = aggregated(violations);
  return { type: nonStructural, status: 'True', reason: 'Violations', message };
}
