import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { aggregated } from '../../../machinery/go-text.ts';
import { compileRules } from '../rules/compile-rules.ts';
import { ruleErrors } from '../rules/check-rules.ts';
import { ruleTypeOf } from '../rules/rule-type.ts';
import { pruneValue } from '../schema/prune.ts';
import { embeddedErrors, embeddedMisfit } from '../schema/embedded.ts';
import { itemsOf, metaFields } from '../schema/structure.ts';
import { schemaErrors } from '../schema/validate-value.ts';

interface Around {
  /** Whether defaults may have fields that their schemas do not have. */
  anyFields: boolean;
  /** What leads from an embedded resource to something in its metadata, or to its type: keys, and 0 into a list. */
  inResource?: readonly (string | 0)[] | undefined;
}

/** Defaults that their own schemas would refuse. */
export function defaultErrors(
  field: string,
  schema: JSONSchemaProps,
  { anyFields, inResource }: Around,
): readonly FieldError[] {
  const items = itemsOf(schema);
  const isResource = schema['x-kubernetes-embedded-resource'] === true;
  const here: Around = { anyFields, inResource: isResource ? undefined : inResource };
  const under = (key: string | 0): Around => {
    const begins = isResource && metaFields.has(String(key));
    return { anyFields, inResource: begins ? [key] : here.inResource && [...here.inResource, key] };
  };
  return [
    ...(schema.default === undefined ? [] : ownErrors(`${field}.default`, schema, here)),
    ...(items ? defaultErrors(`${field}.items`, items, under(0)) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
      defaultErrors(`${field}.properties[${key}]`, child, under(key)),
    ),
  ];
}

/** Whether the default of a schema has fields that the schema does not have. */
export const hasUnknownDefaults = (schema: JSONSchemaProps): boolean =>
  schema.default !== undefined && pruneValue(clone(schema.default), schema).length > 0;

function ownErrors(
  field: string,
  schema: JSONSchemaProps,
  { anyFields, inResource }: Around,
): readonly FieldError[] {
  const misfit = inResource && metadataMisfit(schema.default, inResource);
  if (misfit) return [invalid(field, schema.default, `must result in valid metadata: ${misfit}`)];
  const hasUnknown = !inResource && !anyFields && hasUnknownDefaults(schema);
  const errors = hasUnknown ? [invalid(field, schema.default, 'must not have unknown fields')] : [];
  const wrong = schemaErrors(schema.default, schema, { base: field });
  return [...errors, ...(wrong.length > 0 ? wrong : brokenRules(field, schema))];
}

/** Why a resource cannot have a value there; what metadata does not know is no reason, it is passed over. */
function metadataMisfit(value: unknown, path: readonly (string | 0)[]): string | undefined {
  const held = path.reduceRight<unknown>((inner, key) => (key === 0 ? [inner] : { [key]: inner }), value);
  const resource = { apiVersion: 'validation/v1', kind: 'Validation', ...(held as object) };
  const misfit = embeddedMisfit(resource, embedded);
  if (misfit !== undefined) return misfit.slice(1);
  const errors = embeddedErrors(resource, embedded).map(({ field, body }) => `${field.slice(1)}: ${body}`);
  return errors.length > 0 ? aggregated(errors) : undefined;
}

const embedded: JSONSchemaProps = { type: 'object', 'x-kubernetes-embedded-resource': true };

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
