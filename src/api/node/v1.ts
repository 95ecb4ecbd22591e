/**
 * @package io.k8s.api.node.v1
 * @group node.k8s.io
 * @version v1
 */
import type { Toleration } from '../core/v1.ts';
import type { ListMeta, ObjectMeta, Quantity } from '../meta/v1.ts';

export interface Overhead {
  /** @proto 1 */
  podFixed?: Record<string, Quantity>;
}

/** @kind @resource runtimeclasses @scope Cluster */
export interface RuntimeClass {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  handler: string;
  /** @proto 3 */
  overhead?: Overhead;
  /** @proto 4 */
  scheduling?: Scheduling;
}

/** @kind */
export interface RuntimeClassList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: RuntimeClass[];
}

export interface Scheduling {
  /** @proto 1 @mapType atomic */
  nodeSelector?: Record<string, string>;
  /** @proto 2 @listType atomic */
  tolerations?: Toleration[];
}
