import type { PersistentVolumeSpec, Volume } from '../../../api/core/v1.ts';
import { driverBehind } from '../../../machinery/migrated-drivers.ts';

type Source = Pick<
  PersistentVolumeSpec & Volume,
  'awsElasticBlockStore' | 'azureDisk' | 'cinder' | 'gcePersistentDisk'
>;

const of = (plugin: string, handle: string) => ({ driver: driverBehind(`kubernetes.io/${plugin}`), handle });

/** The driver, and its name for the volume, of a volume that was part of Kubernetes once. */
export function migratedVolume(source: Source): { driver: string; handle: string } | undefined {
  const { awsElasticBlockStore, azureDisk, cinder, gcePersistentDisk } = source;
  // Such names may begin with where the volume is: `aws://zone/vol-1`.
  if (awsElasticBlockStore) return of('aws-ebs', awsElasticBlockStore.volumeID.split('/').at(-1) ?? '');
  if (azureDisk) return of('azure-disk', azureDisk.diskURI);
  if (cinder) return of('cinder', cinder.volumeID);
  return gcePersistentDisk && of('gce-pd', gcePersistentDisk.pdName);
}
