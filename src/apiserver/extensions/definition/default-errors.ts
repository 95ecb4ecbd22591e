import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { effort, once, restIfDue } from '../../../machinery/cel/rest.ts';
import { type FieldError, invalid, noErrors } from '../../../machinery/field-error.ts';
import { aggregated } from '../../../machinery/go-text.ts';
import { checkingRules, type CostBudget, fullBudget } from '../rules/check-rules.ts';
import { compilingTree } from '../rules/compile-rules.ts';
import { pruneValue } from '../schema/prune.ts';
import { embeddedErrors, embeddedMisfit } from '../schema/embedded.ts';
import { eachSchema, itemsOf, metaFields } from '../schema/structure.ts';
import { schemaErrors } from '../schema/validate-value.ts';

interface Around {
  /** What leads from a resource to something in its metadata, or to its type: keys, and 0 into a list. */
  inResource?: readonly (string | 0)[] | undefined;
}

/** What a look at a default takes besides its rules, in units of cost. */
const effortPerDefault = 20;

/** A schema that has a default. */
interface Defaulted extends Around {
  field: string;
  schema: JSONSchemaProps;
}

/**
 * Defaults that the schema of an object, or their own, would refuse. `anyFields`: they may have fields that their schemas do not have.
 * Can rest: what this gives is called until it does not throw Pause.
 */
export function checkingDefaults(
  field: string,
  schema: JSONSchemaProps,
  { anyFields }: { anyFields: boolean },
): () => readonly FieldError[] {
  const ofResource = { ...schema, 'x-kubernetes-embedded-resource': true };
  const budget = fullBudget();
  const checks = defaultsWithin(field, ofResource, {}).map((one) =>
    once(() => {
      restIfDue();
      effort(effortPerDefault);
      return checking(one, { anyFields, budget });
    }),
  );
  return () => checks.flatMap((check) => check()());
}

/** Finds the defaults of a schema, each before those in it. */
function defaultsWithin(field: string, schema: JSONSchemaProps, around: Around): Defaulted[] {
  const items = itemsOf(schema);
  const isResource = schema['x-kubernetes-embedded-resource'] === true;
  const inResource = isResource ? undefined : around.inResource;
  const under = (key: string | 0): Around => {
    const begins = isResource && metaFields.has(String(key));
    return { inResource: begins ? [key] : inResource && [...inResource, key] };
  };
  return [
    ...(schema.default === undefined ? [] : [{ field: `${field}.default`, schema, inResource }]),
    ...(items ? defaultsWithin(`${field}.items`, items, under(0)) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
      defaultsWithin(`${field}.properties[${key}]`, child, under(key)),
    ),
  ];
}

/** Whether the default of a schema has fields that the schema does not have. */
export const hasUnknownDefaults = (schema: JSONSchemaProps): boolean =>
  schema.default !== undefined && pruneValue(clone(schema.default), schema).length > 0;

interface Checked {
  anyFields: boolean;
  /** What the rules on all defaults may cost yet. */
  budget: CostBudget;
}

function checking(
  { field, schema, inResource }: Defaulted,
  { anyFields, budget }: Checked,
): () => readonly FieldError[] {
  const value = schema.default;
  const hasUnknown = !inResource && !anyFields && hasUnknownDefaults(schema);
  const unknown = hasUnknown ? [invalid(field, value, 'must not have unknown fields')] : [];
  const misfits = inResource
    ? metadataErrors(field, value, inResource)
    : resourceErrors(field, value, schema);
  const wrong = misfits.length > 0 ? misfits : schemaErrors(value, schema, { base: field });
  if (wrong.length > 0) return () => [...unknown, ...wrong];
  const rules = checkingOwnRules(field, schema, budget);
  return once(() => [...unknown, ...rules()]);
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
function checkingOwnRules(
  field: string,
  schema: JSONSchemaProps,
  budget: CostBudget,
): () => readonly FieldError[] {
  const compiling = compilingTree(schema, schema['x-kubernetes-embedded-resource'] === true);
  const value = schema.default;
  const begin = once(() => {
    const node = compiling();
    if (!node) return undefined;
    const given = budget.left;
    const check = (old?: { value: unknown }) => {
      const own = { left: given };
      const rules = checkingRules(value, node, { old, budget: own });
      return once(() => {
        const errors = rules();
        budget.left = Math.min(budget.left, own.left);
        return errors;
      });
    };
    return { kept: check({ value }), made: check() };
  });
  return () => {
    const checks = begin();
    if (!checks) return noErrors;
    const kept = checks.kept();
    const broken = kept.length > 0 || !asksForPast(schema) ? kept : checks.made();
    return broken.map((error) => ({ ...error, field: within(field, error.field) }));
  };
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
