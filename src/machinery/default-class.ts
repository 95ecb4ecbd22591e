import type { KubernetesObject, Stored } from '../api/resource.ts';
import type { StorageClass } from '../api/storage/v1.ts';

const storageMarks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** The class for claims that name none. */
export const defaultStorageClassOf = (
  classes: Iterable<Stored<StorageClass>>,
): Stored<StorageClass> | undefined => defaultClassOf(classes, storageMarks);

/** The class that one of the annotations marks as the default; of several the newest, and of those the first by name. */
export function defaultClassOf<T extends KubernetesObject>(
  classes: Iterable<Stored<T>>,
  marks: readonly string[],
): Stored<T> | undefined {
  const marked = [...classes].filter(({ metadata }) =>
    marks.some((mark) => metadata.annotations?.[mark] === 'true'),
  );
  return marked.sort(
    ({ metadata: a }, { metadata: b }) =>
      Date.parse(b.creationTimestamp) - Date.parse(a.creationTimestamp) || (a.name < b.name ? -1 : 1),
  )[0];
}
