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

/**
 * A stored state of a DaemonSet or StatefulSet, for rolling back. Cannot change.
 * @kind @resource controllerrevisions @scope Namespaced
 */
export interface ControllerRevision {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The state. @proto 2 */
  data?: RawExtension;
  /** Number of the revision; a later one is higher. @proto 3 */
  revision: Int64;
}

/** Many ControllerRevision objects, as one answer. @kind */
export interface ControllerRevisionList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ControllerRevision objects. @proto 2 */
  items: ControllerRevision[];
}

/**
 * Runs one pod on every node that fits.
 * @kind @resource daemonsets @scope Namespaced @shortNames ds @categories all
 */
export interface DaemonSet {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What should run on which nodes. @proto 2 @optional */
  spec: DaemonSetSpec;
  /** Where it runs. @proto 3 */
  status?: DaemonSetStatus;
}

/** One aspect of a daemon set's state. */
export interface DaemonSetCondition {
  /** Name of the condition in CamelCase. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many DaemonSet objects, as one answer. @kind */
export interface DaemonSetList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The DaemonSet objects. @proto 2 */
  items: DaemonSet[];
}

/** What a daemon set should run, and how it changes. */
export interface DaemonSetSpec {
  /** Labels of the pods it counts as its own; must fit the template and cannot change. @proto 1 @pointer */
  selector: LabelSelector;
  /** Blueprint for the pods; its node selector and affinity decide on which nodes they run. @proto 2 */
  template: PodTemplateSpec;
  /** How running pods are replaced after a change of the template. @proto 3 */
  updateStrategy?: DaemonSetUpdateStrategy;
  /** Seconds a new pod must be ready before it counts as available. @proto 4 */
  minReadySeconds?: Int32;
  /** Old revisions to keep for rolling back; 10 unless set. @proto 6 @pointer */
  revisionHistoryLimit?: Int32;
}

/** Where a daemon set runs. */
export interface DaemonSetStatus {
  /** Nodes that should run the pod and do have one. @proto 1 */
  currentNumberScheduled: Int32;
  /** Nodes that run the pod and should not. @proto 2 */
  numberMisscheduled: Int32;
  /** Nodes that should run the pod. @proto 3 */
  desiredNumberScheduled: Int32;
  /** Nodes on which a pod is ready. @proto 4 */
  numberReady: Int32;
  /** The newest `metadata.generation` that this status takes into account. @proto 5 */
  observedGeneration?: Int64;
  /** Nodes whose pod follows the newest template. @proto 6 */
  updatedNumberScheduled?: Int32;
  /** Nodes on which a pod has been ready for `minReadySeconds`. @proto 7 */
  numberAvailable?: Int32;
  /** Nodes that should run the pod and have none available. @proto 8 */
  numberUnavailable?: Int32;
  /** Collisions of revision names so far; makes the next name differ. @proto 9 @pointer */
  collisionCount?: Int32;
  /**
   * Aspects of its state.
   * @proto 10 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: DaemonSetCondition[];
}

/** How pods of a daemon set are replaced. */
export interface DaemonSetUpdateStrategy {
  /** `RollingUpdate` (default), or `OnDelete` to wait until each is deleted by hand. @proto 1 */
  type?: string;
  /** Pace of a rolling update. @proto 2 @pointer */
  rollingUpdate?: RollingUpdateDaemonSet;
}

/**
 * Runs equal pods and replaces them step by step when the template changes.
 * @kind @resource deployments @scope Namespaced @shortNames deploy @categories all
 */
export interface Deployment {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** How many pods of which kind, and how they change. @proto 2 @optional */
  spec: DeploymentSpec;
  /** How far it is. @proto 3 */
  status?: DeploymentStatus;
}

/** One aspect of a deployment's state. */
export interface DeploymentCondition {
  /** `Available`, `Progressing` or `ReplicaFailure`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
  /** When the condition was last written. @proto 6 */
  lastUpdateTime?: Time | null;
  /** When `status` last took another value. @proto 7 */
  lastTransitionTime?: Time | null;
}

/** Many Deployment objects, as one answer. @kind */
export interface DeploymentList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Deployment objects. @proto 2 */
  items: Deployment[];
}

/** What a deployment should run, and how it changes. */
export interface DeploymentSpec {
  /** Number of pods; 1 unless set. @proto 1 @pointer */
  replicas?: Int32;
  /** Labels of the pods it counts as its own; must fit the template and cannot change. @proto 2 @pointer */
  selector: LabelSelector;
  /** Blueprint for the pods. Restart policy has to be `Always`. @proto 3 */
  template: PodTemplateSpec;
  /** How old pods give way to new ones. @proto 4 @patchStrategy retainKeys */
  strategy?: DeploymentStrategy;
  /** Seconds a new pod must be ready before it counts as available. @proto 5 */
  minReadySeconds?: Int32;
  /** Old replica sets to keep for rolling back; 10 unless set. @proto 6 @pointer */
  revisionHistoryLimit?: Int32;
  /** Leave the pods as they are when the template changes. @proto 7 */
  paused?: boolean;
  /** Seconds without progress until the condition says so; 600 unless set. Retries go on. @proto 9 @pointer */
  progressDeadlineSeconds?: Int32;
}

/** How far a deployment is. */
export interface DeploymentStatus {
  /** The newest `metadata.generation` that this status takes into account. @proto 1 */
  observedGeneration?: Int64;
  /** Pods that do not terminate, over all its replica sets. @proto 2 */
  replicas?: Int32;
  /** Pods of the newest template that do not terminate. @proto 3 */
  updatedReplicas?: Int32;
  /** Pods ready for at least `minReadySeconds`. @proto 4 */
  availableReplicas?: Int32;
  /** Pods still missing for full availability: not there yet, or not available. @proto 5 */
  unavailableReplicas?: Int32;
  /**
   * Aspects of its state.
   * @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: DeploymentCondition[];
  /** Ready pods that do not terminate. @proto 7 */
  readyReplicas?: Int32;
  /** Collisions of replica set names so far; makes the next name differ. @proto 8 @pointer */
  collisionCount?: Int32;
  /** Pods that are being deleted and have not gone yet. @proto 9 @pointer */
  terminatingReplicas?: Int32;
}

/** How a deployment's old pods give way to new ones. */
export interface DeploymentStrategy {
  /** `RollingUpdate` (default), or `Recreate` to remove all old ones first. @proto 1 */
  type?: string;
  /** Pace of a rolling update. @proto 2 @pointer */
  rollingUpdate?: RollingUpdateDeployment;
}

/**
 * Keeps a number of equal pods running. Mostly made by deployments.
 * @kind @resource replicasets @scope Namespaced @shortNames rs @categories all
 */
export interface ReplicaSet {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** How many pods of which kind. @proto 2 @optional */
  spec: ReplicaSetSpec;
  /** How many there are. @proto 3 */
  status?: ReplicaSetStatus;
}

/** One aspect of a replica set's state. */
export interface ReplicaSetCondition {
  /** Such as `ReplicaFailure`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many ReplicaSet objects, as one answer. @kind */
export interface ReplicaSetList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ReplicaSet objects. @proto 2 */
  items: ReplicaSet[];
}

/** How many pods of which kind there should be. */
export interface ReplicaSetSpec {
  /** Number of pods; 1 unless set. @proto 1 @pointer */
  replicas?: Int32;
  /** Labels of the pods it counts as its own; must fit the template and cannot change. @proto 2 @pointer */
  selector: LabelSelector;
  /** Blueprint for new pods. @proto 3 */
  template?: PodTemplateSpec;
  /** Seconds a new pod must be ready before it counts as available. @proto 4 */
  minReadySeconds?: Int32;
}

/** How many pods there are. */
export interface ReplicaSetStatus {
  /** Pods that do not terminate. @proto 1 */
  replicas: Int32;
  /** Pods that carry all labels of the template. @proto 2 */
  fullyLabeledReplicas?: Int32;
  /** The newest `metadata.generation` that this status takes into account. @proto 3 */
  observedGeneration?: Int64;
  /** Ready pods that do not terminate. @proto 4 */
  readyReplicas?: Int32;
  /** Pods ready for at least `minReadySeconds`. @proto 5 */
  availableReplicas?: Int32;
  /**
   * Aspects of its state.
   * @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: ReplicaSetCondition[];
  /** Pods that are being deleted and have not gone yet. @proto 7 @pointer */
  terminatingReplicas?: Int32;
}

/** Pace of a daemon set's rolling update. */
export interface RollingUpdateDaemonSet {
  /**
   * Nodes that may be without an available pod meanwhile: number or percentage, rounded up; 1 unless set.
   * @proto 1 @pointer
   */
  maxUnavailable?: IntOrString;
  /** Nodes that may run old and new pod together: number or percentage, rounded up; 0 unless set. @proto 2 @pointer */
  maxSurge?: IntOrString;
}

/** Pace of a deployment's rolling update. */
export interface RollingUpdateDeployment {
  /** Pods that may be missing meanwhile: number or percentage, rounded down; 25% unless set. @proto 1 @pointer */
  maxUnavailable?: IntOrString;
  /**
   * Pods that may exist beyond the wished number: number or percentage, rounded up; 25% unless set.
   * @proto 2 @pointer
   */
  maxSurge?: IntOrString;
}

/** Reach and pace of a stateful set's rolling update. */
export interface RollingUpdateStatefulSetStrategy {
  /** Only pods with this ordinal or a higher one are updated; 0 unless set. @proto 1 @pointer */
  partition?: Int32;
  /** Pods that may be missing meanwhile: number or percentage, rounded up; 1 unless set. @proto 2 @pointer */
  maxUnavailable?: IntOrString;
}

/**
 * Runs pods with lasting names and storage: `<name>-0`, `<name>-1` and so on.
 * @kind @resource statefulsets @scope Namespaced @shortNames sts @categories all
 */
export interface StatefulSet {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which pods, and how they change. @proto 2 @optional */
  spec: StatefulSetSpec;
  /** How far it is. @proto 3 */
  status?: StatefulSetStatus;
}

/** One aspect of a stateful set's state. */
export interface StatefulSetCondition {
  /** Name of the condition in CamelCase. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many StatefulSet objects, as one answer. @kind */
export interface StatefulSetList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The StatefulSet objects. @proto 2 */
  items: StatefulSet[];
}

/** Numbering of the pods. */
export interface StatefulSetOrdinals {
  /** Number of the first pod; 0 unless set. @proto 1 @printed */
  start?: Int32;
}

/** What becomes of the claims made from templates. */
export interface StatefulSetPersistentVolumeClaimRetentionPolicy {
  /** When the set is deleted: `Retain` (default) or `Delete`. @proto 1 */
  whenDeleted?: string;
  /** When its pod is scaled away: `Retain` (default) or `Delete`. @proto 2 */
  whenScaled?: string;
}

/** What a stateful set should run, and how it changes. */
export interface StatefulSetSpec {
  /** Number of pods; 1 unless set. @proto 1 @pointer */
  replicas?: Int32;
  /** Labels of the pods it counts as its own; must fit the template and cannot change. @proto 2 @pointer */
  selector: LabelSelector;
  /** Blueprint for the pods; each also gets its own name and claims. @proto 3 */
  template: PodTemplateSpec;
  /**
   * Claims each pod gets, named `<claim>-<pod>`; win over volumes of the same name.
   * @proto 4 @listType atomic
   */
  volumeClaimTemplates?: PersistentVolumeClaim[];
  /** Headless Service that gives the pods their DNS names. @proto 5 @printed */
  serviceName?: string;
  /** `OrderedReady` (default) starts one after another, `Parallel` all at once. Cannot change. @proto 6 */
  podManagementPolicy?: string;
  /** How running pods are replaced after a change of the template. @proto 7 */
  updateStrategy?: StatefulSetUpdateStrategy;
  /** Old revisions to keep for rolling back; 10 unless set. @proto 8 @pointer */
  revisionHistoryLimit?: Int32;
  /** Seconds a new pod must be ready before it counts as available. @proto 9 */
  minReadySeconds?: Int32;
  /** What becomes of the claims; they are kept unless set. @proto 10 @pointer */
  persistentVolumeClaimRetentionPolicy?: StatefulSetPersistentVolumeClaimRetentionPolicy;
  /** Numbering of the pods; from 0 unless set. @proto 11 @pointer */
  ordinals?: StatefulSetOrdinals;
}

/** How far a stateful set is. */
export interface StatefulSetStatus {
  /** The newest `metadata.generation` that this status takes into account. @proto 1 */
  observedGeneration?: Int64;
  /** Number of its pods. @proto 2 */
  replicas: Int32;
  /** Ready pods. @proto 3 */
  readyReplicas?: Int32;
  /** Pods of the revision `currentRevision`. @proto 4 */
  currentReplicas?: Int32;
  /** Pods of the revision `updateRevision`. @proto 5 */
  updatedReplicas?: Int32;
  /** Revision that pods not updated yet follow. @proto 6 */
  currentRevision?: string;
  /** Revision that updated pods follow. @proto 7 */
  updateRevision?: string;
  /** Collisions of revision names so far; makes the next name differ. @proto 9 @pointer */
  collisionCount?: Int32;
  /**
   * Aspects of its state.
   * @proto 10 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: StatefulSetCondition[];
  /** Pods ready for at least `minReadySeconds`. @proto 11 @printed */
  availableReplicas?: Int32;
}

/** How pods of a stateful set are replaced. */
export interface StatefulSetUpdateStrategy {
  /** `RollingUpdate` (default), or `OnDelete` to wait until each is deleted by hand. @proto 1 */
  type?: string;
  /** Reach and pace of a rolling update. @proto 2 @pointer */
  rollingUpdate?: RollingUpdateStatefulSetStrategy;
}
