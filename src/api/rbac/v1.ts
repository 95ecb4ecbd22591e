/**
 * @package io.k8s.api.rbac.v1
 * @group rbac.authorization.k8s.io
 * @version v1
 */
import type { LabelSelector, ListMeta, ObjectMeta } from '../meta/v1.ts';

export interface AggregationRule {
  /** @proto 1 @listType atomic */
  clusterRoleSelectors?: LabelSelector[];
}

/** @kind @resource clusterroles @scope Cluster */
export interface ClusterRole {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType atomic */
  rules?: PolicyRule[];
  /** @proto 3 */
  aggregationRule?: AggregationRule;
}

/** @kind @resource clusterrolebindings @scope Cluster */
export interface ClusterRoleBinding {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType atomic */
  subjects?: Subject[];
  /** @proto 3 */
  roleRef: RoleRef;
}

/** @kind */
export interface ClusterRoleBindingList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ClusterRoleBinding[];
}

/** @kind */
export interface ClusterRoleList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ClusterRole[];
}

export interface PolicyRule {
  /** @proto 1 @listType atomic */
  verbs: string[];
  /** @proto 2 @listType atomic */
  apiGroups?: string[];
  /** @proto 3 @listType atomic */
  resources?: string[];
  /** @proto 4 @listType atomic */
  resourceNames?: string[];
  /** @proto 5 @listType atomic */
  nonResourceURLs?: string[];
}

/** @kind @resource roles @scope Namespaced */
export interface Role {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType atomic */
  rules?: PolicyRule[];
}

/** @kind @resource rolebindings @scope Namespaced */
export interface RoleBinding {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @listType atomic */
  subjects?: Subject[];
  /** @proto 3 */
  roleRef: RoleRef;
}

/** @kind */
export interface RoleBindingList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: RoleBinding[];
}

/** @kind */
export interface RoleList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Role[];
}

/** @mapType atomic */
export interface RoleRef {
  /** @proto 1 */
  apiGroup?: string;
  /** @proto 2 */
  kind: string;
  /** @proto 3 */
  name: string;
}

/** @mapType atomic */
export interface Subject {
  /** @proto 1 */
  kind: string;
  /** @proto 2 */
  apiGroup?: string;
  /** @proto 3 */
  name: string;
  /** @proto 4 */
  namespace?: string;
}
