import type { MatchCondition, MutatingWebhookConfiguration } from '../../../api/admissionregistration/v1.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { compilingPolicy } from '../policies/compiled-policy.ts';
import { compileBool } from './compile.ts';
import type { Configuration } from './expression-check.ts';

type Findings = Generator<void, FieldError[]>;

/** Finds what is wrong with the expressions of a configuration of admission; yields before each (`resting`). */
export function* expressionErrors(configuration: Configuration): Findings {
  if (!('spec' in configuration)) return yield* webhookErrors(configuration);
  const { matchConditions, paramKind } = configuration.spec;
  const errors = yield* conditionErrors('spec.matchConditions', matchConditions, paramKind !== undefined);
  yield* compilingPolicy(configuration, (field, expression, error) => {
    errors.push(invalid(field, expression, error.message));
  });
  return errors;
}

function* webhookErrors({ webhooks = [] }: MutatingWebhookConfiguration): Findings {
  const errors: FieldError[] = [];
  for (const [i, { matchConditions }] of webhooks.entries()) {
    errors.push(...(yield* conditionErrors(`webhooks[${i}].matchConditions`, matchConditions, false)));
  }
  return errors;
}

function* conditionErrors(field: string, conditions: MatchCondition[] = [], params: boolean): Findings {
  const errors: FieldError[] = [];
  for (const [i, { expression }] of conditions.entries()) {
    yield;
    const text = expression.trim();
    try {
      compileBool(text, { authorizer: true, params });
    } catch (error) {
      errors.push(invalid(`${field}[${i}].expression`, text, (error as Error).message));
    }
  }
  return errors;
}
