import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { compileRules } from '../rules/compile-rules.ts';
import { ruleErrors } from '../rules/check-rules.ts';
import { ruleTypeOf } from '../rules/rule-type.ts';
import { pruneValue } from '../schema/prune.ts';
import { itemsOf } from '../schema/structure.ts';
import { schemaErrors } from '../schema/validate-value.ts';

/** Defaults that their own schemas would refuse; `anyFields`: not for fields that these do not have. */
export function defaultErrors(
  field: string,
  schema: JSONSchemaProps,
  anyFields: boolean,
): readonly FieldError[] {
  const items = itemsOf(schema);
  return [
    ...(schema.default === undefined ? [] : ownErrors(`${field}.default`, schema, anyFields)),
    ...(items ? defaultErrors(`${field}.items`, items, anyFields) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
      defaultErrors(`${field}.properties[${key}]`, child, anyFields),
    ),
  ];
}

/** Whether the default of a schema has fields that the schema does not have. */
export const hasUnknownDefaults = (schema: JSONSchemaProps): boolean =>
  schema.default !== undefined && pruneValue(clone(schema.default), schema).length > 0;

function ownErrors(field: string, schema: JSONSchemaProps, anyFields: boolean): readonly FieldError[] {
  const hasUnknown = !anyFields && hasUnknownDefaults(schema);
  const errors = hasUnknown ? [invalid(field, schema.default, 'must not have unknown fields')] : [];
  const wrong = schemaErrors(schema.default, schema, { base: field });
  return [...errors, ...(wrong.length > 0 ? wrong : brokenRules(field, schema))];
}

function brokenRules(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  const type = ruleTypeOf(schema, 'selfType', false);
  if (!type || !schema['x-kubernetes-validations']?.length) return [];
  const rules = compileRules(schema, type);
  const node = { schema, type, rules, properties: new Map() };
  return ruleErrors(schema.default, node, { warn: () => {} }).map((error) => ({
    ...error,
    field: error.field === '<nil>' ? field : `${field}.${error.field}`,
  }));
}
