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

/** @kind */
export interface Eviction {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  deleteOptions?: DeleteOptions;
}

/** @kind @resource poddisruptionbudgets @scope Namespaced @shortNames pdb */
export interface PodDisruptionBudget {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: PodDisruptionBudgetSpec;
  /** @proto 3 */
  status?: PodDisruptionBudgetStatus;
}

/** @kind */
export interface PodDisruptionBudgetList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: PodDisruptionBudget[];
}

export interface PodDisruptionBudgetSpec {
  /** @proto 1 */
  minAvailable?: IntOrString;
  /** @proto 2 @patchStrategy replace */
  selector?: LabelSelector;
  /** @proto 3 */
  maxUnavailable?: IntOrString;
  /** @proto 4 */
  unhealthyPodEvictionPolicy?: string;
}

export interface PodDisruptionBudgetStatus {
  /** @proto 1 */
  observedGeneration?: Int64;
  /** @proto 2 */
  disruptedPods?: Record<string, Time>;
  /** @proto 3 */
  disruptionsAllowed?: Int32;
  /** @proto 4 */
  currentHealthy?: Int32;
  /** @proto 5 */
  desiredHealthy?: Int32;
  /** @proto 6 */
  expectedPods?: Int32;
  /** @proto 7 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: Condition[];
}
