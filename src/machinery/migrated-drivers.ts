/** The drivers that stand in for provisioners that were part of Kubernetes once (`csi-translation-lib`). */
const drivers: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
  ['kubernetes.io/azure-disk', 'disk.csi.azure.com'],
  ['kubernetes.io/azure-file', 'file.csi.azure.com'],
  ['kubernetes.io/cinder', 'cinder.csi.openstack.org'],
  ['kubernetes.io/gce-pd', 'pd.csi.storage.gke.io'],
  ['kubernetes.io/portworx-volume', 'pxd.portworx.com'],
  ['kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
]);

/** The provisioners whose volumes are those of a driver now, in order. */
export const migratedProvisioners: readonly string[] = [...drivers.keys()];

/** The driver that has taken the place of a provisioner; undefined where none has. */
export const migratedTo = (provisioner: string): string | undefined => drivers.get(provisioner);

/** The driver that serves a provisioner; itself, unless its place has been taken. */
export const driverBehind = (provisioner: string): string => migratedTo(provisioner) ?? provisioner;
