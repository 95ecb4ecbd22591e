/**
 * @package io.k8s.api.storage.v1
 * @group storage.k8s.io
 * @version v1
 */
import type { PersistentVolumeSpec, TopologySelectorTerm } from '../core/v1.ts';
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Quantity, Time } from '../meta/v1.ts';

/**
 * What the cluster has to know about a CSI driver; named like the driver.
 * @kind @resource csidrivers @scope Cluster
 */
export interface CSIDriver {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** How it wants to be called. @proto 2 */
  spec: CSIDriverSpec;
}

/** Many CSIDriver objects, as one answer. @kind */
export interface CSIDriverList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The CSIDriver objects. @proto 2 */
  items: CSIDriver[];
}

/** How a CSI driver wants to be called. */
export interface CSIDriverSpec {
  /** Whether volumes have to be attached to the node first; true unless set. Cannot change. @proto 1 @pointer */
  attachRequired?: boolean;
  /** Tell the driver name, namespace, UID and account of the pod on mount; off by default. @proto 2 @pointer */
  podInfoOnMount?: boolean;
  /** `Persistent` (default), `Ephemeral` or both. Cannot change. @proto 3 @listType set */
  volumeLifecycleModes?: string[];
  /** The scheduler minds the free space the driver reports; off by default. @proto 4 @pointer */
  storageCapacity?: boolean;
  /**
   * Whether ownership of volumes may be changed: `ReadWriteOnceWithFSType` (default), `File` or `None`.
   * @proto 5 @pointer
   */
  fsGroupPolicy?: string;
  /** Service account tokens to hand to the driver on mount. @proto 6 @listType atomic */
  tokenRequests?: TokenRequest[];
  /** Call NodePublishVolume again and again, such as for fresh tokens; off by default. @proto 7 @pointer */
  requiresRepublish?: boolean;
  /** The driver can mount with an SELinux label; off by default. @proto 8 @pointer */
  seLinuxMount?: boolean;
  /** Seconds between refreshes of the node's volume limit, at least 10; never unless set. @proto 9 @pointer */
  nodeAllocatableUpdatePeriodSeconds?: Int64;
  /** Hand tokens over among the secrets, not in the volume context; needs `tokenRequests`. @proto 10 @pointer */
  serviceAccountTokenInSecrets?: boolean;
  /** Keep pods that need the driver off nodes that lack it; off by default. @proto 11 @pointer */
  preventPodSchedulingIfMissing?: boolean;
}

/** CSI drivers on a node; named like the node. @kind @resource csinodes @scope Cluster */
export interface CSINode {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The drivers. @proto 2 */
  spec: CSINodeSpec;
}

/** One CSI driver on a node. */
export interface CSINodeDriver {
  /** Name of the driver. @proto 1 */
  name: string;
  /** Name the driver knows the node by. @proto 2 */
  nodeID: string;
  /** Node labels the driver uses as topology. @proto 3 @listType atomic */
  topologyKeys?: string[] | null;
  /** Volumes of the driver the node can hold. @proto 4 @pointer */
  allocatable?: VolumeNodeResources;
}

/** Many CSINode objects, as one answer. @kind */
export interface CSINodeList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The CSINode objects. @proto 2 */
  items: CSINode[];
}

/** CSI drivers on a node. */
export interface CSINodeSpec {
  /**
   * The drivers; may be empty.
   * @proto 1 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  drivers: CSINodeDriver[] | null;
}

/**
 * Free space of a storage class in one part of the cluster.
 * @kind @resource csistoragecapacities @scope Namespaced
 */
export interface CSIStorageCapacity {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Nodes it is reachable from; none if absent, all if empty. @proto 2 @pointer */
  nodeTopology?: LabelSelector;
  /** The storage class. Cannot change. @proto 3 */
  storageClassName: string;
  /** Free space. @proto 4 @pointer */
  capacity?: Quantity;
  /** Largest volume that can be made. @proto 5 @pointer */
  maximumVolumeSize?: Quantity;
}

/** Many CSIStorageCapacity objects, as one answer. @kind */
export interface CSIStorageCapacityList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The CSIStorageCapacity objects. @proto 2 */
  items: CSIStorageCapacity[];
}

/**
 * A kind of storage that can be had on demand.
 * @kind @resource storageclasses @scope Cluster @shortNames sc
 */
export interface StorageClass {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Who makes the volumes, such as a CSI driver. @proto 2 */
  provisioner: string;
  /** Parameters for it; at most 512, 256 KiB in all. @proto 3 */
  parameters?: Record<string, string>;
  /** What happens to a released volume: `Delete` (default) or `Retain`. @proto 4 @pointer */
  reclaimPolicy?: string;
  /** Mount options for the volumes; not checked. @proto 5 @listType atomic */
  mountOptions?: string[];
  /** Whether claims may grow. @proto 6 @pointer */
  allowVolumeExpansion?: boolean;
  /** `Immediate` (default), or `WaitForFirstConsumer` to bind when a pod needs it. @proto 7 @pointer */
  volumeBindingMode?: string;
  /** Where volumes may be made; anywhere if empty. @proto 8 @listType atomic */
  allowedTopologies?: TopologySelectorTerm[];
}

/** Many StorageClass objects, as one answer. @kind */
export interface StorageClassList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The StorageClass objects. @proto 2 */
  items: StorageClass[];
}

/** A service account token a CSI driver wants. */
export interface TokenRequest {
  /** Whom the token is for; the API server if empty. @proto 1 */
  audience: string;
  /** Requested lifetime in seconds. @proto 2 @pointer */
  expirationSeconds?: Int64;
}

/** Attaches a volume to a node. @kind @resource volumeattachments @scope Cluster */
export interface VolumeAttachment {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which volume, which node. @proto 2 */
  spec: VolumeAttachmentSpec;
  /** Whether it is attached. @proto 3 */
  status?: VolumeAttachmentStatus;
}

/** Many VolumeAttachment objects, as one answer. @kind */
export interface VolumeAttachmentList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The VolumeAttachment objects. @proto 2 */
  items: VolumeAttachment[];
}

/** The volume to attach; exactly one member is set. */
export interface VolumeAttachmentSource {
  /** A persistent volume by name. @proto 1 @pointer */
  persistentVolumeName?: string;
  /** A volume of a pod, migrated to CSI. @proto 2 @pointer */
  inlineVolumeSpec?: PersistentVolumeSpec;
}

/** What is attached where and by whom. */
export interface VolumeAttachmentSpec {
  /** Driver that has to do it. @proto 1 */
  attacher: string;
  /** The volume. @proto 2 */
  source: VolumeAttachmentSource;
  /** The node. @proto 3 */
  nodeName: string;
}

/** How an attachment goes. */
export interface VolumeAttachmentStatus {
  /** It is done. @proto 1 */
  attached: boolean;
  /** What the driver gave back, needed for mounting. @proto 2 */
  attachmentMetadata?: Record<string, string>;
  /** Last failure to attach. @proto 3 @pointer */
  attachError?: VolumeError;
  /** Last failure to detach. @proto 4 @pointer */
  detachError?: VolumeError;
}

/**
 * Changeable attributes of volumes, such as speed, under a name.
 * @kind @resource volumeattributesclasses @scope Cluster @shortNames vac
 */
export interface VolumeAttributesClass {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Driver the class is for. Cannot change. @proto 2 */
  driverName: string;
  /** Attributes for the driver; at most 512, 256 KiB in all. Cannot change. @proto 3 */
  parameters?: Record<string, string>;
}

/** Many VolumeAttributesClass objects, as one answer. @kind */
export interface VolumeAttributesClassList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The VolumeAttributesClass objects. @proto 2 */
  items: VolumeAttributesClass[];
}

/** A failure of a volume operation. */
export interface VolumeError {
  /** When it happened. @proto 1 */
  time?: Time | null;
  /** What went wrong; may get logged, so nothing secret. @proto 2 */
  message?: string;
  /** The gRPC code of the failure. @proto 3 @pointer */
  errorCode?: Int32;
}

/** Volumes a node can hold. */
export interface VolumeNodeResources {
  /** Most volumes of the driver at once; no limit if absent. @proto 1 @pointer */
  count?: Int32;
}
