/**
 * @package io.k8s.api.scheduling.v1
 * @group scheduling.k8s.io
 * @version v1
 */
import type { Int32, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** A name for a pod priority. @kind @resource priorityclasses @scope Cluster @shortNames pc */
export interface PriorityClass {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The priority; higher goes first. At most 1000000000 for own classes. @proto 2 @printed */
  value?: Int32;
  /** Give it to pods that name no class; at most one class should. @proto 3 */
  globalDefault?: boolean;
  /** What it is meant for. @proto 4 */
  description?: string;
  /** Whether its pods push out others: `PreemptLowerPriority` (default) or `Never`. @proto 5 @pointer */
  preemptionPolicy?: string;
}

/** Many PriorityClass objects, as one answer. @kind */
export interface PriorityClassList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The PriorityClass objects. @proto 2 */
  items: PriorityClass[];
}
