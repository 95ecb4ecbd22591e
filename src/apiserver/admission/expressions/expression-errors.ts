import type { MatchCondition, MutatingWebhookConfiguration } from '../../../api/admissionregistration/v1.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { compilePolicy } from '../policies/compiled-policy.ts';
import { compileBool } from './compile.ts';
import type { Configuration } from './expression-check.ts';

/** What is wrong with the expressions of a configuration of admission. */
export function expressionErrors(configuration: Configuration): readonly FieldError[] {
  if (!('spec' in configuration)) return webhookErrors(configuration);
  const { matchConditions, paramKind } = configuration.spec;
  const errors = [...conditionErrors('spec.matchConditions', matchConditions, paramKind !== undefined)];
  compilePolicy(configuration, (field, expression, error) => {
    errors.push(invalid(field, expression, error.message));
  });
  return errors;
}

function webhookErrors({ webhooks = [] }: MutatingWebhookConfiguration): readonly FieldError[] {
  return webhooks.flatMap(({ matchConditions }, i) =>
    conditionErrors(`webhooks[${i}].matchConditions`, matchConditions, false),
  );
}

function conditionErrors(
  field: string,
  conditions: MatchCondition[] = [],
  params: boolean,
): readonly FieldError[] {
  return conditions.flatMap(({ expression }, i) => {
    try {
      compileBool(expression.trim(), { authorizer: true, params });
      return [];
    } catch (error) {
      return [invalid(`${field}[${i}].expression`, expression.trim(), (error as Error).message)];
    }
  });
}
