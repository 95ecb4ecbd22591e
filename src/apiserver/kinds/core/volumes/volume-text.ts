import type { ObjectMeta } from '../../../../api/meta/v1.ts';

const shortModes: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** Access modes in their short forms, each once, in a fixed order. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(shortModes)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

/** The class of a volume or claim; the annotation of old goes first. */
export function storageClassOf(object: {
  metadata: ObjectMeta;
  spec: { storageClassName?: string };
}): string {
  const annotated = object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'];
  return annotated ?? object.spec.storageClassName ?? '';
}
