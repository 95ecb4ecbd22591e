import type { ResourceRequirements } from '../../../../api/core/v1.ts';
import type { Quantity } from '../../../../api/meta/v1.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notFoundValue,
  required,
} from '../../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../../machinery/names.ts';
import {
  canonicalQuantity,
  compareQuantities,
  isQuantity,
  milliValue,
  quantitySign,
  quantityValue,
} from '../../../../machinery/quantity.ts';
import { dnsLabel, each, invalids, notNegativeMessage } from '../../shared/validate.ts';
import {
  isContainerResource,
  isExtendedResource,
  isHugePages,
  isNativeResource,
  isOvercommitAllowed,
  isStandardResource,
  isWholeNumbered,
} from './resource-names.ts';

/** The name of a resource, qualified unless it is one of the standard ones. */
export function resourceName(field: string, name: string): FieldError[] {
  const errors = invalids(field, name, qualifiedNameErrors(name));
  if (errors.length > 0 || name.includes('/') || isStandardResource(name)) return errors;
  return [invalid(field, name, 'must be a standard resource type or fully qualified')];
}

/** The name of a resource that containers can have. */
export function containerResourceName(field: string, name: string): FieldError[] {
  const errors = resourceName(field, name);
  if (!name.includes('/')) {
    if (!isContainerResource(name))
      errors.push(invalid(field, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
  }
  return errors;
}

/** An amount of a resource: not negative, and whole where it cannot be divided. */
export function resourceAmount(field: string, name: string, amount: Quantity): FieldError[] {
  if (!isQuantity(amount)) return [];
  const errors =
    quantitySign(amount) < 0 ? [invalid(field, canonicalQuantity(amount), notNegativeMessage)] : [];
  if (isWholeNumbered(name) && milliValue(amount) % 1000 !== 0)
    errors.push(invalid(field, canonicalQuantity(amount), 'must be an integer'));
  return errors;
}

type NameRule = (field: string, name: string) => FieldError[];

/** What a container, or a pod as a whole, requests and is limited to. */
export function resourceRequirements(
  field: string,
  requirements: ResourceRequirements,
  { claimNames, nameRule = containerResourceName }: { claimNames: ReadonlySet<string>; nameRule?: NameRule },
): FieldError[] {
  const { limits = {}, requests = {} } = requirements;
  const errors = [
    ...Object.entries(limits).flatMap(([name, amount]) =>
      oneAmount(`${field}.limits[${name}]`, name, amount, nameRule),
    ),
    ...Object.entries(requests).flatMap(([name, amount]) => [
      ...oneAmount(`${field}.requests[${name}]`, name, amount, nameRule),
      ...againstLimit(field, name, amount, limits[name]),
    ]),
  ];
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    errors.push(forbiddenField(field, 'HugePages require cpu or memory'));
  }
  return [...errors, ...claims(`${field}.claims`, requirements, claimNames)];
}

function oneAmount(field: string, name: string, amount: Quantity, nameRule: NameRule): FieldError[] {
  const errors = [...nameRule(field, name), ...resourceAmount(field, name, amount)];
  if (!isHugePages(name) || !isQuantity(amount)) return errors;
  if (isWholePages(amount, name.slice('hugepages-'.length))) return errors;
  const shown = canonicalQuantity(amount);
  return [...errors, invalid(field, shown, `${shown} is not positive integer multiple of ${name}`)];
}

function isWholePages(amount: Quantity, page: Quantity): boolean {
  if (!isQuantity(page) || quantitySign(page) <= 0 || milliValue(page) % 1000 !== 0) return false;
  return quantityValue(amount) % quantityValue(page) === 0;
}

function againstLimit(
  field: string,
  name: string,
  amount: Quantity,
  limit: Quantity | undefined,
): FieldError[] {
  if (limit === undefined) {
    if (isOvercommitAllowed(name)) return [];
    return [required(`${field}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  if (!isQuantity(amount) || !isQuantity(limit)) return [];
  const difference = compareQuantities(amount, limit);
  const of = `${name} limit of ${canonicalQuantity(limit)}`;
  if (difference !== 0 && !isOvercommitAllowed(name)) {
    return [invalid(`${field}.requests`, canonicalQuantity(amount), `must be equal to ${of}`)];
  }
  return difference > 0
    ? [invalid(`${field}.requests`, canonicalQuantity(amount), `must be less than or equal to ${of}`)]
    : [];
}

function claims(field: string, { claims }: ResourceRequirements, known: ReadonlySet<string>): FieldError[] {
  if (!claims?.length) return [];
  const seen = new Set<string>();
  return each(field, claims, ({ name, request }, path) => {
    if (!name) return [required(path)];
    const errors = claimRepeats(path, { name, request }, seen);
    if (!known.has(name)) {
      const names = known.size ? `: ${[...known].sort().join(', ')}` : ' which is empty';
      const error = notFoundValue(path, name);
      errors.push({
        ...error,
        body: `${error.body}: must be one of the names in pod.spec.resourceClaims${names}`,
      });
    }
    return errors;
  });
}

function claimRepeats(
  path: string,
  { name, request }: { name: string; request?: string },
  seen: Set<string>,
): FieldError[] {
  if (seen.has(name)) return [duplicate(path, name)];
  const key = request ? `${name}/${request}` : name;
  const errors = request ? dnsLabel(`${path}.request`, request) : [];
  if (seen.has(key)) errors.push(duplicate(path, key));
  else if (!request && [...seen].some((s) => s.startsWith(`${name}/`))) errors.push(duplicate(path, name));
  seen.add(key);
  return errors;
}
