/**
 * @package io.k8s.api.scheduling.v1
 * @group scheduling.k8s.io
 * @version v1
 */
import type { Int32, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** @kind @resource priorityclasses @scope Cluster @shortNames pc */
export interface PriorityClass {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  value?: Int32;
  /** @proto 3 */
  globalDefault?: boolean;
  /** @proto 4 */
  description?: string;
  /** @proto 5 */
  preemptionPolicy?: string;
}

/** @kind */
export interface PriorityClassList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: PriorityClass[];
}
