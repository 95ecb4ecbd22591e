import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { once } from '../../../machinery/cel/rest.ts';
import type { CelType } from '../../../machinery/cel/types.ts';
import { fieldNameInRules, ruleTypeOf } from '../rules/rule-type.ts';
import { itemsOf, metaFields, valuesOf } from '../schema/structure.ts';
import { listTypeDefinitionErrors } from './list-type-definition.ts';
import { childrenPerValue, RuleCosts } from './rule-costs.ts';
import { ruleDefinitionErrors } from './rule-definition.ts';
import { isSet } from './structural-errors.ts';
import { schemaTypes, type Tolerance } from './tolerance.ts';

/** What is known of a schema from what stands around it. */
interface Surroundings {
  isRoot: boolean;
  isInMetadata: boolean;
  /** Why there may be no default. */
  noDefaults?: string | undefined;
  /** The nearest place around it whose past nobody can tell, so that rules cannot compare with it. */
  uncorrelated?: string | undefined;
  /** What values are to rules; undefined where rules are not looked at. */
  type: CelType | undefined;
  costs: RuleCosts;
  tolerated: Tolerance;
  /** How many values of the schema one object can have; undefined: no bound but its size. */
  count: number | undefined;
}

/** What is found wrong: rules are only looked at where the schema below them is sound. */
interface Findings {
  schema: FieldError[];
  /** What is wrong with rules, found out one after the other. */
  rules: (() => readonly FieldError[])[];
}

/**
 * What is wrong with a schema and its rules, besides whether it is structural. `sound`: it is. `isAsBefore`: it stood there. Can rest: what
 * this gives is called until it does not throw Pause.
 */
export function checkingSchemaDefinition(
  field: string,
  schema: JSONSchemaProps,
  { sound, isAsBefore, tolerated }: { sound: boolean; isAsBefore: boolean; tolerated: Tolerance },
): () => readonly FieldError[] {
  const type = sound ? ruleTypeOf(schema, 'selfType', true) : undefined;
  const costs = new RuleCosts(isAsBefore);
  const around = { isRoot: true, isInMetadata: false, type, costs, tolerated, count: 1 };
  const found = findingsOf(field, schema, around);
  const finding = once(() => found.rules.flatMap((rules) => rules()));
  return () => [...found.schema, ...finding(), ...costs.totalErrors(field)];
}

function findingsOf(field: string, schema: JSONSchemaProps, around: Surroundings): Findings {
  const found: Findings = { schema: [...ownErrors(field, schema, around)], rules: [] };
  const add = (inner: Findings) => {
    found.schema.push(...inner.schema);
    found.rules.push(...inner.rules);
  };
  addValues(field, schema, { around, add });
  addProperties(field, schema, { around, add });
  addCombinations(field, schema, { around, add });
  addItems(field, schema, { around, add });
  found.schema.push(
    ...openErrors(field, schema),
    ...mapTypeErrors(field, schema),
    ...listTypeDefinitionErrors(field, schema, around.tolerated),
  );
  const checked = ruleDefinitionErrors(field, schema, {
    ...around,
    type: found.schema.length === 0 ? around.type : undefined,
  });
  found.schema.push(...checked.schema);
  if (checked.rules) found.rules.push(checked.rules);
  return found;
}

interface Walk {
  around: Surroundings;
  add(inner: Findings): void;
}

/** How many values of a schema's children one object can have. */
function countBelow({ count }: Surroundings, schema: JSONSchemaProps): number | undefined {
  const each = childrenPerValue(schema);
  return count === undefined || each === undefined ? undefined : count * each;
}

function addValues(field: string, schema: JSONSchemaProps, { around, add }: Walk): void {
  const values = valuesOf(schema);
  if (!values) return;
  const reason = 'inside additionalProperties applying to object metadata';
  const type = around.type?.kind === 'map' ? around.type.value : undefined;
  const noDefaults = around.isInMetadata ? reason : around.noDefaults;
  const count = countBelow(around, schema);
  const inner = { ...around, isRoot: false, noDefaults, type, count };
  add(findingsOf(`${field}.additionalProperties`, values, inner));
}

function addProperties(field: string, schema: JSONSchemaProps, { around, add }: Walk): void {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const isMeta =
      (around.isRoot || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(key);
    add(
      findingsOf(`${field}.properties[${key}]`, child, {
        isRoot: false,
        isInMetadata: around.isInMetadata || isMeta,
        noDefaults: isMeta && around.isRoot ? `in top-level ${key}` : around.noDefaults,
        uncorrelated: around.uncorrelated ?? (isKnownMap(schema) ? undefined : field),
        type: around.type && propertyType(around.type, key, child),
        costs: around.costs,
        tolerated: around.tolerated,
        count: countBelow(around, schema),
      }),
    );
  }
}

function propertyType(type: CelType, key: string, child: JSONSchemaProps): CelType | undefined {
  const known = type.kind === 'object' ? type.fields.get(fieldNameInRules(key) ?? '')?.type : undefined;
  return known ?? ruleTypeOf(child, key, child['x-kubernetes-embedded-resource'] ?? false);
}

function addCombinations(field: string, schema: JSONSchemaProps, { around, add }: Walk): void {
  const inner = { ...around, isRoot: false, type: undefined };
  const { not, allOf = [], oneOf = [], anyOf = [] } = schema;
  if (not) add(findingsOf(`${field}.not`, not, inner));
  for (const [name, parts] of Object.entries({ allOf, oneOf, anyOf })) {
    for (const [i, part] of parts.entries()) add(findingsOf(`${field}.${name}[${i}]`, part, inner));
  }
}

function addItems(field: string, schema: JSONSchemaProps, { around, add }: Walk): void {
  const items = itemsOf(schema);
  if (!items) return;
  const isMap = schema['x-kubernetes-list-type'] === 'map';
  const uncorrelated = around.uncorrelated ?? (isMap ? undefined : field);
  const type = around.type?.kind === 'list' ? around.type.element : undefined;
  const count = countBelow(around, schema);
  add(findingsOf(`${field}.items`, items, { ...around, isRoot: false, uncorrelated, type, count }));
}

function ownErrors(field: string, schema: JSONSchemaProps, around: Surroundings): readonly FieldError[] {
  const errors: FieldError[] = [];
  const forbid = (name: string, why: string) => errors.push(forbiddenField(`${field}.${name}`, why));
  if (schema.type && !schemaTypes.includes(schema.type) && !around.tolerated.unknownTypes) {
    errors.push(notSupported(`${field}.type`, schema.type, schemaTypes));
  }
  if (schema.default !== undefined && around.noDefaults)
    forbid('default', `must not be set ${around.noDefaults}`);
  for (const name of unsupported) if (isSet(schema[name])) forbid(name, `${name} is not supported`);
  if (schema.type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative');
  if (Array.isArray(schema.items)) forbid('items', 'items must be a schema object and not an array');
  if (around.isInMetadata && schema['x-kubernetes-embedded-resource']) {
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  }
  if (schema.uniqueItems) {
    forbid('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  }
  const { properties = {}, additionalProperties: more } = schema;
  if (more !== undefined && more !== true && Object.keys(properties).length > 0) {
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive');
  }
  return errors;
}

function openErrors(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  if (schema['x-kubernetes-preserve-unknown-fields'] !== false) return [];
  return [invalid(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')];
}

const unsupported = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
] as const;

const mapTypes = ['atomic', 'granular'];
const isKnownMap = ({ 'x-kubernetes-map-type': type }: JSONSchemaProps) =>
  type === undefined || mapTypes.includes(type);

function mapTypeErrors(field: string, schema: JSONSchemaProps): readonly FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const why = 'must be object if x-kubernetes-map-type is specified';
  const errors: FieldError[] = [];
  if (!schema.type) errors.push(required(`${field}.type`, why));
  else if (schema.type !== 'object') errors.push(invalid(`${field}.type`, schema.type, why));
  if (!isKnownMap(schema)) {
    errors.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, mapTypes));
  }
  return errors;
}
