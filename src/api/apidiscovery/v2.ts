/**
 * @package io.k8s.api.apidiscovery.v2
 * @group apidiscovery.k8s.io
 * @version v2
 */
import type { GroupVersionKind, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** @protoOnly */
export interface APIGroupDiscovery {
  /** @proto 1 */
  metadata?: ObjectMeta;
  /** @proto 2 */
  versions?: APIVersionDiscovery[];
}

/** @protoOnly */
export interface APIGroupDiscoveryList {
  /** @proto 1 */
  metadata?: ListMeta;
  /** @proto 2 */
  items?: APIGroupDiscovery[];
}

/** @protoOnly */
export interface APIResourceDiscovery {
  /** @proto 1 */
  resource?: string;
  /** @proto 2 */
  responseKind?: GroupVersionKind;
  /** @proto 3 */
  scope?: string;
  /** @proto 4 */
  singularResource?: string;
  /** @proto 5 */
  verbs?: string[];
  /** @proto 6 */
  shortNames?: string[];
  /** @proto 7 */
  categories?: string[];
  /** @proto 8 */
  subresources?: APISubresourceDiscovery[];
}

/** @protoOnly */
export interface APISubresourceDiscovery {
  /** @proto 1 */
  subresource?: string;
  /** @proto 2 */
  responseKind?: GroupVersionKind;
  /** @proto 3 */
  acceptedTypes?: GroupVersionKind[];
  /** @proto 4 */
  verbs?: string[];
}

/** @protoOnly */
export interface APIVersionDiscovery {
  /** @proto 1 */
  version?: string;
  /** @proto 2 */
  resources?: APIResourceDiscovery[];
  /** @proto 3 */
  freshness?: string;
}
