/**
 * @package io.k8s.api.discovery.v1
 * @group discovery.k8s.io
 * @version v1
 */
import type { ObjectReference } from '../core/v1.ts';
import type { Int32, ListMeta, ObjectMeta } from '../meta/v1.ts';

export interface Endpoint {
  /** @proto 1 @listType set */
  addresses: string[];
  /** @proto 2 */
  conditions?: EndpointConditions;
  /** @proto 3 */
  hostname?: string;
  /** @proto 4 */
  targetRef?: ObjectReference;
  /** @proto 5 */
  deprecatedTopology?: Record<string, string>;
  /** @proto 6 */
  nodeName?: string;
  /** @proto 7 */
  zone?: string;
  /** @proto 8 */
  hints?: EndpointHints;
}

export interface EndpointConditions {
  /** @proto 1 */
  ready?: boolean;
  /** @proto 2 */
  serving?: boolean;
  /** @proto 3 */
  terminating?: boolean;
}

export interface EndpointHints {
  /** @proto 1 @listType atomic */
  forZones?: ForZone[];
  /** @proto 2 @listType atomic */
  forNodes?: ForNode[];
}

/** @mapType atomic */
export interface EndpointPort {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  protocol?: string;
  /** @proto 3 */
  port?: Int32;
  /** @proto 4 */
  appProtocol?: string;
}

/** @kind @resource endpointslices @scope Namespaced */
export interface EndpointSlice {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType atomic */
  endpoints?: Endpoint[];
  /** @proto 3 @listType atomic */
  ports?: EndpointPort[];
  /** @proto 4 */
  addressType: string;
}

/** @kind */
export interface EndpointSliceList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: EndpointSlice[];
}

export interface ForNode {
  /** @proto 1 */
  name: string;
}

export interface ForZone {
  /** @proto 1 */
  name: string;
}
