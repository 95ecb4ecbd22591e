/**
 * @package io.k8s.api.authorization.v1
 * @group authorization.k8s.io
 * @version v1
 */
import type { FieldSelectorRequirement, LabelSelectorRequirement, ObjectMeta } from '../meta/v1.ts';

/** The values of one extra attribute of a user. @scalar io.k8s.api.authorization.v1.ExtraValue @wire items 1 string[] */
export type ExtraValue = string[];

/** Field selector of a request. */
export interface FieldSelectorAttributes {
  /** Its text; for webhooks alone, and excludes `requirements`. @proto 1 */
  rawSelector?: string;
  /** Its parsed parts; all must hold. @proto 2 @listType atomic */
  requirements?: FieldSelectorRequirement[];
}

/** Label selector of a request. */
export interface LabelSelectorAttributes {
  /** Its text; for webhooks alone, and excludes `requirements`. @proto 1 */
  rawSelector?: string;
  /** Its parsed parts; all must hold. @proto 2 @listType atomic */
  requirements?: LabelSelectorRequirement[];
}

/**
 * Asks whether someone may do something in one namespace.
 * @kind @resource localsubjectaccessreviews @scope Namespaced
 */
export interface LocalSubjectAccessReview {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Who and what; its namespace must be that of the request. @proto 2 */
  spec: SubjectAccessReviewSpec;
  /** The answer. @proto 3 */
  status?: SubjectAccessReviewStatus;
}

/** A request outside the resources. */
export interface NonResourceAttributes {
  /** URL path. @proto 1 */
  path?: string;
  /** HTTP verb in lower case. @proto 2 */
  verb?: string;
}

/** Rights outside the resources. */
export interface NonResourceRule {
  /** What may be done; `*` for everything. @proto 1 @listType atomic */
  verbs: string[];
  /** URL paths; a final `*` is a wildcard. @proto 2 @listType atomic */
  nonResourceURLs?: string[];
}

/** A request for a resource. */
export interface ResourceAttributes {
  /** Namespace; empty for all, or for cluster-wide resources. @proto 1 */
  namespace?: string;
  /** What should be done, such as `get` or `create`; `*` for everything. @proto 2 */
  verb?: string;
  /** API group; `*` for all. @proto 3 */
  group?: string;
  /** API version; `*` for all. @proto 4 */
  version?: string;
  /** Plural name; `*` for all. @proto 5 */
  resource?: string;
  /** Subresource; empty for none. @proto 6 */
  subresource?: string;
  /** Name of the object; empty for all. @proto 7 */
  name?: string;
  /** Field selector of the request. @proto 8 @pointer */
  fieldSelector?: FieldSelectorAttributes;
  /** Label selector of the request. @proto 9 @pointer */
  labelSelector?: LabelSelectorAttributes;
}

/** Rights on resources. */
export interface ResourceRule {
  /** What may be done; `*` for everything. @proto 1 @listType atomic */
  verbs: string[];
  /** API groups; `*` for all. @proto 2 @listType atomic */
  apiGroups?: string[];
  /** Plural names; `*` for all in these groups. @proto 3 @listType atomic */
  resources?: string[];
  /** Only objects of these names; all if empty. @proto 4 @listType atomic */
  resourceNames?: string[];
}

/** Asks whether the caller may do something. @kind @resource selfsubjectaccessreviews @scope Cluster */
export interface SelfSubjectAccessReview {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What. @proto 2 */
  spec: SelfSubjectAccessReviewSpec;
  /** The answer. @proto 3 */
  status?: SubjectAccessReviewStatus;
}

/** What is asked; exactly one member is set. */
export interface SelfSubjectAccessReviewSpec {
  /** A request for a resource. @proto 1 @pointer */
  resourceAttributes?: ResourceAttributes;
  /** A request outside the resources. @proto 2 @pointer */
  nonResourceAttributes?: NonResourceAttributes;
}

/**
 * Asks what the caller may do in a namespace; a display aid, not for decisions.
 * @kind @resource selfsubjectrulesreviews @scope Cluster
 */
export interface SelfSubjectRulesReview {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The namespace. @proto 2 */
  spec: SelfSubjectRulesReviewSpec;
  /** The answer. @proto 3 */
  status?: SubjectRulesReviewStatus;
}

/** What is asked. */
export interface SelfSubjectRulesReviewSpec {
  /** The namespace; required. @proto 1 */
  namespace?: string;
}

/** Asks whether someone may do something. @kind @resource subjectaccessreviews @scope Cluster */
export interface SubjectAccessReview {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Who and what. @proto 2 */
  spec: SubjectAccessReviewSpec;
  /** The answer. @proto 3 */
  status?: SubjectAccessReviewStatus;
}

/** Who and what is asked about; one of the attributes, and a user or groups. */
export interface SubjectAccessReviewSpec {
  /** A request for a resource. @proto 1 @pointer */
  resourceAttributes?: ResourceAttributes;
  /** A request outside the resources. @proto 2 @pointer */
  nonResourceAttributes?: NonResourceAttributes;
  /** Name of the user. @proto 3 */
  user?: string;
  /** Groups of the user. @proto 4 @listType atomic */
  groups?: string[];
  /** More about the user, from the authenticator. @proto 5 */
  extra?: Record<string, ExtraValue>;
  /** UID of the user. @proto 6 */
  uid?: string;
}

/** Whether someone may do something. */
export interface SubjectAccessReviewStatus {
  /** They may. @proto 1 */
  allowed: boolean;
  /** Why, for people. @proto 2 */
  reason?: string;
  /** What went wrong meanwhile; the answer may be right all the same. @proto 3 */
  evaluationError?: string;
  /** Somebody objects; if neither this nor `allowed`, nobody had an opinion. @proto 4 */
  denied?: boolean;
}

/** What someone may do in a namespace. */
export interface SubjectRulesReviewStatus {
  /** Rights on resources. @proto 1 @listType atomic */
  resourceRules: ResourceRule[];
  /** Rights outside the resources. @proto 2 @listType atomic */
  nonResourceRules: NonResourceRule[];
  /** There may be more rights than are listed. @proto 3 */
  incomplete: boolean;
  /** What went wrong meanwhile. @proto 4 */
  evaluationError?: string;
}
