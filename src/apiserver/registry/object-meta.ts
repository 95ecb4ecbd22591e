import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';
import type { StoredMeta } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import {
  errorsOf,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
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

export type NameErrors = (name: string, isPrefix: boolean) => string[];

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

/** What is asked of every name, whatever the kind: it must fit into a path. */
export const pathNameErrors: NameErrors = (name, isPrefix) =>
  pathSegmentNameErrors(isPrefix && (name === '.' || name === '..') ? 'a' : name);

/** Errors in the metadata of an object that is about to be stored. */
export function metadataErrors(meta: ObjectMeta, namespaced: boolean, nameErrors: NameErrors): FieldError[] {
  return [
    ...identityErrors(meta, nameErrors),
    ...namespaceErrors(meta.namespace ?? '', namespaced),
    ...generationErrors(meta.generation),
    ...labelsErrors(meta.labels, 'metadata.labels'),
    ...annotationErrors(meta.annotations, 'metadata.annotations'),
    ...ownerErrors(meta.ownerReferences ?? []),
    ...finalizerErrors(meta.finalizers ?? []),
    ...managedFieldsErrors(meta.managedFields ?? []),
  ];
}

function identityErrors({ name, generateName }: ObjectMeta, nameErrors: NameErrors): FieldError[] {
  const prefix = generateName
    ? nameErrors(generateName, true).map((e) => invalid('metadata.generateName', generateName, e))
    : [];
  if (!name) return [...prefix, required('metadata.name', 'name or generateName is required')];
  return [...prefix, ...nameErrors(name, false).map((e) => invalid('metadata.name', name, e))];
}

function namespaceErrors(namespace: string, namespaced: boolean): FieldError[] {
  const field = 'metadata.namespace';
  if (!namespaced) return namespace ? [forbiddenField(field, 'not allowed on this type')] : [];
  if (!namespace) return [required(field)];
  return dns1123LabelErrors(namespace).map((e) => invalid(field, namespace, e));
}

function generationErrors(generation = 0): FieldError[] {
  return generation < 0
    ? [invalid('metadata.generation', generation, 'must be greater than or equal to 0')]
    : [];
}

/** Annotations of an object, or of those that will be made after its template. */
export function annotationErrors(annotations: Record<string, string> = {}, field: string): FieldError[] {
  const entries = Object.entries(annotations);
  const errors = errorsOf(entries, ([key]) =>
    qualifiedNameErrors(key.toLowerCase()).map((e) => invalid(field, key, e)),
  );
  let size = 0;
  for (const [key, value] of entries) size += byteLength(key) + byteLength(value);
  if (size > maxAnnotationBytes) errors.push(tooLong(field, maxAnnotationBytes));
  return errors;
}

function ownerErrors(owners: readonly OwnerReference[]): FieldError[] {
  const field = 'metadata.ownerReferences';
  const errors = errorsOf(owners, (owner, i) => oneOwnerErrors(owner, `${field}[${i}]`));
  const [first, ...more] = owners.filter((o) => o.controller === true).map((o) => `${o.kind}/${o.name}`);
  for (const other of more) {
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${other}`;
    errors.push(invalid(field, owners, why));
  }
  return errors;
}

function oneOwnerErrors(owner: OwnerReference, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const gv = parseApiVersion(owner.apiVersion ?? '');
  if (!owner.apiVersion) errors.push(required(`${field}.apiVersion`, 'must not be empty'));
  else if (!gv?.version) {
    errors.push(invalid(`${field}.apiVersion`, owner.apiVersion, 'must be <group>/<version> or <version>'));
  }
  for (const part of ['kind', 'name', 'uid'] as const) {
    if (!owner[part]) errors.push(required(`${field}.${part}`, 'must not be empty'));
  }
  if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
    errors.push(invalid(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return errors;
}

function finalizerErrors(finalizers: readonly string[]): FieldError[] {
  const field = 'metadata.finalizers';
  const errors = errorsOf(finalizers, (f) => qualifiedNameErrors(f).map((e) => invalid(field, f, e)));
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    const why = `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`;
    errors.push(invalid(field, finalizers, why));
  }
  return errors;
}

function managedFieldsErrors(entries: readonly ManagedFieldsEntry[]): FieldError[] {
  return errorsOf(entries, (entry, i) => {
    const field = `metadata.managedFields[${i}]`;
    const errors: FieldError[] = [];
    if (!entry.operation) errors.push(required(`${field}.operation`, 'must not be empty'));
    else if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(notSupported(`${field}.operation`, entry.operation, ['Apply', 'Update']));
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

/** Errors in what an update does to the metadata of an object. */
export function metadataUpdateErrors(meta: ObjectMeta, old: StoredMeta): FieldError[] {
  const errors = old.deletionTimestamp ? newFinalizerErrors(meta.finalizers, old.finalizers) : [];
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

function newFinalizerErrors(now: readonly string[] = [], before: readonly string[] = []): FieldError[] {
  const extra = [...new Set(now)].filter((f) => !before.includes(f)).sort();
  if (extra.length === 0) return [];
  const list = `[]string{${extra.map(goQuote).join(', ')}}`;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  return [forbiddenField('metadata.finalizers', why)];
}
