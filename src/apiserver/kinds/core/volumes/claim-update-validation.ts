import type { PersistentVolumeClaim } from '../../../../api/core/v1.ts';
import { clone } from '../../../../machinery/clone.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';
import { type FieldError, forbiddenField } from '../../../../machinery/field-error.ts';
import { compareQuantities, isQuantity } from '../../../../machinery/quantity.ts';
import { goDiff } from '../../shared/go-diff.ts';
import { immutable } from '../../shared/validate.ts';

type Claim = PersistentVolumeClaim;

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const storageOf = (claim: Claim) => claim.spec.resources?.requests?.storage;

/** What an update of a claim may do: it gets its volume once, and may grow afterwards. */
export function claimUpdateErrors(claim: Claim, old: Claim): FieldError[] {
  const { spec } = claim;
  return [
    ...changes(claim, old),
    ...shrinking(claim, old),
    ...immutable('volumeMode', spec.volumeMode, old.spec.volumeMode),
    ...(old.spec.volumeAttributesClassName && !spec.volumeAttributesClassName
      ? [forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')]
      : []),
  ];
}

function changes(claim: Claim, old: Claim): FieldError[] {
  const now = clone(claim.spec);
  const before = clone(old.spec);
  if (!before.volumeName) before.volumeName = now.volumeName;
  now.volumeAttributesClassName = before.volumeAttributesClassName;
  const requests = now.resources?.requests;
  if (claim.status?.phase === 'Bound' && requests) {
    const storage = storageOf(old);
    if (storage === undefined) delete requests.storage;
    else requests.storage = storage;
  }
  const errors = classChange(claim, old);
  if (errors.movedToField) delete now.storageClassName;
  if (semanticEqual(now, before, 'io.k8s.api.core.v1.PersistentVolumeClaimSpec')) return errors.found;
  const diff = goDiff('core.PersistentVolumeClaimSpec', before, now);
  const why = `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${diff}`;
  return [...errors.found, forbiddenField('spec', why)];
}

/** The class may move from the annotation of old into the field, as long as it stays the same. */
function classChange(claim: Claim, old: Claim): { movedToField: boolean; found: FieldError[] } {
  const before = old.metadata.annotations?.[classAnnotation];
  const now = claim.metadata.annotations?.[classAnnotation];
  const movedToField =
    before !== undefined && old.spec.storageClassName === undefined && claim.spec.storageClassName === before;
  if (movedToField) return { movedToField, found: [] };
  const found = immutable(`metadata.annotations[${classAnnotation}]`, now ?? '', before ?? '');
  return { movedToField, found };
}

/** A claim that could not grow may ask for less again, but not for less than there is. */
function shrinking(claim: Claim, old: Claim): FieldError[] {
  const [now, before] = [storageOf(claim), storageOf(old)];
  if (!now || !before || !isQuantity(now) || !isQuantity(before) || compareQuantities(now, before) >= 0)
    return [];
  if (compareQuantities(now, old.status?.capacity?.storage ?? '0') > 0) return [];
  return [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')];
}
