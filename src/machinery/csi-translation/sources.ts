import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFilePersistentVolumeSource,
  CinderPersistentVolumeSource,
  CSIPersistentVolumeSource,
  GCEPersistentDiskVolumeSource,
  PortworxVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from '../../api/core/v1.ts';

/** What is known of a volume besides its source. */
export interface About {
  name: string;
  /** Where its secrets are unless it says so itself. */
  namespace: string;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
}

export type DriverSource = Omit<CSIPersistentVolumeSource, 'driver'>;

/** How the volumes of one kind look to the driver that serves them now. */
export interface SourceRule<S> {
  /** Who made such volumes when they were part of Kubernetes. */
  provisioner: string;
  /** Undefined where the driver cannot serve it. */
  toDriver(source: S, about: About): DriverSource | undefined;
  /** The name of one that stands in a pod: as good as its own, since drivers stage volumes under it. */
  nameOf(handle: string, source: S, driver: string): string;
  /** How one that stands in a pod may be used. */
  accessModeOf?(source: S): string;
  /** The driver's label for zones, where it has one. */
  zoneKey?: string;
  /** The driver's label for regions, where it has one. */
  regionKey?: string;
}

const given = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  value ? ({ [key]: value } as Partial<Record<K, V>>) : {};
const mountOf = ({ fsType, readOnly }: { fsType?: string; readOnly?: boolean }) => ({
  ...given('fsType', fsType),
  ...given('readOnly', readOnly),
});
const byDriver = (handle: string, _: unknown, driver: string) => `${driver}-${handle}`;
const byReading = ({ readOnly }: { readOnly?: boolean }) => (readOnly ? 'ReadOnlyMany' : 'ReadWriteOnce');

const ebsName = /^aws:\/\/[^/?#]*\/+(vol-[^/?#]*)\/*$/;

/** The name of a disk of AWS, which may begin with where the disk is: `aws://zone/vol-1`. */
function ebsHandle(id: string): string | undefined {
  return id.startsWith('aws://') ? ebsName.exec(id)?.[1] : id;
}

const awsElasticBlockStore: SourceRule<AWSElasticBlockStoreVolumeSource> = {
  provisioner: 'kubernetes.io/aws-ebs',
  zoneKey: 'topology.ebs.csi.aws.com/zone',
  toDriver: (source) => {
    const volumeHandle = ebsHandle(source.volumeID);
    if (volumeHandle === undefined) return undefined;
    return {
      volumeHandle,
      ...mountOf(source),
      volumeAttributes: { partition: String(source.partition ?? 0) },
    };
  },
  nameOf: byDriver,
};

const isManaged = (kind: string | undefined) => kind === undefined || kind.toLowerCase() === 'managed';

const azureDisk: SourceRule<AzureDiskVolumeSource> = {
  provisioner: 'kubernetes.io/azure-disk',
  toDriver: (source) => {
    if (!isManaged(source.kind)) return undefined;
    const { diskURI, cachingMode, fsType } = source;
    const volumeAttributes = {
      kind: 'Managed',
      ...given('cachingmode', cachingMode),
      ...given('fstype', fsType),
    };
    return { volumeHandle: diskURI, ...mountOf(source), volumeAttributes };
  },
  nameOf: (handle) => handle,
};

/** The account that a secret is named for: `azure-storage-account-<account>-secret`. In one pass: such a name may be as long as its pod. */
function accountOf(secret: string): string | undefined {
  const [before, after] = ['azure-storage-account-', '-secret'];
  const start = secret.indexOf(before);
  const [from, to] = [start + before.length, secret.lastIndexOf(after)];
  return start >= 0 && to > from ? secret.slice(from, to) : undefined;
}

const azureFile: SourceRule<AzureFilePersistentVolumeSource> = {
  provisioner: 'kubernetes.io/azure-file',
  toDriver: (source, { name, annotations, namespace: nearby }) => {
    const { secretName, shareName, secretNamespace } = source;
    const namespace = secretNamespace ?? nearby;
    if (!namespace) return undefined;
    const account = accountOf(secretName) ?? secretName;
    const group = annotations?.['kubernetes.io/azure-file-resource-group'] ?? '';
    return {
      volumeHandle: `${group}#${account}#${shareName}#${name}#${namespace}`,
      ...mountOf({ readOnly: source.readOnly }),
      volumeAttributes: { sharename: shareName },
      nodeStageSecretRef: { name: secretName, namespace },
    };
  },
  nameOf: (handle) => handle,
  accessModeOf: () => 'ReadWriteMany',
};

const cinder: SourceRule<CinderPersistentVolumeSource> = {
  provisioner: 'kubernetes.io/cinder',
  zoneKey: 'topology.cinder.csi.openstack.org/zone',
  toDriver: (source) => ({ volumeHandle: source.volumeID, ...mountOf(source) }),
  nameOf: byDriver,
};

/** The region of a disk that is in several zones (`europe-west1-b`); undefined where they have none in common. */
function gceRegion(zones: readonly string[]): string | undefined {
  const regions = new Set(zones.map((zone) => /^([^-]*-[^-]*)-[^-]*$/.exec(zone)?.[1]));
  return regions.size === 1 ? [...regions][0] : undefined;
}

/** Where a disk of Google's is, as its handle says it: what is not known is for the driver to find out. */
function gcePlace({ labels = {} }: About): string | undefined {
  const label =
    labels['failure-domain.beta.kubernetes.io/zone'] || labels['topology.kubernetes.io/zone'] || '';
  const zones = label.split('__');
  if (zones.length === 1) return `zones/${zones[0] || 'UNSPECIFIED'}`;
  const region = gceRegion(zones);
  return region && `regions/${region}`;
}

const gcePersistentDisk: SourceRule<GCEPersistentDiskVolumeSource> = {
  provisioner: 'kubernetes.io/gce-pd',
  zoneKey: 'topology.gke.io/zone',
  toDriver: (source, about) => {
    const place = gcePlace(about);
    if (place === undefined) return undefined;
    const partition = source.partition ? String(source.partition) : '';
    return {
      volumeHandle: `projects/UNSPECIFIED/${place}/disks/${source.pdName}`,
      ...mountOf(source),
      volumeAttributes: { partition },
    };
  },
  nameOf: (_, { pdName }, driver) => `${driver}-${pdName}`,
  accessModeOf: byReading,
};

const portworxVolume: SourceRule<PortworxVolumeSource> = {
  provisioner: 'kubernetes.io/portworx-volume',
  toDriver: ({ volumeID, fsType }, { annotations = {} }) => {
    const name = annotations['openstorage.io/auth-secret-name'];
    const namespace = annotations['openstorage.io/auth-secret-namespace'];
    const secret = name !== undefined && namespace !== undefined ? { name, namespace } : undefined;
    return {
      volumeHandle: volumeID,
      ...mountOf({ fsType }),
      ...given('controllerPublishSecretRef', secret),
      ...given('nodeStageSecretRef', secret),
      ...given('nodePublishSecretRef', secret),
      ...given('controllerExpandSecretRef', secret),
      ...given('nodeExpandSecretRef', secret),
    };
  },
  nameOf: byDriver,
  accessModeOf: byReading,
};

const vsphereVolume: SourceRule<VsphereVirtualDiskVolumeSource> = {
  provisioner: 'kubernetes.io/vsphere-volume',
  zoneKey: 'topology.csi.vmware.com/zone',
  regionKey: 'topology.csi.vmware.com/region',
  toDriver: ({ volumePath, fsType, storagePolicyName }) => ({
    volumeHandle: volumePath,
    ...mountOf({ fsType }),
    ...(storagePolicyName && { volumeAttributes: { storagepolicyname: storagePolicyName } }),
  }),
  nameOf: byDriver,
};

/** All volumes that were part of Kubernetes once and that drivers serve now, by the field that holds them. */
export const sourceRules = {
  awsElasticBlockStore,
  azureDisk,
  azureFile,
  cinder,
  gcePersistentDisk,
  portworxVolume,
  vsphereVolume,
} as const;
