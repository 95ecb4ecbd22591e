/**
 * @package io.k8s.api.apidiscovery.v2
 * @group apidiscovery.k8s.io
 * @version v2
 */
import type { GroupVersionKind, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** All that discovery tells of one API group. @protoOnly */
export interface APIGroupDiscovery {
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 */
  metadata?: ObjectMeta;
  /** Its versions, the preferred one first. @proto 2 */
  versions?: APIVersionDiscovery[];
}

/** Aggregated discovery: all groups, versions and resources at once. @protoOnly */
export interface APIGroupDiscoveryList {
  /** Revision of the list, and where the next page starts. @proto 1 */
  metadata?: ListMeta;
  /** The groups, in order of preference. @proto 2 */
  items?: APIGroupDiscovery[];
}

/** What aggregated discovery tells of one resource. @protoOnly */
export interface APIResourceDiscovery {
  /** Plural name. @proto 1 */
  resource?: string;
  /** Kind of the objects. @proto 2 @pointer */
  responseKind?: GroupVersionKind;
  /** `Namespaced` or `Cluster`. @proto 3 */
  scope?: string;
  /** Singular name. @proto 4 */
  singularResource?: string;
  /** What can be done with it. @proto 5 */
  verbs?: string[];
  /** Abbreviations people may type. @proto 6 */
  shortNames?: string[];
  /** Groupings such as `all`. @proto 7 */
  categories?: string[];
  /** Its subresources. @proto 8 */
  subresources?: APISubresourceDiscovery[];
}

/** What aggregated discovery tells of one subresource. @protoOnly */
export interface APISubresourceDiscovery {
  /** Its name. @proto 1 */
  subresource?: string;
  /** Kind it answers with. @proto 2 @pointer */
  responseKind?: GroupVersionKind;
  /** Kinds that may be sent to it. @proto 3 */
  acceptedTypes?: GroupVersionKind[];
  /** What can be done with it. @proto 4 */
  verbs?: string[];
}

/** What aggregated discovery tells of one version. @protoOnly */
export interface APIVersionDiscovery {
  /** The version. @proto 1 */
  version?: string;
  /** Its resources. @proto 2 */
  resources?: APIResourceDiscovery[];
  /** `Current`, or `Stale` if the server behind it could not be asked of late. @proto 3 */
  freshness?: string;
}
