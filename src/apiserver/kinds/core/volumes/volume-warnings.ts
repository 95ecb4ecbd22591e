import type { PersistentVolume, PersistentVolumeSource } from '../../../../api/core/v1.ts';
import { nodeTermWarnings } from '../../pod-spec/node-labels.ts';
import { betaClassAnnotation } from '../../../../machinery/volume-match.ts';

const mountAnnotation = 'volume.beta.kubernetes.io/mount-options';

/** Sources that do nothing any more, with the names that upstream says them by. */
const goneSources: readonly [name: keyof PersistentVolumeSource, since: string, shown?: string][] = [
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
];

/** Advice on a volume. */
export function volumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const given = (key: string) => metadata.annotations?.[key] !== undefined;
  const instead: [key: string, since: string, use: string][] = [
    [betaClassAnnotation, 'v1.8', 'storageClassName'],
    [mountAnnotation, 'v1.31', 'mountOptions'],
  ];
  const recycled =
    'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...instead
      .filter(([key]) => given(key))
      .map(
        ([key, since, use]) =>
          `metadata.annotations[${key}]: deprecated since ${since}; use "${use}" attribute instead`,
      ),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [recycled] : []),
    ...terms.flatMap((term, i) =>
      nodeTermWarnings(`spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, term, false),
    ),
    ...goneSources.flatMap(([name, since, shown = name]) =>
      spec[name] === undefined ? [] : [`spec.${shown}: ${since}`],
    ),
  ];
}
