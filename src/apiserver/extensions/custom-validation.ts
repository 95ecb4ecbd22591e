import type { CustomResourceSubresourceScale, JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { type FieldError, invalid, noErrors } from '../../machinery/field-error.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { inTurns } from '../../machinery/cel/rest.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';
import type { Findings, ValidatedWrite } from '../registry/kind.ts';
import { accessError, integerAt } from './paths.ts';
import { checkingRules } from './rules/check-rules.ts';
import type { RuleNode } from './rules/compile-rules.ts';
import { embeddedErrors } from './schema/embedded.ts';
import { listTypeErrors } from './schema/list-types.ts';
import { propertyOf } from './schema/structure.ts';
import { schemaErrors } from './schema/validate-value.ts';

/** What the objects of one version are held to. */
export interface Validation {
  schema: JSONSchemaProps;
  /** Compiled when first asked for, which can rest. */
  rules(): RuleNode | undefined;
  scale: CustomResourceSubresourceScale | undefined;
}

export interface CustomWrite {
  object: KubernetesObject;
  /** Undefined on creation. */
  old?: KubernetesObject;
  /** Only the status is written. */
  part?: 'status';
}

/** What is wrong with a custom resource besides its metadata and by the rules of its schema. */
export function customErrors(validation: Validation, write: CustomWrite): readonly FieldError[] {
  const { schema } = validation;
  const { object, old, part } = write;
  return [
    ...bySchema(validation, write),
    ...scaleErrors(validation, write),
    ...(part ? [] : embeddedErrors(object, schema)),
    ...(old && listTypeErrors(old, schema).length > 0 ? [] : listTypeErrors(object, schema)),
  ];
}

/** What is wrong with it by those rules. */
export function customRuleErrors(
  validation: Validation,
  { object, old, found, context, signal }: ValidatedWrite,
): Findings {
  let checking: (() => readonly FieldError[]) | undefined;
  return inTurns(() => {
    const rules = validation.rules();
    if (!rules) return noErrors;
    if (found.some(({ type }) => blocking.has(type))) return [unchecked];
    const past = old && { old: { value: old } };
    checking ??= checkingRules(object, rules, { ...past, warn: (message) => context.warn(message) });
    return checking();
  }, signal);
}

/** After these, rules could only stumble over what has been said already. */
const blocking = new Set<FieldError['type']>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

const unchecked = invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function bySchema({ schema }: Validation, { object, old, part }: CustomWrite): readonly FieldError[] {
  if (!part) return schemaErrors(object, schema, old && { old: { value: old } });
  const status = propertyOf(schema, part);
  const [now, before] = [object as { status?: unknown }, old as { status?: unknown }];
  if (!status || now.status === undefined) return [];
  return schemaErrors(now.status, status, { base: part, old: { value: before.status } });
}

const maxReplicas = 2 ** 31 - 1;

function scaleErrors({ scale }: Validation, { object, part }: CustomWrite): readonly FieldError[] {
  if (!scale) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return [
    ...(part ? [] : replicaErrors(object, specReplicasPath)),
    ...replicaErrors(object, statusReplicasPath),
    ...(labelSelectorPath ? selectorErrors(object, labelSelectorPath) : []),
  ];
}

function replicaErrors(object: KubernetesObject, path: string): readonly FieldError[] {
  const fault = accessError(object, path, 'int64');
  if (fault) return [invalid(path, 0, fault)];
  const value = integerAt(object, path) ?? 0;
  if (value < 0) return [invalid(path, value, 'should be a non-negative integer')];
  if (value <= maxReplicas) return [];
  return [invalid(path, value, `should be less than or equal to ${maxReplicas}`)];
}

function selectorErrors(object: KubernetesObject, path: string): readonly FieldError[] {
  const fault = accessError(object, path, 'string');
  return fault ? [invalid(path, '', fault)] : [];
}

const standardFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Advice on finalizers that are new, whose names could be those of others. */
export function finalizerWarnings(object: KubernetesObject, old: KubernetesObject | undefined): string[] {
  const before = old?.metadata.finalizers ?? [];
  const added = (object.metadata.finalizers ?? []).filter((name) => !before.includes(name)).sort();
  return added.flatMap((name) => {
    const head = `metadata.finalizers: ${goQuote(name)}: `;
    const wrong = qualifiedNameErrors(name).map((why) => head + why);
    if (name.includes('/') || standardFinalizers.has(name)) return wrong;
    const path = name.includes('.') ? ' including a path (/)' : '';
    const why = `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`;
    return [...wrong, head + why];
  });
}
