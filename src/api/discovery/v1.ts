/**
 * @package io.k8s.api.discovery.v1
 * @group discovery.k8s.io
 * @version v1
 */
import type { ObjectReference } from '../core/v1.ts';
import type { Int32, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** One backend of a Service. */
export interface Endpoint {
  /** Its addresses, 1 to 100, that mean the same; clients use the first. @proto 1 @listType set */
  addresses: string[];
  /** Whether it takes traffic. @proto 2 */
  conditions?: EndpointConditions;
  /** Host name of the endpoint inside the Service's domain; a DNS label. @proto 3 @pointer */
  hostname?: string;
  /** Object behind it, most often a pod. @proto 4 @pointer */
  targetRef?: ObjectReference;
  /** Topology labels from older versions. Read-only. @proto 5 */
  deprecatedTopology?: Record<string, string>;
  /** Node it runs on. @proto 6 @pointer */
  nodeName?: string;
  /** Zone it runs in. @proto 7 @pointer */
  zone?: string;
  /** For whom it is meant. @proto 8 @pointer */
  hints?: EndpointHints;
}

/** Whether an endpoint takes traffic. */
export interface EndpointConditions {
  /** Takes new traffic: serving and not terminating. Absent means true. @proto 1 @pointer */
  ready?: boolean;
  /** Passes its readiness check, terminating or not. Absent means the same as `ready`. @proto 2 @pointer */
  serving?: boolean;
  /** Is being deleted. Absent means false. @proto 3 @pointer */
  terminating?: boolean;
}

/** For whom an endpoint is meant. */
export interface EndpointHints {
  /** Zones that should use it; at most 8. @proto 1 @listType atomic */
  forZones?: ForZone[];
  /** Nodes that should use it; at most 8. @proto 2 @listType atomic */
  forNodes?: ForNode[];
}

/** One port of the endpoints. @mapType atomic */
export interface EndpointPort {
  /** Name of the Service's port; unique in the slice, may be empty once. @proto 1 @pointer */
  name?: string;
  /** `TCP` (default), `UDP` or `SCTP`. @proto 2 @pointer */
  protocol?: string;
  /** Port number at the endpoints. @proto 3 @pointer */
  port?: Int32;
  /**
   * Application protocol, as a registered name or a `kubernetes.io/` name such as `kubernetes.io/h2c`.
   * @proto 4 @pointer
   */
  appProtocol?: string;
}

/**
 * Part of the endpoints of a Service; they may be spread over several slices.
 * @kind @resource endpointslices @scope Namespaced
 */
export interface EndpointSlice {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The endpoints, at most 1000. @proto 2 @listType atomic */
  endpoints?: Endpoint[] | null;
  /** Ports that all endpoints have, at most 100. @proto 3 @listType atomic */
  ports?: EndpointPort[] | null;
  /** `IPv4`, `IPv6` or `FQDN` (deprecated). Cannot change. @proto 4 */
  addressType: string;
}

/** Many EndpointSlice objects, as one answer. @kind */
export interface EndpointSliceList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The EndpointSlice objects. @proto 2 */
  items: EndpointSlice[];
}

/** A node that should use an endpoint. */
export interface ForNode {
  /** Name of the node. @proto 1 */
  name: string;
}

/** A zone that should use an endpoint. */
export interface ForZone {
  /** Name of the zone. @proto 1 */
  name: string;
}
