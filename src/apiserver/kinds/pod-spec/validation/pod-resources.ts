import type { Container, PodSpec, ResourceRequirements } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  noErrors,
  notSupported,
} from '../../../../machinery/field-error.ts';
import {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
} from '../../../../machinery/quantity.ts';
import { each } from '../../shared/validate.ts';
import { containerSum } from '../container-sum.ts';
import type { SpecContext } from './context.ts';
import { isHugePages } from './resource-names.ts';
import { resourceName, resourceRequirements } from './resources.ts';

/** Whether a pod as a whole can have it. */
function podResourceName(field: string, name: string): readonly FieldError[] {
  const errors = resourceName(field, name);
  if (errors.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name)) return errors;
  return [notSupported(field, name, ['cpu', 'hugepages-', 'memory'])];
}

/** What a pod as a whole requests and is limited to: no less than its containers together request. */
export function podResources(field: string, spec: PodSpec, context: SpecContext): readonly FieldError[] {
  const { resources } = spec;
  if (!resources) return noErrors;
  if (spec.os?.name === 'windows') return [forbiddenField(field, 'may not be set for a windows pod')];
  const why = 'claims may not be set for Resources at pod-level';
  return allErrors(
    resources.claims ? [forbiddenField(`${field}.claims`, why)] : noErrors,
    resourceRequirements(field, resources, { claimNames: context.claimNames, nameRule: podResourceName }),
    enough(field, spec, 'requests'),
    enough(field, spec, 'limits'),
    each(`${field}.containers`, spec.containers, (container, path) =>
      withinLimits(path, container, resources),
    ),
  );
}

/** No less than the containers have together; of limits that holds for pages alone, of which requests are limits. */
function enough(field: string, spec: PodSpec, of: 'requests' | 'limits'): readonly FieldError[] {
  return [...containerSum(spec, of)].flatMap(([name, sum]) => {
    const amount = spec.resources?.[of]?.[name];
    if (amount === undefined || (of === 'limits' && !isHugePages(name))) return noErrors;
    if (!isQuantity(amount) || compareQuantities(sum, amount) <= 0) return noErrors;
    const why = `must be greater than or equal to aggregate container ${of} of ${formatQuantity(sum)}`;
    return [invalid(`${field}.${of}[${name}]`, canonicalQuantity(amount), why)];
  });
}

function withinLimits(
  field: string,
  { resources }: Container,
  { limits = {} }: ResourceRequirements,
): readonly FieldError[] {
  return Object.entries(resources?.limits ?? {}).flatMap(([name, amount]) => {
    const limit = limits[name];
    if (limit === undefined || !isQuantity(amount) || !isQuantity(limit)) return noErrors;
    if (compareQuantities(amount, limit) <= 0) return noErrors;
    const why = `must be less than or equal to pod limits of ${canonicalQuantity(limit)}`;
    return [invalid(`${field}[${name}].limits`, canonicalQuantity(amount), why)];
  });
}
