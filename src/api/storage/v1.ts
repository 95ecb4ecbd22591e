/**
 * @package io.k8s.api.storage.v1
 * @group storage.k8s.io
 * @version v1
 */
import type { PersistentVolumeSpec, TopologySelectorTerm } from '../core/v1.ts';
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Quantity, Time } from '../meta/v1.ts';

/** @kind @resource csidrivers @scope Cluster */
export interface CSIDriver {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: CSIDriverSpec;
}

/** @kind */
export interface CSIDriverList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: CSIDriver[];
}

export interface CSIDriverSpec {
  /** @proto 1 */
  attachRequired?: boolean;
  /** @proto 2 */
  podInfoOnMount?: boolean;
  /** @proto 3 @listType set */
  volumeLifecycleModes?: string[];
  /** @proto 4 */
  storageCapacity?: boolean;
  /** @proto 5 */
  fsGroupPolicy?: string;
  /** @proto 6 @listType atomic */
  tokenRequests?: TokenRequest[];
  /** @proto 7 */
  requiresRepublish?: boolean;
  /** @proto 8 */
  seLinuxMount?: boolean;
  /** @proto 9 */
  nodeAllocatableUpdatePeriodSeconds?: Int64;
  /** @proto 10 */
  serviceAccountTokenInSecrets?: boolean;
  /** @proto 11 */
  preventPodSchedulingIfMissing?: boolean;
}

/** @kind @resource csinodes @scope Cluster */
export interface CSINode {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: CSINodeSpec;
}

export interface CSINodeDriver {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  nodeID: string;
  /** @proto 3 @listType atomic */
  topologyKeys?: string[];
  /** @proto 4 */
  allocatable?: VolumeNodeResources;
}

/** @kind */
export interface CSINodeList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: CSINode[];
}

export interface CSINodeSpec {
  /** @proto 1 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  drivers: CSINodeDriver[];
}

/** @kind @resource csistoragecapacities @scope Namespaced */
export interface CSIStorageCapacity {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  nodeTopology?: LabelSelector;
  /** @proto 3 */
  storageClassName: string;
  /** @proto 4 */
  capacity?: Quantity;
  /** @proto 5 */
  maximumVolumeSize?: Quantity;
}

/** @kind */
export interface CSIStorageCapacityList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: CSIStorageCapacity[];
}

/** @kind @resource storageclasses @scope Cluster @shortNames sc */
export interface StorageClass {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  provisioner: string;
  /** @proto 3 */
  parameters?: Record<string, string>;
  /** @proto 4 */
  reclaimPolicy?: string;
  /** @proto 5 @listType atomic */
  mountOptions?: string[];
  /** @proto 6 */
  allowVolumeExpansion?: boolean;
  /** @proto 7 */
  volumeBindingMode?: string;
  /** @proto 8 @listType atomic */
  allowedTopologies?: TopologySelectorTerm[];
}

/** @kind */
export interface StorageClassList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: StorageClass[];
}

export interface TokenRequest {
  /** @proto 1 */
  audience: string;
  /** @proto 2 */
  expirationSeconds?: Int64;
}

/** @kind @resource volumeattachments @scope Cluster */
export interface VolumeAttachment {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: VolumeAttachmentSpec;
  /** @proto 3 */
  status?: VolumeAttachmentStatus;
}

/** @kind */
export interface VolumeAttachmentList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: VolumeAttachment[];
}

export interface VolumeAttachmentSource {
  /** @proto 1 */
  persistentVolumeName?: string;
  /** @proto 2 */
  inlineVolumeSpec?: PersistentVolumeSpec;
}

export interface VolumeAttachmentSpec {
  /** @proto 1 */
  attacher: string;
  /** @proto 2 */
  source: VolumeAttachmentSource;
  /** @proto 3 */
  nodeName: string;
}

export interface VolumeAttachmentStatus {
  /** @proto 1 */
  attached: boolean;
  /** @proto 2 */
  attachmentMetadata?: Record<string, string>;
  /** @proto 3 */
  attachError?: VolumeError;
  /** @proto 4 */
  detachError?: VolumeError;
}

/** @kind @resource volumeattributesclasses @scope Cluster @shortNames vac */
export interface VolumeAttributesClass {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  driverName: string;
  /** @proto 3 */
  parameters?: Record<string, string>;
}

/** @kind */
export interface VolumeAttributesClassList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: VolumeAttributesClass[];
}

export interface VolumeError {
  /** @proto 1 */
  time?: Time;
  /** @proto 2 */
  message?: string;
  /** @proto 3 */
  errorCode?: Int32;
}

export interface VolumeNodeResources {
  /** @proto 1 */
  count?: Int32;
}
