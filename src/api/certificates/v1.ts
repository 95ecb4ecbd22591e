/**
 * @package io.k8s.api.certificates.v1
 * @group certificates.k8s.io
 * @version v1
 */
import type { Bytes, Int32, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

/** The values of one extra attribute of a user. @scalar io.k8s.api.certificates.v1.ExtraValue */
export type ExtraValue = string[];

/** @kind @resource certificatesigningrequests @scope Cluster @shortNames csr */
export interface CertificateSigningRequest {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: CertificateSigningRequestSpec;
  /** @proto 3 */
  status?: CertificateSigningRequestStatus;
}

export interface CertificateSigningRequestCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  reason?: string;
  /** @proto 3 */
  message?: string;
  /** @proto 4 */
  lastUpdateTime?: Time;
  /** @proto 5 */
  lastTransitionTime?: Time;
  /** @proto 6 */
  status: string;
}

/** @kind */
export interface CertificateSigningRequestList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: CertificateSigningRequest[];
}

export interface CertificateSigningRequestSpec {
  /** @proto 1 */
  request: Bytes;
  /** @proto 2 */
  username?: string;
  /** @proto 3 */
  uid?: string;
  /** @proto 4 @listType atomic */
  groups?: string[];
  /** @proto 5 @listType atomic */
  usages?: string[];
  /** @proto 6 */
  extra?: Record<string, ExtraValue>;
  /** @proto 7 */
  signerName: string;
  /** @proto 8 */
  expirationSeconds?: Int32;
}

export interface CertificateSigningRequestStatus {
  /** @proto 1 @listType map @listMapKey type */
  conditions?: CertificateSigningRequestCondition[];
  /** @proto 2 */
  certificate?: Bytes;
}
