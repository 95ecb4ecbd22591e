import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../../api/core/v1.ts';
import { clone } from '../../../../machinery/clone.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';
import { allErrors, type FieldError, forbiddenField, noErrors } from '../../../../machinery/field-error.ts';
import { compareQuantities, isQuantity } from '../../../../machinery/quantity.ts';
import { goDiff } from '../../shared/go-diff.ts';
import { immutable } from '../../shared/validate.ts';
import { betaClassAnnotation } from '../../../../machinery/volume-match.ts';

type Claim = PersistentVolumeClaim;

const specType = 'io.k8s.api.core.v1.PersistentVolumeClaimSpec';
const storageOf = (claim: Claim) => claim.spec.resources?.requests?.storage;

/** What an update of a claim may do: it gets its volume once, and may grow afterwards. */
export function claimUpdateErrors(claim: Claim, old: Claim): readonly FieldError[] {
  return allErrors(
    changes(claim, old),
    shrinking(claim, old),
    immutable('volumeMode', claim.spec.volumeMode, old.spec.volumeMode),
    attributesChange(claim, old),
  );
}

/** A class of attributes that the volume has got can be exchanged, not taken away. */
function attributesChange({ spec }: Claim, { spec: old, status }: Claim): readonly FieldError[] {
  const now = spec.volumeAttributesClassName;
  if (now || now === old.volumeAttributesClassName) return noErrors;
  if (status?.currentVolumeAttributesClassName === undefined) return noErrors;
  const to = now === undefined ? 'nil' : 'empty string';
  const why = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbiddenField('spec.volumeAttributesClassName', why)];
}

function changes(claim: Claim, old: Claim): readonly FieldError[] {
  const now = clone(claim.spec);
  const before = clone(old.spec);
  if (!before.volumeName) before.volumeName = now.volumeName;
  const errors = classChange(claim, old);
  if (errors.allowed) now.storageClassName = before.storageClassName;
  if (claim.status?.phase === 'Bound') takeAdjustable(now, before);
  if (semanticEqual(now, before, specType)) return errors.found;
  const diff = goDiff('core.PersistentVolumeClaimSpec', before, now);
  const why = `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${diff}`;
  return [...errors.found, forbiddenField('spec', why)];
}

function takeAdjustable(now: PersistentVolumeClaimSpec, before: PersistentVolumeClaimSpec): void {
  const storage = before.resources?.requests?.storage;
  const requests = now.resources?.requests;
  if (requests && storage !== undefined) requests.storage = storage;
  now.volumeAttributesClassName = before.volumeAttributesClassName;
}

/**
 * The class may move from the annotation of old into the field, and a claim that had none may get one, as long as no
 * annotation says otherwise.
 */
function classChange(claim: Claim, old: Claim): { allowed: boolean; found: readonly FieldError[] } {
  const before = old.metadata.annotations?.[betaClassAnnotation];
  const now = claim.metadata.annotations?.[betaClassAnnotation];
  const { storageClassName: name } = claim.spec;
  const given = old.spec.storageClassName === undefined && name !== undefined;
  if (given && before === name && (now === undefined || now === before)) return { allowed: true, found: [] };
  const found = immutable(`metadata.annotations.${betaClassAnnotation}`, now ?? '', before ?? '');
  return { allowed: given && (before === undefined || before === name), found };
}

/** A claim that could not grow may ask for less again, but not for less than there is. */
function shrinking(claim: Claim, old: Claim): readonly FieldError[] {
  const [now, before, there] = [storageOf(claim), storageOf(old), old.status?.capacity?.storage].map(
    (amount) => (amount !== undefined && isQuantity(amount) ? amount : '0'),
  ) as [string, string, string];
  if (compareQuantities(now, before) >= 0 || compareQuantities(now, there) > 0) return noErrors;
  return [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')];
}
