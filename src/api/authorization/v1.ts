/**
 * @package io.k8s.api.authorization.v1
 * @group authorization.k8s.io
 * @version v1
 */
import type { FieldSelectorRequirement, LabelSelectorRequirement, ObjectMeta } from '../meta/v1.ts';

/** The values of one extra attribute of a user. @scalar io.k8s.api.authorization.v1.ExtraValue */
export type ExtraValue = string[];

export interface FieldSelectorAttributes {
  /** @proto 1 */
  rawSelector?: string;
  /** @proto 2 @listType atomic */
  requirements?: FieldSelectorRequirement[];
}

export interface LabelSelectorAttributes {
  /** @proto 1 */
  rawSelector?: string;
  /** @proto 2 @listType atomic */
  requirements?: LabelSelectorRequirement[];
}

/** @kind @resource localsubjectaccessreviews @scope Namespaced */
export interface LocalSubjectAccessReview {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: SubjectAccessReviewSpec;
  /** @proto 3 */
  status?: SubjectAccessReviewStatus;
}

export interface NonResourceAttributes {
  /** @proto 1 */
  path?: string;
  /** @proto 2 */
  verb?: string;
}

export interface NonResourceRule {
  /** @proto 1 @listType atomic */
  verbs: string[];
  /** @proto 2 @listType atomic */
  nonResourceURLs?: string[];
}

export interface ResourceAttributes {
  /** @proto 1 */
  namespace?: string;
  /** @proto 2 */
  verb?: string;
  /** @proto 3 */
  group?: string;
  /** @proto 4 */
  version?: string;
  /** @proto 5 */
  resource?: string;
  /** @proto 6 */
  subresource?: string;
  /** @proto 7 */
  name?: string;
  /** @proto 8 */
  fieldSelector?: FieldSelectorAttributes;
  /** @proto 9 */
  labelSelector?: LabelSelectorAttributes;
}

export interface ResourceRule {
  /** @proto 1 @listType atomic */
  verbs: string[];
  /** @proto 2 @listType atomic */
  apiGroups?: string[];
  /** @proto 3 @listType atomic */
  resources?: string[];
  /** @proto 4 @listType atomic */
  resourceNames?: string[];
}

/** @kind @resource selfsubjectaccessreviews @scope Cluster */
export interface SelfSubjectAccessReview {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: SelfSubjectAccessReviewSpec;
  /** @proto 3 */
  status?: SubjectAccessReviewStatus;
}

export interface SelfSubjectAccessReviewSpec {
  /** @proto 1 */
  resourceAttributes?: ResourceAttributes;
  /** @proto 2 */
  nonResourceAttributes?: NonResourceAttributes;
}

/** @kind @resource selfsubjectrulesreviews @scope Cluster */
export interface SelfSubjectRulesReview {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: SelfSubjectRulesReviewSpec;
  /** @proto 3 */
  status?: SubjectRulesReviewStatus;
}

export interface SelfSubjectRulesReviewSpec {
  /** @proto 1 */
  namespace?: string;
}

/** @kind @resource subjectaccessreviews @scope Cluster */
export interface SubjectAccessReview {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: SubjectAccessReviewSpec;
  /** @proto 3 */
  status?: SubjectAccessReviewStatus;
}

export interface SubjectAccessReviewSpec {
  /** @proto 1 */
  resourceAttributes?: ResourceAttributes;
  /** @proto 2 */
  nonResourceAttributes?: NonResourceAttributes;
  /** @proto 3 */
  user?: string;
  /** @proto 4 @listType atomic */
  groups?: string[];
  /** @proto 5 */
  extra?: Record<string, ExtraValue>;
  /** @proto 6 */
  uid?: string;
}

export interface SubjectAccessReviewStatus {
  /** @proto 1 */
  allowed: boolean;
  /** @proto 2 */
  reason?: string;
  /** @proto 3 */
  evaluationError?: string;
  /** @proto 4 */
  denied?: boolean;
}

export interface SubjectRulesReviewStatus {
  /** @proto 1 @listType atomic */
  resourceRules: ResourceRule[];
  /** @proto 2 @listType atomic */
  nonResourceRules: NonResourceRule[];
  /** @proto 3 */
  incomplete: boolean;
  /** @proto 4 */
  evaluationError?: string;
}
