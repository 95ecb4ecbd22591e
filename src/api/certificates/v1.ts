/**
 * @package io.k8s.api.certificates.v1
 * @group certificates.k8s.io
 * @version v1
 */
import type { Bytes, Int32, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

/** The values of one extra attribute of a user. @scalar io.k8s.api.certificates.v1.ExtraValue @wire items 1 string[] */
export type ExtraValue = string[];

/**
 * Asks a signer for an X.509 certificate, once approved. Deleted after a while.
 * @kind @resource certificatesigningrequests @scope Cluster @shortNames csr
 */
export interface CertificateSigningRequest {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What is asked of whom; cannot change. @proto 2 */
  spec: CertificateSigningRequestSpec;
  /** Approval and certificate. @proto 3 */
  status?: CertificateSigningRequestStatus;
}

/** Approval, denial or failure of a request. */
export interface CertificateSigningRequestCondition {
  /** `Approved`, `Denied` or `Failed`; the first two exclude each other and stay. @proto 1 */
  type: string;
  /** One CamelCase word for programs: why the condition has this status. @proto 2 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 3 */
  message?: string;
  /** When the condition was last written. @proto 4 */
  lastUpdateTime?: Time | null;
  /** When `status` last took another value. @proto 5 */
  lastTransitionTime?: Time | null;
  /** `True` for approved, denied and failed. @proto 6 */
  status: string;
}

/** Many CertificateSigningRequest objects, as one answer. @kind */
export interface CertificateSigningRequestList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The CertificateSigningRequest objects. @proto 2 */
  items: CertificateSigningRequest[];
}

/** What is asked of whom, and by whom. */
export interface CertificateSigningRequestSpec {
  /** The PKCS#10 request in PEM, base64 in JSON. @proto 1 */
  request: Bytes;
  /** Who asked; set by the server. @proto 2 */
  username?: string;
  /** UID of who asked; set by the server. @proto 3 */
  uid?: string;
  /** Groups of who asked; set by the server. @proto 4 @listType atomic */
  groups?: string[];
  /**
   * Key usages, such as `digital signature`, `key encipherment`, `client auth`, `server auth`.
   * @proto 5 @listType atomic
   */
  usages?: string[];
  /** More about who asked; set by the server. @proto 6 */
  extra?: Record<string, ExtraValue>;
  /** Signer, such as `kubernetes.io/kube-apiserver-client`. @proto 7 */
  signerName: string;
  /** Wished lifetime in seconds, at least 600; the signer may differ. @proto 8 @pointer */
  expirationSeconds?: Int32;
}

/** Approval and certificate of a request. */
export interface CertificateSigningRequestStatus {
  /** Approval, denial, failure. @proto 1 @listType map @listMapKey type */
  conditions?: CertificateSigningRequestCondition[];
  /** The certificate with its chain in PEM; set once by the signer. @proto 2 */
  certificate?: Bytes;
}
