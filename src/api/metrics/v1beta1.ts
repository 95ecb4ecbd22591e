/**
 * @package io.k8s.metrics.pkg.apis.metrics.v1beta1
 * @group metrics.k8s.io
 * @version v1beta1
 */
import type { Duration, ListMeta, ObjectMeta, Quantity, Time } from '../meta/v1.ts';

/** What a container uses. */
export interface ContainerMetrics {
  /** The container in its pod. @proto 1 */
  name: string;
  /** Amounts by resource: `cpu` as the average over the window, `memory` as the working set at its end. @proto 2 */
  usage: Record<string, Quantity>;
}

/** What a node uses, as it was measured last. @kind @resource nodes @scope Cluster */
export interface NodeMetrics {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name and labels of the node. @proto 1 @optional */
  metadata: ObjectMeta;
  /** When it was measured last: the end of the window. @proto 2 */
  timestamp: Time;
  /** The time over which the use of cpu is averaged. @proto 3 */
  window: Duration;
  /** Amounts by resource: `cpu` as the average over the window, `memory` as the working set at its end. @proto 4 */
  usage: Record<string, Quantity>;
}

/** Many NodeMetrics objects, as one answer. @kind */
export interface NodeMetricsList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The NodeMetrics objects. @proto 2 */
  items: NodeMetrics[];
}

/** What the containers of a pod use, as it was measured last. @kind @resource pods @scope Namespaced */
export interface PodMetrics {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, namespace and labels of the pod. @proto 1 @optional */
  metadata: ObjectMeta;
  /** When it was measured last: the end of the window. @proto 2 */
  timestamp: Time;
  /** The time over which the use of cpu is averaged. @proto 3 */
  window: Duration;
  /** The containers, all measured within the window. @proto 4 */
  containers: ContainerMetrics[];
}

/** Many PodMetrics objects, as one answer. @kind */
export interface PodMetricsList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The PodMetrics objects. @proto 2 */
  items: PodMetrics[];
}
