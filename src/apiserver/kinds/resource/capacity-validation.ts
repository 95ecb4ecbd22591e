import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  DeviceCapacity,
} from '../../../api/resource/v1.ts';
import { type FieldError, forbiddenField, invalid, required } from '../../../machinery/field-error.ts';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  quantitySign,
  scaledValue,
} from '../../../machinery/quantity.ts';
import { each, notNegativeMessage } from '../shared/validate.ts';
import { eachOnce } from './collections.ts';

const maxChoices = 10;
const maxInt64 = '9223372036854775807';

/** An amount of a device that several claims may share, and how much a request may take. */
export function sharedCapacityErrors(
  field: string,
  { value = '0', requestPolicy }: DeviceCapacity,
): readonly FieldError[] {
  if (!requestPolicy) return [];
  const { validValues = [], validRange, default: usual } = requestPolicy;
  const path = `${field}.requestPolicy`;
  if (validValues.length > 0 && validRange) {
    const why =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [forbiddenField(path, why)];
  }
  const named = validValues.length > 0 ? 'validValues' : 'validRange';
  if (validValues.length === 0 && !validRange) return [];
  if (usual === undefined || usual === null)
    return [required(`${path}.default`, `required when ${named} is defined`)];
  const policy = { usual, capacity: value };
  return validRange
    ? rangeErrors(`${path}.validRange`, validRange, policy)
    : choiceErrors(`${path}.validValues`, validValues, policy);
}

/** An amount of a device that only one claim can have. */
export function wholeCapacityErrors(field: string, { requestPolicy }: DeviceCapacity): readonly FieldError[] {
  if (!requestPolicy) return [];
  return [forbiddenField(`${field}.requestPolicy`, 'allowMultipleAllocations must be true')];
}

type Amount = NonNullable<CapacityRequestPolicy['default']>;

interface Policy {
  usual: Amount;
  capacity: Amount;
}

const shown = (amount: Amount) => canonicalQuantity(amount);
const isMore = (a: Amount, b: Amount) => compareQuantities(a, b) > 0;

function choiceErrors(
  field: string,
  values: readonly Amount[],
  { usual, capacity }: Policy,
): readonly FieldError[] {
  const unsorted = each(field, values, (value, path, i) =>
    i > 0 && isMore(values[i - 1] as Amount, value)
      ? [invalid(path, shown(value), 'values must be sorted in ascending order')]
      : [],
  );
  const single = eachOnce(field, values, {
    max: maxChoices,
    validate: (value, path) =>
      isMore(value, capacity)
        ? [invalid(path, shown(value), `option is larger than capacity value: ${shown(capacity)}`)]
        : [],
    key: (value) => String(wholeUp(value)),
  });
  // Where there are too many values, none is compared with the default.
  const isListed = values.length <= maxChoices && values.some((v) => compareQuantities(v, usual) === 0);
  const why = 'default value is not valid according to the requestPolicy';
  return [...unsorted, ...single, ...(isListed ? [] : [invalid(field, shown(usual), why)])];
}

/** An amount in whole numbers, rounded away from zero. */
function wholeUp(amount: Amount): bigint {
  return scaledValue(amount, 0);
}

function rangeErrors(
  field: string,
  range: CapacityRequestPolicyRange,
  { usual, capacity }: Policy,
): readonly FieldError[] {
  const { min, max, step } = range;
  if (min === undefined) return [required(`${field}.min`, 'required when validRange is defined')];
  const errors: FieldError[] = [];
  const complain = (name: string, value: Amount, why: string) =>
    errors.push(invalid(`${field}.${name}`, shown(value), why));
  if (isMore(min, capacity)) complain('min', min, `min is larger than capacity value: ${shown(capacity)}`);
  if (isMore(min, usual)) complain('default', usual, `default is less than min: ${shown(min)}`);
  if (max !== undefined) {
    if (isMore(min, max)) complain('max', min, `min is larger than max: ${shown(max)}`);
    if (isMore(max, capacity)) complain('max', max, `max is larger than capacity value: ${shown(capacity)}`);
    if (isMore(usual, max)) complain('default', usual, `default is more than max: ${shown(max)}`);
  }
  return step === undefined ? errors : [...errors, ...stepErrors(field, { min, max, step, usual, capacity })];
}

interface Steps extends Policy {
  min: Amount;
  max: Amount | undefined;
  step: Amount;
}

function stepErrors(field: string, { min, max, step, usual, capacity }: Steps): readonly FieldError[] {
  const path = `${field}.step`;
  if (quantitySign(step) <= 0) return [invalid(path, shown(step), 'must be greater than zero')];
  const first = formatQuantity(addQuantities(min, step));
  const errors = isMore(first, capacity)
    ? [invalid(path, shown(step), `one step ${first} is larger than capacity value: ${shown(capacity)}`)]
    : [];
  const unfit = [
    ...uncountable(`${field}.default`, usual),
    ...uncountable(`${field}.min`, min),
    ...(max === undefined ? [] : uncountable(`${field}.max`, max)),
    ...uncountable(path, step),
  ];
  if (unfit.length > 0) return [...errors, ...unfit];
  const ends = max === undefined ? [usual] : [usual, max];
  const off = ends.filter((end) => (wholeUp(end) - wholeUp(min)) % wholeUp(step) !== 0n);
  const why = `value is not a multiple of a given step (${shown(step)}) from (${shown(min)})`;
  return [...errors, ...off.map((end) => invalid(path, shown(end), why))];
}

/** Steps are counted in whole numbers of 64 bits. */
function uncountable(field: string, amount: Amount): readonly FieldError[] {
  if (quantitySign(amount) < 0) return [invalid(field, shown(amount), notNegativeMessage)];
  return isMore(amount, maxInt64)
    ? [invalid(field, shown(amount), `must not be larger than ${maxInt64}`)]
    : [];
}
