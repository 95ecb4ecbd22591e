/**
 * @package io.k8s.api.policy.v1
 * @group policy
 * @version v1
 */
import type {
  Condition,
  DeleteOptions,
  Int32,
  Int64,
  IntOrString,
  LabelSelector,
  ListMeta,
  ObjectMeta,
  Time,
} from '../meta/v1.ts';

/** Asks to remove a pod if its disruption budget allows; posted to the `eviction` subresource. @kind */
export interface Eviction {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Options of the deletion. @proto 2 @pointer */
  deleteOptions?: DeleteOptions;
}

/**
 * Limits how many pods of an application may be taken down on purpose at once.
 * @kind @resource poddisruptionbudgets @scope Namespaced @shortNames pdb
 */
export interface PodDisruptionBudget {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The limit. @proto 2 @optional */
  spec: PodDisruptionBudgetSpec;
  /** What it allows at present. @proto 3 */
  status?: PodDisruptionBudgetStatus;
}

/** Many PodDisruptionBudget objects, as one answer. @kind */
export interface PodDisruptionBudgetList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The PodDisruptionBudget objects. @proto 2 */
  items: PodDisruptionBudget[];
}

/** Which pods, and how many must stay or may go. */
export interface PodDisruptionBudgetSpec {
  /** Pods that must stay healthy: number or percentage. Excludes `maxUnavailable`. @proto 1 @pointer */
  minAvailable?: IntOrString;
  /** Labels of the pods; empty takes all in the namespace, absent none. @proto 2 @pointer @patchStrategy replace */
  selector?: LabelSelector;
  /** Pods that may be down: number or percentage. Excludes `minAvailable`. @proto 3 @pointer */
  maxUnavailable?: IntOrString;
  /** Pods not ready may go `IfHealthyBudget` (default) is kept, or `AlwaysAllow`. @proto 4 @pointer */
  unhealthyPodEvictionPolicy?: string;
}

/** What a budget allows at present. */
export interface PodDisruptionBudgetStatus {
  /** The newest `metadata.generation` that this status takes into account. @proto 1 */
  observedGeneration?: Int64;
  /** Pods with a granted eviction that are not gone yet, and when it was granted. @proto 2 */
  disruptedPods?: Record<string, Time>;
  /** Evictions that would be granted now. @proto 3 @printed */
  disruptionsAllowed?: Int32;
  /** Healthy pods. @proto 4 @printed */
  currentHealthy?: Int32;
  /** Healthy pods there must be. @proto 5 @printed */
  desiredHealthy?: Int32;
  /** Pods the budget counts. @proto 6 @printed */
  expectedPods?: Int32;
  /**
   * Aspects of its state, such as `DisruptionAllowed`.
   * @proto 7 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: Condition[];
}
