import type {
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
  withoutOldFaults,
} from '../../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../../machinery/label-selector.ts';
import { dns1123LabelErrors } from '../../../../machinery/names.ts';
import { canonicalQuantity, isQuantity, quantitySign } from '../../../../machinery/quantity.ts';
import { dnsSubdomain, optionalSupported, requireValue, supported } from '../../shared/validate.ts';

const modes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const volumeModes = ['Block', 'Filesystem'];

/** How a volume can be mounted; being for one pod alone excludes the others. */
export function accessModes(field: string, given: readonly string[] | undefined): readonly FieldError[] {
  const errors = (given ?? []).flatMap((mode) => supported(field, mode, modes));
  const others = (given ?? []).some((mode) => mode !== 'ReadWriteOncePod' && modes.includes(mode));
  if (!given?.includes('ReadWriteOncePod') || !others) return errors;
  return [...errors, forbiddenField(field, 'may not use ReadWriteOncePod with other access modes')];
}

/** A positive amount. */
export function positiveQuantity(field: string, amount: string): readonly FieldError[] {
  if (!isQuantity(amount) || quantitySign(amount) > 0) return noErrors;
  return [invalid(field, canonicalQuantity(amount), 'must be greater than zero')];
}

/** The spec of a claim, be it one of its own or the template of one. */
export function claimSpec(
  field: string,
  spec: PersistentVolumeClaimSpec,
  old?: PersistentVolumeClaimSpec,
): readonly FieldError[] {
  const { storageClassName, volumeAttributesClassName, volumeMode, selector } = spec;
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length)
    errors.push(required(`${field}.accessModes`, 'at least 1 access mode is required'));
  errors.push(
    ...labelSelectorErrors(selector, `${field}.selector`, 'selectorOfClaim'),
    ...accessModes(`${field}.accessModes`, spec.accessModes),
  );
  const storage = spec.resources?.requests?.storage;
  const storageField = `${field}.resources[storage]`;
  errors.push(
    ...(storage === undefined ? [required(storageField)] : positiveQuantity(storageField, storage)),
  );
  if (storageClassName) errors.push(...dnsSubdomain(`${field}.storageClassName`, storageClassName));
  errors.push(
    ...optionalSupported(`${field}.volumeMode`, volumeMode, volumeModes),
    ...sources(field, spec, old),
  );
  if (volumeAttributesClassName) {
    errors.push(...dnsSubdomain(`${field}.volumeAttributesClassName`, volumeAttributesClassName));
  }
  return errors;
}

/** The spec of a claim that was there before. */
export function changedClaimSpec(
  field: string,
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec,
): readonly FieldError[] {
  return withoutOldFaults(claimSpec(field, spec, old), () => claimSpec(field, old, old));
}

function sources(
  field: string,
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec | undefined,
): readonly FieldError[] {
  // A group that was accepted once, before there was a rule, is not looked at again.
  const known = [old?.dataSource, old?.dataSourceRef].some((given) => typeof given?.apiGroup === 'string');
  const errors = [
    ...(dataSource ? source(`${field}.dataSource`, dataSource, known) : noErrors),
    ...(dataSourceRef ? source(`${field}.dataSourceRef`, dataSourceRef, known) : noErrors),
  ];
  const namespace = dataSourceRef?.namespace;
  if (namespace)
    errors.push(...invalids(`${field}.dataSourceRef.namespace`, namespace, dns1123LabelErrors(namespace)));
  if (!dataSource || !dataSourceRef) return errors;
  if (namespace) {
    errors.push(
      invalid(field, `${field}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified'),
    );
  } else if (!sameSource(dataSource, dataSourceRef)) {
    errors.push(invalid(field, `${field}.dataSource`, 'must match dataSourceRef'));
  }
  return errors;
}

function sameSource(a: TypedLocalObjectReference, b: TypedObjectReference): boolean {
  return a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name;
}

function source(
  field: string,
  { name, kind, apiGroup }: TypedLocalObjectReference,
  groupIsKnown: boolean,
): readonly FieldError[] {
  const errors = [...requireValue(`${field}.name`, name), ...requireValue(`${field}.kind`, kind)];
  const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
  if (!apiGroup && kind !== 'PersistentVolumeClaim') errors.push(invalid(field, kind ?? '', why));
  return allErrors(
    errors,
    apiGroup && !groupIsKnown ? dnsSubdomain(`${field}.apiGroup`, apiGroup) : noErrors,
  );
}
