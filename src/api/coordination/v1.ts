/**
 * @package io.k8s.api.coordination.v1
 * @group coordination.k8s.io
 * @version v1
 */
import type { Int32, ListMeta, MicroTime, ObjectMeta } from '../meta/v1.ts';

/**
 * A claim to a role that has to be renewed; used for leader election and node heartbeats.
 * @kind @resource leases @scope Namespaced
 */
export interface Lease {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Who holds it, since when, for how long. @proto 2 @optional */
  spec: LeaseSpec;
}

/** Many Lease objects, as one answer. @kind */
export interface LeaseList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Lease objects. @proto 2 */
  items: Lease[];
}

/** Who holds a lease, since when, for how long. */
export interface LeaseSpec {
  /** The holder; empty if nobody. @proto 1 @pointer */
  holderIdentity?: string;
  /** Seconds after `renewTime` until others may take it. @proto 2 @pointer */
  leaseDurationSeconds?: Int32;
  /** When the present holder took it. @proto 3 @pointer */
  acquireTime?: MicroTime;
  /** When the holder last renewed it. @proto 4 @pointer */
  renewTime?: MicroTime;
  /** How often it has changed hands. @proto 5 @pointer */
  leaseTransitions?: Int32;
  /** How the leader is chosen in coordinated elections, such as `OldestEmulationVersion`. @proto 6 @pointer */
  strategy?: string;
  /** Candidate the present holder should hand over to. @proto 7 @pointer */
  preferredHolder?: string;
}
