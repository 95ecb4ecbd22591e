import type { Condition } from '../../../api/meta/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  invalid,
  invalids,
  noErrors,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { regexError } from '../../../machinery/names.ts';
import { each, qualifiedName, repeats, supported } from './validate.ts';

const maxReasonLength = 1024;
const maxMessageLength = 32 * 1024;

/** Conditions of a status, each type once. */
export function conditionErrors(
  field: string,
  conditions: readonly Condition[] | undefined,
): readonly FieldError[] {
  const repeated = repeats();
  return each(field, conditions, (condition, path) =>
    allErrors(
      repeated(condition.type ?? '') ? [duplicate(`${path}.type`, condition.type ?? '')] : noErrors,
      oneCondition(path, condition),
    ),
  );
}

function oneCondition(field: string, condition: Condition): readonly FieldError[] {
  const { type = '', status, reason, message = '', lastTransitionTime: time } = condition;
  const { observedGeneration: generation = 0 } = condition;
  return allErrors(
    qualifiedName(`${field}.type`, type),
    supported(`${field}.status`, status, ['False', 'True', 'Unknown']),
    generation < 0
      ? [invalid(`${field}.observedGeneration`, generation, 'must be greater than or equal to zero')]
      : noErrors,
    time ? noErrors : [required(`${field}.lastTransitionTime`)],
    reason ? reasonErrors(`${field}.reason`, reason) : [required(`${field}.reason`)],
    byteLength(message) > maxMessageLength ? [tooLong(`${field}.message`, maxMessageLength)] : noErrors,
  );
}

const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const wholeReason = new RegExp(`^${reasonPattern}$`);
const reasonMessage = regexError(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  reasonPattern,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
);

function reasonErrors(field: string, reason: string): readonly FieldError[] {
  return allErrors(
    wholeReason.test(reason) ? noErrors : invalids(field, reason, [reasonMessage]),
    byteLength(reason) > maxReasonLength ? [tooLong(field, maxReasonLength)] : noErrors,
  );
}
