/**
 * @package io.k8s.api.authentication.v1
 * @group authentication.k8s.io
 * @version v1
 */
import type { Int64, ObjectMeta, Time } from '../meta/v1.ts';

/** The values of one extra attribute of a user. @scalar io.k8s.api.authentication.v1.ExtraValue */
export type ExtraValue = string[];

export interface BoundObjectReference {
  /** @proto 1 */
  kind?: string;
  /** @proto 2 */
  apiVersion?: string;
  /** @proto 3 */
  name?: string;
  /** @proto 4 @protoName uID */
  uid?: string;
}

/** @kind @resource selfsubjectreviews @scope Cluster */
export interface SelfSubjectReview {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  status?: SelfSubjectReviewStatus;
}

export interface SelfSubjectReviewStatus {
  /** @proto 1 */
  userInfo?: UserInfo;
}

/** @kind */
export interface TokenRequest {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: TokenRequestSpec;
  /** @proto 3 */
  status?: TokenRequestStatus;
}

export interface TokenRequestSpec {
  /** @proto 1 @listType atomic */
  audiences?: string[];
  /** @proto 3 */
  boundObjectRef?: BoundObjectReference;
  /** @proto 4 */
  expirationSeconds?: Int64;
}

export interface TokenRequestStatus {
  /** @proto 1 */
  token?: string;
  /** @proto 2 */
  expirationTimestamp?: Time;
}

/** @kind @resource tokenreviews @scope Cluster */
export interface TokenReview {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: TokenReviewSpec;
  /** @proto 3 */
  status?: TokenReviewStatus;
}

export interface TokenReviewSpec {
  /** @proto 1 */
  token: string;
  /** @proto 2 @listType atomic */
  audiences?: string[];
}

export interface TokenReviewStatus {
  /** @proto 1 */
  authenticated?: boolean;
  /** @proto 2 */
  user?: UserInfo;
  /** @proto 3 */
  error?: string;
  /** @proto 4 @listType atomic */
  audiences?: string[];
}

export interface UserInfo {
  /** @proto 1 */
  username?: string;
  /** @proto 2 */
  uid?: string;
  /** @proto 3 @listType atomic */
  groups?: string[];
  /** @proto 4 */
  extra?: Record<string, ExtraValue>;
}
