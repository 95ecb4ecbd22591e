import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSpec,
  Volume,
} from '../../api/core/v1.ts';
import { driverBehind } from '../migrated-drivers.ts';
import { type About, type SourceRule, sourceRules } from './sources.ts';
import { driverAffinity } from './topology.ts';

type Field = keyof typeof sourceRules;
/** A volume of a pod, or a persistent one, by what holds its data. */
export type Sourced = Pick<PersistentVolumeSpec & Volume, Field>;

const fields = Object.keys(sourceRules) as Field[];

/** A volume's source, and the rule that it goes by. */
interface Migrated {
  field: Field;
  source: object;
  rule: SourceRule<object>;
}

function migratedOf(sourced: Sourced): Migrated | undefined {
  for (const field of fields) {
    const source = sourced[field];
    if (source) return { field, source, rule: sourceRules[field] as unknown as SourceRule<object> };
  }
  return undefined;
}

/** The provisioner of old that would have made such a volume; undefined where it was never part of Kubernetes, or still is. */
export const oldProvisionerOf = (sourced: Sourced): string | undefined =>
  migratedOf(sourced)?.rule.provisioner;

/** A volume that was part of Kubernetes once as its driver knows it; undefined where it was not, or no driver can serve it. */
export function driverSourceOf(sourced: Sourced, about: About): CSIPersistentVolumeSource | undefined {
  const migrated = migratedOf(sourced);
  const source = migrated?.rule.toDriver(migrated.source, about);
  return migrated && source && { driver: driverBehind(migrated.rule.provisioner), ...source };
}

/** Disks of Google's could be declared for more than they can do, which nobody minded. */
function soberModes(modes: readonly string[]): string[] {
  return modes.length > 0 && modes.every((mode) => mode === 'ReadOnlyMany')
    ? ['ReadOnlyMany']
    : ['ReadWriteOnce'];
}

/**
 * A persistent volume as its CSI driver knows it: itself, or what has become of one that was part of Kubernetes once. Undefined where no
 * driver serves it. The rules are those of `csi-translation-lib`.
 */
export function csiVolumeOf(volume: PersistentVolume): PersistentVolume | undefined {
  const { spec, metadata } = volume;
  if (spec.csi) return volume;
  const migrated = migratedOf(spec);
  if (!migrated) return undefined;
  const { name = '', labels, annotations } = metadata;
  const csi = driverSourceOf(spec, { name, namespace: spec.claimRef?.namespace ?? '', labels, annotations });
  if (!csi) return undefined;
  const { [migrated.field]: _, nodeAffinity: __, ...rest } = spec;
  const affinity = driverAffinity(volume, migrated.rule);
  const accessModes =
    migrated.field === 'gcePersistentDisk' ? soberModes(spec.accessModes ?? []) : spec.accessModes;
  return { ...volume, spec: { ...rest, accessModes, csi, ...(affinity && { nodeAffinity: affinity }) } };
}

/** A volume that stands in a pod of a namespace, as the persistent one that its CSI driver knows; undefined where no driver serves it. */
export function csiVolumeOfPod(volume: Volume, namespace: string): PersistentVolume | undefined {
  const migrated = migratedOf(volume);
  const csi = migrated && driverSourceOf(volume, { name: volume.name, namespace: namespace || 'default' });
  if (!csi) return undefined;
  const { source, rule } = migrated;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: rule.nameOf(csi.volumeHandle, source, csi.driver) },
    spec: { accessModes: [rule.accessModeOf?.(source) ?? 'ReadWriteOnce'], csi, volumeMode: 'Filesystem' },
  };
}
