import type { ObjectMeta } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalids,
  tooLong,
} from '../../../../machinery/field-error.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { labelsErrors } from '../../../../machinery/label-selector.ts';
import { qualifiedNameErrors } from '../../../../machinery/names.ts';

const maxAnnotationsSize = 256 * 1024;

/** The annotations of a template, which are those of an object in waiting. */
export function annotationKeys(
  field: string,
  annotations: Record<string, string> = {},
): readonly FieldError[] {
  const errors = Object.keys(annotations).flatMap((key) =>
    invalids(field, key, qualifiedNameErrors(key.toLowerCase())),
  );
  const size = Object.entries(annotations).reduce((sum, [k, v]) => sum + byteLength(k) + byteLength(v), 0);
  if (size <= maxAnnotationsSize) return errors;
  return [...errors, tooLong(field, maxAnnotationsSize)];
}

/** Fields of metadata that mean nothing in a template, under the names that upstream reports them by. */
const meaningless: readonly [name: keyof ObjectMeta, shown?: string][] = [
  ['name'],
  ['generateName'],
  ['namespace'],
  ['selfLink'],
  ['uid', 'uID'],
  ['resourceVersion'],
  ['generation'],
  ['creationTimestamp'],
  ['deletionTimestamp'],
  ['deletionGracePeriodSeconds'],
  ['ownerReferences'],
  ['finalizers'],
  ['managedFields'],
];

/** Metadata of which only labels and annotations are taken over. */
export function bareMetadata(field: string, meta: ObjectMeta = {}): readonly FieldError[] {
  const set = meaningless.filter(
    ([name]) => meta[name] !== undefined && meta[name] !== null && meta[name] !== '',
  );
  return allErrors(
    annotationKeys(`${field}.annotations`, meta.annotations),
    labelsErrors(meta.labels, `${field}.labels`),
    set.map(([name, shown = name]) => forbiddenField(`${field}.${shown}`, 'cannot be set')),
  );
}
