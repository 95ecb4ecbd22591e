import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { aggregated } from '../../../machinery/go-text.ts';
import { type CostBudget, fullBudget, ruleErrors } from '../rules/check-rules.ts';
import { ruleTree } from '../rules/compile-rules.ts';
import { pruneValue } from '../schema/prune.ts';
import { embeddedErrors, embeddedMisfit } from '../schema/embedded.ts';
import { eachSchema, itemsOf, metaFields } from '../schema/structure.ts';
import { schemaErrors } from '../schema/validate-value.ts';

interface Around {
  /** Whether defaults may have fields that their schemas do not have. */
  anyFields: boolean;
  /** What leads from a resource to something in its metadata, or to its type: keys, and 0 into a list. */
  inResource?: readonly (string | 0)[] | undefined;
  /** What the rules on all defaults may cost yet. */
  budget: CostBudget;
}

/** Defaults that the schema of an object, or their own, would refuse. `anyFields`: they may have fields that their schemas do not have. */
export function defaultErrors(
  field: string,
  schema: JSONSchemaProps,
  { anyFields }: { anyFields: boolean },
): readonly FieldError[] {
  const ofResource = { ...schema, 'x-kubernetes-embedded-resource': true };
  return errorsWithin(field, ofResource, { anyFields, budget: fullBudget() });
}

function errorsWithin(field: string, schema: JSONSchemaProps, around: Around): readonly FieldError[] {
  const items = itemsOf(schema);
  const isResource = schema['x-kubernetes-embedded-resource'] === true;
  const here: Around = { ...around, inResource: isResource ? undefined : around.inResource };
  const under = (key: string | 0): Around => {
    const begins = isResource && metaFields.has(String(key));
    return { ...around, inResource: begins ? [key] : here.inResource && [...here.inResource, key] };
  };
  return [
    ...(schema.default === undefined ? [] : ownErrors(`${field}.default`, schema, here)),
    ...(items ? errorsWithin(`${field}.items`, items, under(0)) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
      errorsWithin(`${field}.properties[${key}]`, child, under(key)),
    ),
  ];
}

/** Whether the default of a schema has fields that the schema does not have. */
export const hasUnknownDefaults = (schema: JSONSchemaProps): boolean =>
  schema.default !== undefined && pruneValue(clone(schema.default), schema).length > 0;

function ownErrors(field: string, schema: JSONSchemaProps, around: Around): readonly FieldError[] {
  const { anyFields, inResource, budget } = around;
  const value = schema.default;
  const hasUnknown = !inResource && !anyFields && hasUnknownDefaults(schema);
  const unknown = hasUnknown ? [invalid(field, value, 'must not have unknown fields')] : [];
  const misfits = inResource
    ? metadataErrors(field, value, inResource)
    : resourceErrors(field, value, schema);
  if (misfits.length > 0) return [...unknown, ...misfits];
  const wrong = schemaErrors(value, schema, { base: field });
  return [...unknown, ...(wrong.length > 0 ? wrong : brokenRules(field, schema, budget))];
}

/** What is wrong with resources in a value. */
function resourceErrors(field: string, value: unknown, schema: JSONSchemaProps): readonly FieldError[] {
  const misfit = embeddedMisfit(value, schema, field);
  return misfit ? [misfit] : embeddedErrors(value, schema, field);
}

/** Why a resource cannot have a value there; what metadata does not know is no reason, it is passed over. */
function metadataErrors(field: string, value: unknown, path: readonly (string | 0)[]): readonly FieldError[] {
  const held = path.reduceRight<unknown>((inner, key) => (key === 0 ? [inner] : { [key]: inner }), value);
  const resource = { apiVersion: 'validation/v1', kind: 'Validation', ...(held as object) };
  const errors = resourceErrors('', resource, embedded).map(
    (error) => `${error.field.slice(1)}: ${error.body}`,
  );
  return errors.length > 0
    ? [invalid(field, value, `must result in valid metadata: ${aggregated(errors)}`)]
    : [];
}

const embedded: JSONSchemaProps = { type: 'object', 'x-kubernetes-embedded-resource': true };

/** Rules that a default breaks where it stood there before, or else where nothing did. */
function brokenRules(field: string, schema: JSONSchemaProps, budget: CostBudget): readonly FieldError[] {
  const node = ruleTree(schema, schema['x-kubernetes-embedded-resource'] === true);
  if (!node) return [];
  const value = schema.default;
  const given = budget.left;
  const errorsWith = (old?: { value: unknown }) => {
    const own = { left: given };
    const errors = ruleErrors(value, node, { old, budget: own });
    budget.left = Math.min(budget.left, own.left);
    return errors;
  };
  const kept = errorsWith({ value });
  const broken = kept.length > 0 || !asksForPast(schema) ? kept : errorsWith();
  return broken.map((error) => ({
    ...error,
    field: within(field, error.field),
  }));
}

/** Whether some rule is for values too that nothing was before. */
function asksForPast(schema: JSONSchemaProps): boolean {
  let found = false;
  eachSchema(schema, (part) => {
    found ||= part['x-kubernetes-validations']?.some((rule) => rule.optionalOldSelf) ?? false;
  });
  return found;
}

/** The path of a field that is known from a value on. */
function within(field: string, path: string): string {
  if (path === '<nil>') return field;
  return path.startsWith('[') ? field + path : `${field}.${path}`;
}
