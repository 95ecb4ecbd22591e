import type { JSONSchemaProps, ValidationRule } from '../../../api/apiextensions/v1.ts';
import { once, restIfDue } from '../../../machinery/cel/rest.ts';
import type { CelType } from '../../../machinery/cel/types.ts';
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts';
import { type CompiledRule, compilingRules } from '../rules/compile-rules.ts';
import { FieldPathError, findField } from '../rules/field-path.ts';
import { type Measure, measureOf } from '../rules/rule-extent.ts';
import type { RuleCosts } from './rule-costs.ts';

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

export interface RuleSurroundings {
  /** What values are to rules; undefined: expressions are not looked at. */
  type: CelType | undefined;
  uncorrelated?: string | undefined;
  isRoot: boolean;
  costs: RuleCosts;
  /** How many values of the schema one object can have; undefined: no bound but its size. */
  count: number | undefined;
}

/** What is wrong with the rules on one schema: with how they are written, and with their expressions, which can rest (`rest.ts`). */
export function ruleDefinitionErrors(
  field: string,
  schema: JSONSchemaProps,
  around: RuleSurroundings,
): { schema: FieldError[]; rules?: () => readonly FieldError[] } {
  const rules = schema['x-kubernetes-validations'] ?? [];
  const at = (i: number) => `${field}.x-kubernetes-validations[${i}]`;
  const written = rules.flatMap((rule, i) => [
    ...textErrors(at(i), rule),
    ...fieldPathErrors(at(i), rule, schema),
  ]);
  const { type } = around;
  if (written.length > 0 || !type || rules.length === 0) return { schema: written };
  const isObject = around.isRoot || schema['x-kubernetes-embedded-resource'] === true;
  const measuring = once(() => measureOf(schema, isObject));
  const compiling = compilingRules(schema, type);
  const checks = rules.map((_, i) =>
    once(() => {
      restIfDue();
      return compiledErrors(at(i), compiling()[i] as CompiledRule, { ...around, type, measure: measuring() });
    }),
  );
  return { schema: written, rules: once(() => checks.flatMap((check) => check())) };
}

interface CompiledSurroundings extends RuleSurroundings {
  type: CelType;
  measure: Measure | undefined;
}

function compiledErrors(
  field: string,
  compiled: CompiledRule,
  { type, measure, costs, count, uncorrelated }: CompiledSurroundings,
): readonly FieldError[] {
  const costed = measure && { field, compiled, type, measure, count };
  const { rule, error, messageError } = compiled;
  return [
    ...(costed ? costs.ruleErrors(costed) : []),
    ...(error ? [invalid(`${field}.rule`, shown(rule), error)] : []),
    ...(messageError ? [invalid(`${field}.messageExpression`, shown(rule), messageError)] : []),
    ...(costed && !messageError ? costs.messageErrors(costed) : []),
    ...pastErrors(field, compiled, uncorrelated),
  ];
}

const hasBreaks = (text: string) => /[\n\r]/.test(text);

function textErrors(field: string, rule: ValidationRule): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { message = '', messageExpression = '', reason } = rule;
  if (!rule.rule.trim()) errors.push(required(`${field}.rule`, 'rule is not specified'));
  else if (message && !message.trim()) {
    errors.push(invalid(`${field}.message`, message, 'must be non-empty if specified'));
  } else if (hasBreaks(message.trim())) {
    errors.push(invalid(`${field}.message`, message, 'must not contain line breaks'));
  } else if (hasBreaks(rule.rule.trim()) && !message.trim()) {
    const why = 'message must be specified if rule contains line breaks';
    errors.push(required(`${field}.message`, why));
  }
  if (messageExpression && !messageExpression.trim()) {
    const why = 'messageExpression must be non-empty if specified';
    errors.push(required(`${field}.messageExpression`, why));
  }
  if (reason !== undefined && !reasons.includes(reason)) {
    errors.push(notSupported(`${field}.reason`, reason, reasons));
  }
  return errors;
}

function fieldPathErrors(
  field: string,
  { fieldPath = '' }: ValidationRule,
  schema: JSONSchemaProps,
): readonly FieldError[] {
  if (!fieldPath) return [];
  const at = `${field}.fieldPath`;
  const errors: FieldError[] = [];
  if (!fieldPath.trim()) errors.push(invalid(at, fieldPath, 'must be non-empty if specified'));
  if (hasBreaks(fieldPath)) errors.push(invalid(at, fieldPath, 'must not contain line breaks'));
  if (!leadsSomewhere(fieldPath, schema)) errors.push(invalid(at, fieldPath, 'must be a valid path'));
  return errors;
}

function leadsSomewhere(fieldPath: string, schema: JSONSchemaProps): boolean {
  try {
    findField(fieldPath, schema);
    return true;
  } catch (error) {
    if (error instanceof FieldPathError) return false;
    throw error;
  }
}

/** A rule as upstream's answers show it. */
const shown = ({
  rule,
  message = '',
  messageExpression = '',
  reason,
  fieldPath = '',
  optionalOldSelf,
}: ValidationRule) => ({
  Rule: rule,
  Message: message,
  MessageExpression: messageExpression,
  Reason: reason ?? null,
  FieldPath: fieldPath,
  OptionalOldSelf: optionalOldSelf ?? null,
});

/** What is wrong with how a rule looks at what stood there before. */
function pastErrors(
  field: string,
  { rule, usesOldSelf }: CompiledRule,
  uncorrelated: string | undefined,
): readonly FieldError[] {
  if (usesOldSelf && uncorrelated !== undefined) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
    return [invalid(`${field}.rule`, rule.rule, why)];
  }
  if (usesOldSelf || rule.optionalOldSelf === undefined) return [];
  const why = 'may not be set if oldSelf is not used in rule';
  return [invalid(`${field}.optionalOldSelf`, rule.optionalOldSelf, why)];
}
