import type { DeviceTaint, DeviceToleration } from '../../../api/resource/v1.ts';
import { duplicate, type FieldError, invalid, invalids } from '../../../machinery/field-error.ts';
import { labelValueErrors } from '../../../machinery/names.ts';
import { each, qualifiedName, repeats, requireSupported, supported } from '../shared/validate.ts';
import { eachUpTo } from './collections.ts';

const effects = ['NoExecute', 'NoSchedule', 'None'];
const maxConditions = 4;

/** A mark on a device. */
export function deviceTaintErrors({ key, value, effect }: DeviceTaint, field: string): readonly FieldError[] {
  return [
    ...qualifiedName(`${field}.key`, key),
    ...(value ? invalids(`${field}.value`, value, labelValueErrors(value)) : []),
    ...requireSupported(`${field}.effect`, effect, effects),
  ];
}

/** What a request puts up with. */
export function deviceTolerationErrors(
  { key, operator, value = '', effect }: DeviceToleration,
  field: string,
): readonly FieldError[] {
  return [
    ...(key ? qualifiedName(`${field}.key`, key) : []),
    ...requireSupported(`${field}.operator`, operator, ['Equal', 'Exists']),
    ...(operator === 'Exists' && value
      ? [invalid(`${field}.value`, value, 'must be empty for operator `Exists`')]
      : []),
    ...(operator === 'Equal' ? invalids(`${field}.value`, value, labelValueErrors(value)) : []),
    ...(effect ? supported(`${field}.effect`, effect, effects) : []),
  ];
}

/** Conditions to wait for and conditions that mean failure: both or none, and no name among both. */
export function bindingConditionErrors(
  { bindingConditions: wanted = [], bindingFailureConditions: failed = [] }: BindingConditions,
  field: string,
): readonly FieldError[] {
  const [good, bad] = [`${field}.bindingConditions`, `${field}.bindingFailureConditions`];
  const rules = { max: maxConditions, validate: (name: string, path: string) => qualifiedName(path, name) };
  const [wantedTwice, failedTwice] = [repeats(), repeats()];
  return [
    ...eachUpTo(good, wanted, rules),
    ...eachUpTo(bad, failed, rules),
    ...each(good, wanted, (name, path) => (wantedTwice(name) ? [duplicate(path, name)] : [])),
    ...each(bad, failed, (name, path) => [
      ...(failedTwice(name) ? [duplicate(path, name)] : []),
      ...(wanted.includes(name)
        ? [invalid(path, name, 'bindingFailureConditions must not overlap with bindingConditions')]
        : []),
    ]),
    ...(wanted.length === 0 && failed.length > 0
      ? [invalid(good, null, 'bindingConditions are required to use bindingFailureConditions')]
      : []),
    ...(failed.length === 0 && wanted.length > 0
      ? [invalid(bad, null, 'bindingFailureConditions are required to use bindingConditions')]
      : []),
  ];
}

interface BindingConditions {
  bindingConditions?: string[];
  bindingFailureConditions?: string[];
}
