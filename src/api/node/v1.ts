/**
 * @package io.k8s.api.node.v1
 * @group node.k8s.io
 * @version v1
 */
import type { Toleration } from '../core/v1.ts';
import type { ListMeta, ObjectMeta, Quantity } from '../meta/v1.ts';

/** What a runtime takes for itself per pod. */
export interface Overhead {
  /** Amounts by resource. @proto 1 */
  podFixed?: Record<string, Quantity>;
}

/** A way to run pods, such as in a virtual machine. @kind @resource runtimeclasses @scope Cluster */
export interface RuntimeClass {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Name the node's runtime knows it by; a DNS label. Cannot change. @proto 2 */
  handler: string;
  /** What it takes for itself per pod. @proto 3 @pointer */
  overhead?: Overhead;
  /** Nodes that support it; all unless set. @proto 4 @pointer */
  scheduling?: Scheduling;
}

/** Many RuntimeClass objects, as one answer. @kind */
export interface RuntimeClassList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The RuntimeClass objects. @proto 2 */
  items: RuntimeClass[];
}

/** Nodes that support a runtime class. */
export interface Scheduling {
  /**
   * Labels of the nodes, added to the pod's own; a contradiction rejects the pod.
   * @proto 1 @mapType atomic
   */
  nodeSelector?: Record<string, string>;
  /** Taints of the nodes, borne by its pods. @proto 2 @listType atomic */
  tolerations?: Toleration[];
}
