/**
 * @package io.k8s.api.rbac.v1
 * @group rbac.authorization.k8s.io
 * @version v1
 */
import type { LabelSelector, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** How a ClusterRole is put together from others. */
export interface AggregationRule {
  /** ClusterRoles with labels that fit any of these lend their rules. @proto 1 @listType atomic */
  clusterRoleSelectors?: LabelSelector[];
}

/**
 * Rights that can be given across the cluster or, by a RoleBinding, in a namespace.
 * @kind @resource clusterroles @scope Cluster
 */
export interface ClusterRole {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The rights. @proto 2 @listType atomic */
  rules?: PolicyRule[] | null;
  /** Fill `rules` from other ClusterRoles; what is written there by hand gets lost. @proto 3 @pointer */
  aggregationRule?: AggregationRule;
}

/** Gives a ClusterRole's rights in all namespaces. @kind @resource clusterrolebindings @scope Cluster */
export interface ClusterRoleBinding {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Who gets them. @proto 2 @listType atomic */
  subjects?: Subject[];
  /** The ClusterRole. Cannot change. @proto 3 */
  roleRef: RoleRef;
}

/** Many ClusterRoleBinding objects, as one answer. @kind */
export interface ClusterRoleBindingList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ClusterRoleBinding objects. @proto 2 */
  items: ClusterRoleBinding[];
}

/** Many ClusterRole objects, as one answer. @kind */
export interface ClusterRoleList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ClusterRole objects. @proto 2 */
  items: ClusterRole[];
}

/** Some rights: what may be done with which things. */
export interface PolicyRule {
  /** What may be done; `*` for everything. @proto 1 @listType atomic */
  verbs: string[];
  /** API groups of the resources; empty text for the core group, `*` for all. @proto 2 @listType atomic */
  apiGroups?: string[];
  /** Plural names, subresources as `pods/log`; `*` for all. @proto 3 @listType atomic */
  resources?: string[];
  /**
   * Only objects of these names; any unless set. Does not apply to create and list.
   * @proto 4 @listType atomic
   */
  resourceNames?: string[];
  /**
   * URL paths outside the resources; a final `*` is a wildcard. Only in cluster roles, apart from resources.
   * @proto 5 @listType atomic
   */
  nonResourceURLs?: string[];
}

/** Rights inside one namespace. @kind @resource roles @scope Namespaced */
export interface Role {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The rights. @proto 2 @listType atomic */
  rules?: PolicyRule[] | null;
}

/** Gives a role's rights inside one namespace. @kind @resource rolebindings @scope Namespaced */
export interface RoleBinding {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Who gets them. @proto 2 @listType atomic */
  subjects?: Subject[];
  /** The Role of this namespace or the ClusterRole. Cannot change. @proto 3 */
  roleRef: RoleRef;
}

/** Many RoleBinding objects, as one answer. @kind */
export interface RoleBindingList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The RoleBinding objects. @proto 2 */
  items: RoleBinding[];
}

/** Many Role objects, as one answer. @kind */
export interface RoleList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Role objects. @proto 2 */
  items: Role[];
}

/** Names a role. @mapType atomic */
export interface RoleRef {
  /** `rbac.authorization.k8s.io`. @proto 1 @printed */
  apiGroup?: string;
  /** `Role` or `ClusterRole`. @proto 2 */
  kind: string;
  /** Name of the role. @proto 3 */
  name: string;
}

/** A user, a group or a service account. @mapType atomic */
export interface Subject {
  /** `User`, `Group` or `ServiceAccount`. @proto 1 */
  kind: string;
  /** Empty for service accounts, else `rbac.authorization.k8s.io`. @proto 2 */
  apiGroup?: string;
  /** Name of the subject. @proto 3 */
  name: string;
  /** Namespace of a service account; empty for the others. @proto 4 */
  namespace?: string;
}
