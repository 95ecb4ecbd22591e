import type { LimitRange, LimitRangeItem } from '../../../../api/core/v1.ts';
import type { Quantity } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../../machinery/names.ts';
import {
  canonicalQuantity,
  compareQuantities,
  isQuantity,
  parseQuantity,
} from '../../../../machinery/quantity.ts';
import { isOvercommitAllowed } from '../../pod-spec/validation/resource-names.ts';
import { containerResourceName, resourceName } from '../../pod-spec/validation/resources.ts';
import { each, repeats } from '../../shared/validate.ts';

const types = ['Pod', 'Container', 'PersistentVolumeClaim'];

/** What holds for limits at any time. */
export function limitRangeErrors({ spec }: LimitRange): readonly FieldError[] {
  const repeated = repeats();
  return each('spec.limits', spec.limits, (item, field) =>
    allErrors(
      typeErrors(`${field}.type`, item.type),
      repeated(item.type) ? [duplicate(`${field}.type`, item.type)] : noErrors,
      names(field, item, lists.slice(0, -1)),
      storageBounds(field, item),
      names(field, item, ['maxLimitRequestRatio']),
      allNames(item).flatMap((name) => amounts(field, item, name)),
    ),
  );
}

function typeErrors(field: string, type: string): readonly FieldError[] {
  const errors = invalids(field, type, qualifiedNameErrors(type));
  if (errors.length > 0 || type.includes('/') || types.includes(type)) return errors;
  return [invalid(field, type, 'must be a standard limit type or fully qualified')];
}

const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

type List = (typeof lists)[number];

const allNames = (item: LimitRangeItem) => [
  ...new Set(lists.flatMap((list) => Object.keys(item[list] ?? {}))),
];

function names(field: string, item: LimitRangeItem, named: readonly List[]): readonly FieldError[] {
  const isPod = item.type === 'Pod';
  const rule = isPod || item.type === 'Container' ? containerResourceName : resourceName;
  return named.flatMap((list) => {
    const given = Object.keys(item[list] ?? {});
    if (isPod && list.startsWith('default')) {
      const why = "may not be specified when `type` is 'Pod'";
      return given.length > 0 ? [forbiddenField(`${field}.${list}`, why)] : noErrors;
    }
    return given.flatMap((name) => rule(`${field}.${list}[${name}]`, name));
  });
}

function storageBounds(field: string, { type, min, max }: LimitRangeItem): readonly FieldError[] {
  if (type !== 'PersistentVolumeClaim' || min?.storage || max?.storage) return noErrors;
  const why = 'either minimum or maximum storage value is required, but neither was provided';
  return [required(`${field}.limits`, why)];
}

/** Pairs of which the first may not be more than the second; the error stands at `at`, and shows `shown`. */
const orders: readonly { less: List; more: List; at: List; shown: List; says: [string, string] }[] = [
  { less: 'min', more: 'max', at: 'min', shown: 'min', says: ['min', 'max'] },
  {
    less: 'min',
    more: 'defaultRequest',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    says: ['min', 'default request'],
  },
  {
    less: 'defaultRequest',
    more: 'max',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    says: ['default request', 'max'],
  },
  {
    less: 'defaultRequest',
    more: 'default',
    at: 'defaultRequest',
    shown: 'defaultRequest',
    says: ['default request', 'default limit'],
  },
  { less: 'min', more: 'default', at: 'default', shown: 'min', says: ['min', 'default'] },
  { less: 'default', more: 'max', at: 'default', shown: 'max', says: ['default', 'max'] },
];

/** Amounts of one resource have to be in order: minimum, default request, default, maximum. */
function amounts(field: string, item: LimitRangeItem, name: string): readonly FieldError[] {
  const amount = (list: List) => amountIn(item, list, name);
  const errors = orders.flatMap(({ less, more, at, shown, says }) => {
    const [low, high] = [amount(less), amount(more)];
    if (low === undefined || high === undefined || compareQuantities(low, high) <= 0) return noErrors;
    const why = `${says[0]} value ${canonicalQuantity(low)} is greater than ${says[1]} value ${canonicalQuantity(high)}`;
    return [invalid(`${field}.${at}[${name}]`, canonicalQuantity(amount(shown) as Quantity), why)];
  });
  const [request, limit] = [amount('defaultRequest'), amount('default')];
  errors.push(...ratio(`${field}.maxLimitRequestRatio[${name}]`, item, name));
  if (isOvercommitAllowed(name) || request === undefined || limit === undefined) return errors;
  if (compareQuantities(request, limit) === 0) return errors;
  const [shownLimit, shownRequest] = [canonicalQuantity(limit), canonicalQuantity(request)];
  const why = `default value ${shownLimit} must equal to defaultRequest value ${shownRequest} in ${name}`;
  return [...errors, invalid(`${field}.defaultRequest[${name}]`, shownRequest, why)];
}

function ratio(field: string, item: LimitRangeItem, name: string): readonly FieldError[] {
  const given = amountIn(item, 'maxLimitRequestRatio', name);
  if (given === undefined) return noErrors;
  const errors =
    compareQuantities(given, '1') < 0
      ? [invalid(field, canonicalQuantity(given), `ratio ${canonicalQuantity(given)} is less than 1`)]
      : noErrors;
  const [min, max] = [amountIn(item, 'min', name), amountIn(item, 'max', name)];
  if (min === undefined || max === undefined) return errors;
  const widest = toNumber(max) / toNumber(min);
  if (toNumber(given) <= widest) return errors;
  const why = `ratio ${canonicalQuantity(given)} is greater than max/min = ${widest.toFixed(6)}`;
  return [...errors, invalid(field, canonicalQuantity(given), why)];
}

function amountIn(item: LimitRangeItem, list: List, name: string): Quantity | undefined {
  // Pods as a whole have no defaults: where there are some, that is said, and they do not count.
  if (item.type === 'Pod' && list.startsWith('default')) return undefined;
  const amount = item[list]?.[name];
  return amount !== undefined && isQuantity(amount) ? amount : undefined;
}

function toNumber(amount: Quantity): number {
  const { unscaled, exponent } = parseQuantity(amount);
  return Number(unscaled) * 10 ** exponent;
}
