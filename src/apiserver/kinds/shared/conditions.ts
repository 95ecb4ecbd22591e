import type { Condition } from '../../../api/meta/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  noErrors,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { each, nonNegative, qualifiedName, repeats, supported } from './validate.ts';

const maxMessageLength = 32 * 1024;

/** Conditions of a status, each type once. */
export function conditionErrors(
  field: string,
  conditions: readonly Condition[] | undefined,
): readonly FieldError[] {
  const repeated = repeats();
  return each(field, conditions, (condition, path) =>
    allErrors(
      repeated(condition.type) ? [duplicate(`${path}.type`, condition.type)] : noErrors,
      oneCondition(path, condition),
    ),
  );
}

function oneCondition(field: string, condition: Condition): readonly FieldError[] {
  const { type, status, reason, message = '', lastTransitionTime: time } = condition;
  const needed = (name: string, value: unknown) =>
    value ? noErrors : [required(`${field}.${name}`, 'must be set')];
  return allErrors(
    type ? qualifiedName(`${field}.type`, type) : needed('type', type),
    supported(`${field}.status`, status, ['False', 'True', 'Unknown']),
    nonNegative(`${field}.observedGeneration`, condition.observedGeneration),
    needed('lastTransitionTime', time),
    needed('reason', reason),
    byteLength(message) > maxMessageLength ? [tooLong(`${field}.message`, maxMessageLength)] : noErrors,
  );
}
