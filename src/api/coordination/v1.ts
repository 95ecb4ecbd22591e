/**
 * @package io.k8s.api.coordination.v1
 * @group coordination.k8s.io
 * @version v1
 */
import type { Int32, ListMeta, MicroTime, ObjectMeta } from '../meta/v1.ts';

/** @kind @resource leases @scope Namespaced */
export interface Lease {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: LeaseSpec;
}

/** @kind */
export interface LeaseList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Lease[];
}

export interface LeaseSpec {
  /** @proto 1 */
  holderIdentity?: string;
  /** @proto 2 */
  leaseDurationSeconds?: Int32;
  /** @proto 3 */
  acquireTime?: MicroTime;
  /** @proto 4 */
  renewTime?: MicroTime;
  /** @proto 5 */
  leaseTransitions?: Int32;
  /** @proto 6 */
  strategy?: string;
  /** @proto 7 */
  preferredHolder?: string;
}
