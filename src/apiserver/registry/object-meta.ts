import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';
import type { StoredMeta } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import {
  allErrors,
  errorsOf,
  errorsOfEach,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
  tooLong,
} from '../../machinery/field-error.ts';
import { byteLength, goQuote } from '../../machinery/go-text.ts';
import { labelsErrors } from '../../machinery/label-selector.ts';
import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  pathSegmentNameErrors,
  qualifiedNameErrors,
} from '../../machinery/names.ts';
import { parseApiVersion } from '../../machinery/schema.ts';
import { fieldManagerErrors } from './request-options.ts';

export type NameErrors = (name: string, isPrefix: boolean) => readonly string[];

const maxAnnotationBytes = 256 * 1024;
/** The finalizers that stand for a propagation policy. */
export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

/** A generated name's prefix may end in a dash: upstream looks at it without its last two characters. */
function masked(name: string, isPrefix: boolean): string {
  return isPrefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

/** The names of most kinds: DNS-1123 subdomains. */
export const subdomainNameErrors: NameErrors = (name, isPrefix) =>
  dns1123SubdomainErrors(masked(name, isPrefix));

/** The names of namespaces, Services and StatefulSets, which become parts of names in DNS: DNS-1123 labels. */
export const labelNameErrors: NameErrors = (name, isPrefix) => dns1123LabelErrors(masked(name, isPrefix));

/** What is asked of every name, whatever the kind: it must fit into a path. */
export const pathNameErrors: NameErrors = (name, isPrefix) =>
  pathSegmentNameErrors(isPrefix && (name === '.' || name === '..') ? 'a' : name);

/** Errors in the metadata of an object that is about to be stored. */
export function metadataErrors(
  meta: ObjectMeta,
  namespaced: boolean,
  nameErrors: NameErrors,
): readonly FieldError[] {
  return allErrors(
    identityErrors(meta, nameErrors),
    namespaceErrors(meta.namespace ?? '', namespaced),
    generationErrors(meta.generation),
    describingErrors(meta),
    meta.finalizers ? finalizerErrors(meta.finalizers) : noErrors,
    managerErrors(meta),
  );
}

const describingErrors = (meta: ObjectMeta): readonly FieldError[] =>
  allErrors(
    labelsErrors(meta.labels, 'metadata.labels'),
    annotationErrors(meta.annotations, 'metadata.annotations'),
    meta.ownerReferences ? ownerErrors(meta.ownerReferences) : noErrors,
  );

const managerErrors = ({ managedFields }: ObjectMeta): readonly FieldError[] =>
  managedFields ? managedFieldsErrors(managedFields) : noErrors;

function identityErrors({ name, generateName }: ObjectMeta, nameErrors: NameErrors): readonly FieldError[] {
  const prefix = generateName
    ? invalids('metadata.generateName', generateName, nameErrors(generateName, true))
    : noErrors;
  if (!name) return [...prefix, required('metadata.name', 'name or generateName is required')];
  return allErrors(prefix, invalids('metadata.name', name, nameErrors(name, false)));
}

function namespaceErrors(namespace: string, namespaced: boolean): readonly FieldError[] {
  const field = 'metadata.namespace';
  if (!namespaced) return namespace ? [forbiddenField(field, 'not allowed on this type')] : noErrors;
  if (!namespace) return [required(field)];
  return invalids(field, namespace, dns1123LabelErrors(namespace));
}

function generationErrors(generation = 0): readonly FieldError[] {
  return generation < 0
    ? [invalid('metadata.generation', generation, 'must be greater than or equal to 0')]
    : noErrors;
}

/** Annotations of an object, or of those that will be made after its template. */
export function annotationErrors(
  annotations: Record<string, string> | undefined,
  field: string,
): readonly FieldError[] {
  const errors = errorsOfEach(annotations, (key) =>
    invalids(field, key, qualifiedNameErrors(key.toLowerCase())),
  );
  let size = 0;
  for (const key in annotations) size += byteLength(key) + byteLength(annotations[key] as string);
  return size > maxAnnotationBytes ? [...errors, tooLong(field, maxAnnotationBytes)] : errors;
}

function ownerErrors(owners: readonly OwnerReference[]): readonly FieldError[] {
  const field = 'metadata.ownerReferences';
  let first: string | undefined;
  let tooMany: FieldError | undefined;
  return errorsOf(owners, (owner) => {
    const errors = oneOwnerErrors(owner, field);
    if (!owner.controller) return errors;
    const name = `${owner.kind}/${owner.name}`;
    if (first !== undefined) {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${name}`;
      // All of the references are shown each time, but need not be put into words as often.
      tooMany ??= invalid(field, owners, '');
      return [...errors, { ...tooMany, body: `${tooMany.body}: ${why}` }];
    }
    first = name;
    return errors;
  });
}

/** As upstream, the answer does not say which of the references it is about. */
function oneOwnerErrors(owner: OwnerReference, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion = '' } = owner;
  if (!parseApiVersion(apiVersion)?.version) {
    errors.push(invalid(`${field}.apiVersion`, apiVersion, 'version must not be empty'));
  }
  for (const part of ['kind', 'name', 'uid'] as const) {
    if (!owner[part]) errors.push(invalid(`${field}.${part}`, '', 'must not be empty'));
  }
  if (apiVersion === 'v1' && owner.kind === 'Event') {
    errors.push(invalid(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return errors;
}

function finalizerErrors(finalizers: readonly string[]): readonly FieldError[] {
  const field = 'metadata.finalizers';
  const errors = [...errorsOf(finalizers, (f) => invalids(field, f, qualifiedNameErrors(f)))];
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    const why = `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`;
    errors.push(invalid(field, finalizers, why));
  }
  return errors;
}

function managedFieldsErrors(entries: readonly ManagedFieldsEntry[]): readonly FieldError[] {
  return errorsOf(entries, (entry, i) => {
    const field = `metadata.managedFields[${i}]`;
    const errors: FieldError[] = [];
    const { operation = '' } = entry;
    if (operation !== 'Apply' && operation !== 'Update') {
      errors.push(invalid(`${field}.operation`, operation, 'must be `Apply` or `Update`'));
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1') {
      errors.push(invalid(`${field}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
    }
    errors.push(...fieldManagerErrors(entry.manager ?? '', `${field}.manager`));
    if (byteLength(entry.subresource ?? '') > 256) errors.push(tooLong(`${field}.subresource`, 256));
    return errors;
  });
}

const immutable = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/**
 * Errors in the metadata of an object that is about to be replaced. Upstream looks at the whole, then at the change, and then
 * each kind looks at the change again: what is wrong is there as often.
 */
export function metadataUpdateErrors(
  meta: ObjectMeta,
  old: StoredMeta,
  namespaced: boolean,
): readonly FieldError[] {
  const whole = metadataErrors(meta, namespaced, pathNameErrors);
  const change = changeErrors(meta, old);
  if (whole.length === 0 && change.length === 0) return noErrors;
  const again = [...change, ...describingErrors(meta), ...managerErrors(meta)];
  return [...whole, ...again, ...again];
}

function changeErrors(meta: ObjectMeta, old: StoredMeta): readonly FieldError[] {
  const errors = [
    ...(old.deletionTimestamp ? newFinalizerErrors(meta.finalizers, old.finalizers) : noErrors),
  ];
  if (!meta.resourceVersion) {
    errors.push(invalid('metadata.resourceVersion', '', 'must be specified for an update'));
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid('metadata.generation', meta.generation, 'must not be decremented'));
  }
  for (const part of immutable) {
    if (!deepEqual(meta[part] ?? undefined, old[part] ?? undefined)) {
      errors.push(invalid(`metadata.${part}`, meta[part], 'field is immutable'));
    }
  }
  return errors;
}

function newFinalizerErrors(
  now: readonly string[] = [],
  before: readonly string[] = [],
): readonly FieldError[] {
  const extra = [...new Set(now)].filter((f) => !before.includes(f)).sort();
  if (extra.length === 0) return noErrors;
  const list = `[]string{${extra.map(goQuote).join(', ')}}`;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  return [forbiddenField('metadata.finalizers', why)];
}
