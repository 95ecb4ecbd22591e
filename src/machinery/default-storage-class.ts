import type { Stored } from '../api/resource.ts';
import type { StorageClass } from '../api/storage/v1.ts';

const marks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** The class for claims that name none: the one that is marked as the default; of several, the newest. */
export function defaultStorageClassOf(
  classes: readonly Stored<StorageClass>[],
): Stored<StorageClass> | undefined {
  const marked = classes.filter(({ metadata }) =>
    marks.some((mark) => metadata.annotations?.[mark] === 'true'),
  );
  return marked.sort(
    ({ metadata: a }, { metadata: b }) =>
      b.creationTimestamp.localeCompare(a.creationTimestamp) || a.name.localeCompare(b.name),
  )[0];
}
