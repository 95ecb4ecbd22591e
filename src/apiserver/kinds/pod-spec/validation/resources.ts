import type { ResourceRequirements } from '../../../../api/core/v1.ts';
import type { Quantity } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  duplicate,
  errorsOfEach,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  notFoundValue,
  ratcheted,
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
import { dnsLabel, each, notNegativeMessage } from '../../shared/validate.ts';
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
export function resourceName(field: string, name: string): readonly FieldError[] {
  const errors = invalids(field, name, qualifiedNameErrors(name));
  if (errors.length > 0 || name.includes('/') || isStandardResource(name)) return errors;
  return [invalid(field, name, 'must be a standard resource type or fully qualified')];
}

/** The name of a resource that containers can have. */
export function containerResourceName(field: string, name: string): readonly FieldError[] {
  const known = name.includes('/')
    ? isNativeResource(name) || isExtendedResource(name)
    : isContainerResource(name);
  if (known) return resourceName(field, name);
  const why = name.includes('/')
    ? "doesn't follow extended resource name standard"
    : 'must be a standard resource for containers';
  return [...resourceName(field, name), invalid(field, name, why)];
}

/** An amount of a resource: not negative, and whole where it cannot be divided. */
export function resourceAmount(field: string, name: string, amount: Quantity): readonly FieldError[] {
  if (!isQuantity(amount)) return noErrors;
  const isDivided = isWholeNumbered(name) && milliValue(amount) % 1000 !== 0;
  return allErrors(
    quantitySign(amount) < 0 ? [invalid(field, canonicalQuantity(amount), notNegativeMessage)] : noErrors,
    isDivided ? [invalid(field, canonicalQuantity(amount), 'must be an integer')] : noErrors,
  );
}

type NameRule = (field: string, name: string) => readonly FieldError[];

/** What a container, or a pod as a whole, requests and is limited to. */
export function resourceRequirements(
  field: string,
  requirements: ResourceRequirements,
  { claimNames, nameRule = containerResourceName }: { claimNames: ReadonlySet<string>; nameRule?: NameRule },
): readonly FieldError[] {
  const { limits, requests } = requirements;
  return allErrors(
    errorsOfEach(limits, (name, amount) => oneAmount(`${field}.limits[${name}]`, name, amount, nameRule)),
    errorsOfEach(requests, (name, amount) =>
      allErrors(
        oneAmount(`${field}.requests[${name}]`, name, amount, nameRule),
        againstLimit(field, name, amount, limits?.[name]),
      ),
    ),
    hugePagesAlone(field, requirements),
    claims(`${field}.claims`, requirements, claimNames),
  );
}

function hugePagesAlone(
  field: string,
  { limits = {}, requests = {} }: ResourceRequirements,
): readonly FieldError[] {
  if ('cpu' in limits || 'memory' in limits || 'cpu' in requests || 'memory' in requests) return noErrors;
  const isGiven = Object.keys(limits).some(isHugePages) || Object.keys(requests).some(isHugePages);
  return isGiven ? [forbiddenField(field, 'HugePages require cpu or memory')] : noErrors;
}

function oneAmount(field: string, name: string, amount: Quantity, nameRule: NameRule): readonly FieldError[] {
  const errors = allErrors(nameRule(field, name), resourceAmount(field, name, amount));
  if (!isHugePages(name) || !isQuantity(amount)) return errors;
  if (isWholePages(amount, name.slice('hugepages-'.length))) return errors;
  const shown = canonicalQuantity(amount);
  const why = `${shown} is not positive integer multiple of ${name}`;
  return [...errors, ...ratcheted('wholePages', [invalid(field, shown, why)])];
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
): readonly FieldError[] {
  if (limit === undefined) {
    if (isOvercommitAllowed(name)) return noErrors;
    return [required(`${field}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  if (!isQuantity(amount) || !isQuantity(limit)) return noErrors;
  const difference = compareQuantities(amount, limit);
  const isFlexible = isOvercommitAllowed(name);
  if (difference === 0 || (difference < 0 && isFlexible)) return noErrors;
  const must = isFlexible ? 'must be less than or equal to' : 'must be equal to';
  const why = `${must} ${name} limit of ${canonicalQuantity(limit)}`;
  return [invalid(`${field}.requests`, canonicalQuantity(amount), why)];
}

function claims(
  field: string,
  { claims }: ResourceRequirements,
  known: ReadonlySet<string>,
): readonly FieldError[] {
  if (!claims?.length) return noErrors;
  const seen = new Set<string>();
  return each(field, claims, ({ name, request }, path) => {
    if (!name) return [required(path)];
    const errors = [...claimRepeats(path, { name, request }, seen)];
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
): readonly FieldError[] {
  if (seen.has(name)) return [duplicate(path, name)];
  const key = request ? `${name}/${request}` : name;
  const errors = [...(request ? dnsLabel(`${path}.request`, request) : noErrors)];
  if (seen.has(key)) errors.push(duplicate(path, key));
  else if (!request && [...seen].some((s) => s.startsWith(`${name}/`))) errors.push(duplicate(path, name));
  seen.add(key);
  return errors;
}
