import type { PersistentVolumeClaim } from '../../../../api/core/v1.ts';
import type { Quantity } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  type FieldError,
  invalid,
  noErrors,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { isQuantity, quantitySign, quantityValue } from '../../../../machinery/quantity.ts';
import { isNativeResource } from '../../pod-spec/validation/resource-names.ts';
import { qualifiedName } from '../../shared/validate.ts';

const resizes = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

/** What a report of a claim may say: how much there is, and how its growing goes. */
export function claimStatusErrors({ spec, status = {} }: PersistentVolumeClaim): readonly FieldError[] {
  const modes = spec.accessModes?.length ? noErrors : [required('Spec.accessModes')];
  const amounts = Object.entries(status.capacity ?? {}).flatMap(([name, amount]) =>
    basicAmount(`status.capacity[${name}]`, amount),
  );
  const states = Object.entries(status.allocatedResourceStatuses ?? {}).flatMap(([name, state]) => {
    const field = 'status.allocatedResourceStatuses';
    const errors = resourceKey(field, name);
    return resizes.includes(state) ? errors : [...errors, notSupported(field, name, resizes)];
  });
  const allocated = Object.entries(status.allocatedResources ?? {}).flatMap(([name, amount]) => {
    const field = 'status.allocatedResources';
    const errors = resourceKey(field, name);
    return errors.length > 0 ? errors : basicAmount(`${field}[${name}]`, amount);
  });
  return allErrors(modes, amounts, states, allocated);
}

/** Storage, or a resource of somebody's own. */
function resourceKey(field: string, name: string): readonly FieldError[] {
  const errors = qualifiedName(field, name);
  if (errors.length > 0 || name === 'storage' || !isNativeResource(name)) return errors;
  return [notSupported(field, name, ['storage'])];
}

/** An amount that is not negative. */
export function basicAmount(field: string, amount: Quantity): readonly FieldError[] {
  if (!isQuantity(amount) || quantitySign(amount) >= 0) return noErrors;
  return [invalid(field, quantityValue(amount), 'must be a valid resource quantity')];
}
