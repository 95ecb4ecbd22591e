/**
 * @package io.k8s.api.apps.v1
 * @group apps
 * @version v1
 */
import type { PersistentVolumeClaim, PodTemplateSpec } from '../core/v1.ts';
import type {
  Int32,
  Int64,
  IntOrString,
  LabelSelector,
  ListMeta,
  ObjectMeta,
  RawExtension,
  Time,
} from '../meta/v1.ts';

/** @kind @resource controllerrevisions @scope Namespaced */
export interface ControllerRevision {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  data?: RawExtension;
  /** @proto 3 */
  revision: Int64;
}

/** @kind */
export interface ControllerRevisionList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ControllerRevision[];
}

/** @kind @resource daemonsets @scope Namespaced @shortNames ds @categories all */
export interface DaemonSet {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: DaemonSetSpec;
  /** @proto 3 */
  status?: DaemonSetStatus;
}

export interface DaemonSetCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface DaemonSetList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: DaemonSet[];
}

export interface DaemonSetSpec {
  /** @proto 1 */
  selector: LabelSelector;
  /** @proto 2 */
  template: PodTemplateSpec;
  /** @proto 3 */
  updateStrategy?: DaemonSetUpdateStrategy;
  /** @proto 4 */
  minReadySeconds?: Int32;
  /** @proto 6 */
  revisionHistoryLimit?: Int32;
}

export interface DaemonSetStatus {
  /** @proto 1 */
  currentNumberScheduled: Int32;
  /** @proto 2 */
  numberMisscheduled: Int32;
  /** @proto 3 */
  desiredNumberScheduled: Int32;
  /** @proto 4 */
  numberReady: Int32;
  /** @proto 5 */
  observedGeneration?: Int64;
  /** @proto 6 */
  updatedNumberScheduled?: Int32;
  /** @proto 7 */
  numberAvailable?: Int32;
  /** @proto 8 */
  numberUnavailable?: Int32;
  /** @proto 9 */
  collisionCount?: Int32;
  /** @proto 10 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: DaemonSetCondition[];
}

export interface DaemonSetUpdateStrategy {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  rollingUpdate?: RollingUpdateDaemonSet;
}

/** @kind @resource deployments @scope Namespaced @shortNames deploy @categories all */
export interface Deployment {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: DeploymentSpec;
  /** @proto 3 */
  status?: DeploymentStatus;
}

export interface DeploymentCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
  /** @proto 6 */
  lastUpdateTime?: Time;
  /** @proto 7 */
  lastTransitionTime?: Time;
}

/** @kind */
export interface DeploymentList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Deployment[];
}

export interface DeploymentSpec {
  /** @proto 1 */
  replicas?: Int32;
  /** @proto 2 */
  selector: LabelSelector;
  /** @proto 3 */
  template: PodTemplateSpec;
  /** @proto 4 @patchStrategy retainKeys */
  strategy?: DeploymentStrategy;
  /** @proto 5 */
  minReadySeconds?: Int32;
  /** @proto 6 */
  revisionHistoryLimit?: Int32;
  /** @proto 7 */
  paused?: boolean;
  /** @proto 9 */
  progressDeadlineSeconds?: Int32;
}

export interface DeploymentStatus {
  /** @proto 1 */
  observedGeneration?: Int64;
  /** @proto 2 */
  replicas?: Int32;
  /** @proto 3 */
  updatedReplicas?: Int32;
  /** @proto 4 */
  availableReplicas?: Int32;
  /** @proto 5 */
  unavailableReplicas?: Int32;
  /** @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: DeploymentCondition[];
  /** @proto 7 */
  readyReplicas?: Int32;
  /** @proto 8 */
  collisionCount?: Int32;
  /** @proto 9 */
  terminatingReplicas?: Int32;
}

export interface DeploymentStrategy {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  rollingUpdate?: RollingUpdateDeployment;
}

/** @kind @resource replicasets @scope Namespaced @shortNames rs @categories all */
export interface ReplicaSet {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: ReplicaSetSpec;
  /** @proto 3 */
  status?: ReplicaSetStatus;
}

export interface ReplicaSetCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface ReplicaSetList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ReplicaSet[];
}

export interface ReplicaSetSpec {
  /** @proto 1 */
  replicas?: Int32;
  /** @proto 2 */
  selector: LabelSelector;
  /** @proto 3 */
  template?: PodTemplateSpec;
  /** @proto 4 */
  minReadySeconds?: Int32;
}

export interface ReplicaSetStatus {
  /** @proto 1 */
  replicas: Int32;
  /** @proto 2 */
  fullyLabeledReplicas?: Int32;
  /** @proto 3 */
  observedGeneration?: Int64;
  /** @proto 4 */
  readyReplicas?: Int32;
  /** @proto 5 */
  availableReplicas?: Int32;
  /** @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: ReplicaSetCondition[];
  /** @proto 7 */
  terminatingReplicas?: Int32;
}

export interface RollingUpdateDaemonSet {
  /** @proto 1 */
  maxUnavailable?: IntOrString;
  /** @proto 2 */
  maxSurge?: IntOrString;
}

export interface RollingUpdateDeployment {
  /** @proto 1 */
  maxUnavailable?: IntOrString;
  /** @proto 2 */
  maxSurge?: IntOrString;
}

export interface RollingUpdateStatefulSetStrategy {
  /** @proto 1 */
  partition?: Int32;
  /** @proto 2 */
  maxUnavailable?: IntOrString;
}

/** @kind @resource statefulsets @scope Namespaced @shortNames sts @categories all */
export interface StatefulSet {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: StatefulSetSpec;
  /** @proto 3 */
  status?: StatefulSetStatus;
}

export interface StatefulSetCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface StatefulSetList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: StatefulSet[];
}

export interface StatefulSetOrdinals {
  /** @proto 1 */
  start?: Int32;
}

export interface StatefulSetPersistentVolumeClaimRetentionPolicy {
  /** @proto 1 */
  whenDeleted?: string;
  /** @proto 2 */
  whenScaled?: string;
}

export interface StatefulSetSpec {
  /** @proto 1 */
  replicas?: Int32;
  /** @proto 2 */
  selector: LabelSelector;
  /** @proto 3 */
  template: PodTemplateSpec;
  /** @proto 4 @listType atomic */
  volumeClaimTemplates?: PersistentVolumeClaim[];
  /** @proto 5 */
  serviceName?: string;
  /** @proto 6 */
  podManagementPolicy?: string;
  /** @proto 7 */
  updateStrategy?: StatefulSetUpdateStrategy;
  /** @proto 8 */
  revisionHistoryLimit?: Int32;
  /** @proto 9 */
  minReadySeconds?: Int32;
  /** @proto 10 */
  persistentVolumeClaimRetentionPolicy?: StatefulSetPersistentVolumeClaimRetentionPolicy;
  /** @proto 11 */
  ordinals?: StatefulSetOrdinals;
}

export interface StatefulSetStatus {
  /** @proto 1 */
  observedGeneration?: Int64;
  /** @proto 2 */
  replicas: Int32;
  /** @proto 3 */
  readyReplicas?: Int32;
  /** @proto 4 */
  currentReplicas?: Int32;
  /** @proto 5 */
  updatedReplicas?: Int32;
  /** @proto 6 */
  currentRevision?: string;
  /** @proto 7 */
  updateRevision?: string;
  /** @proto 9 */
  collisionCount?: Int32;
  /** @proto 10 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: StatefulSetCondition[];
  /** @proto 11 */
  availableReplicas?: Int32;
}

export interface StatefulSetUpdateStrategy {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  rollingUpdate?: RollingUpdateStatefulSetStrategy;
}
