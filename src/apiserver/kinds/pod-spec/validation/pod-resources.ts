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
  const why = 'claims cannot be set for Resources at pod-level';
  return allErrors(
    resources.claims ? [forbiddenField(`${field}.claims`, why)] : noErrors,
    resourceRequirements(field, resources, { claimNames: context.claimNames, nameRule: podResourceName }),
    enoughRequested(field, spec, resources),
    each(`${field}.containers`, spec.containers, (container, path) =>
      withinLimits(path, container, resources),
    ),
  );
}

function enoughRequested(
  field: string,
  spec: PodSpec,
  { requests = {} }: ResourceRequirements,
): readonly FieldError[] {
  return [...containerSum(spec, 'requests')].flatMap(([name, sum]) => {
    const amount = requests[name] ?? '0';
    if (!isQuantity(amount) || compareQuantities(sum, amount) <= 0) return noErrors;
    const why = `must be greater than or equal to aggregate container requests of ${formatQuantity(sum)}`;
    return [invalid(`${field}.requests[${name}]`, canonicalQuantity(amount), why)];
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
