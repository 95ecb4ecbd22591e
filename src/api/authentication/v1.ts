/**
 * @package io.k8s.api.authentication.v1
 * @group authentication.k8s.io
 * @version v1
 */
import type { Int64, ObjectMeta, Time } from '../meta/v1.ts';

/** The values of one extra attribute of a user. @scalar io.k8s.api.authentication.v1.ExtraValue @wire items 1 string[] */
export type ExtraValue = string[];

/** Object a token is bound to; the token is void once it is gone. */
export interface BoundObjectReference {
  /** `Pod`, `Secret` or `Node`. @proto 1 */
  kind?: string;
  /** Group and version of the object. @proto 2 */
  apiVersion?: string;
  /** Name of the object. @proto 3 */
  name?: string;
  /** UID of the object. @proto 4 @protoName uID */
  uid?: string;
}

/** Asks who the caller is. @kind @resource selfsubjectreviews @scope Cluster */
export interface SelfSubjectReview {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The answer. @proto 2 */
  status?: SelfSubjectReviewStatus;
}

/** Who the caller is. */
export interface SelfSubjectReviewStatus {
  /** The caller as the server sees it. @proto 1 */
  userInfo?: UserInfo;
}

/** Asks for a token of a service account; posted to its `token` subresource. @kind */
export interface TokenRequest {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The token that is wanted. @proto 2 @optional */
  spec: TokenRequestSpec;
  /** The token. @proto 3 */
  status?: TokenRequestStatus;
}

/** The token that is wanted. */
export interface TokenRequestSpec {
  /** Whom it is for; a receiver should refuse tokens not meant for it. @proto 1 @listType atomic @printed */
  audiences?: string[];
  /** Object it is bound to. @proto 3 @pointer */
  boundObjectRef?: BoundObjectReference | null;
  /** Lifetime in seconds, at least 600; the server may choose another. @proto 4 @pointer @printed */
  expirationSeconds?: Int64;
}

/** A token that was given. */
export interface TokenRequestStatus {
  /** The token. @proto 1 @printed */
  token?: string;
  /** When it ends. @proto 2 */
  expirationTimestamp?: Time | null;
}

/** Asks whether a token is good and whose it is. @kind @resource tokenreviews @scope Cluster */
export interface TokenReview {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The token. @proto 2 */
  spec: TokenReviewSpec;
  /** The answer. @proto 3 */
  status?: TokenReviewStatus;
}

/** A token to look at. */
export interface TokenReviewSpec {
  /** The token. @proto 1 @omitEmpty */
  token: string;
  /** Whom the asker speaks for; the API server if empty. @proto 2 @listType atomic */
  audiences?: string[];
}

/** Whether a token is good and whose it is. */
export interface TokenReviewStatus {
  /** It is good. @proto 1 */
  authenticated?: boolean;
  /** Whose it is. @proto 2 */
  user?: UserInfo;
  /** Why it could not be checked. @proto 3 */
  error?: string;
  /** Which of the asked audiences it is for. @proto 4 @listType atomic */
  audiences?: string[];
}

/** A user as authentication found it. */
export interface UserInfo {
  /** Unique name. @proto 1 */
  username?: string;
  /** ID that a later user of the same name does not share. @proto 2 */
  uid?: string;
  /** Groups the user is in. @proto 3 @listType atomic */
  groups?: string[];
  /** More, from the authenticator. @proto 4 */
  extra?: Record<string, ExtraValue>;
}
