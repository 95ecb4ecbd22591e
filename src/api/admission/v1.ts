/**
 * @package io.k8s.api.admission.v1
 * @group admission.k8s.io
 * @version v1
 */
import type { UserInfo } from '../authentication/v1.ts';
import type { Bytes, GroupVersionKind, GroupVersionResource, RawExtension, Status } from '../meta/v1.ts';

/** @protoOnly */
export interface AdmissionRequest {
  /** @proto 1 */
  uid?: string;
  /** @proto 2 */
  kind?: GroupVersionKind;
  /** @proto 3 */
  resource?: GroupVersionResource;
  /** @proto 4 */
  subResource?: string;
  /** @proto 5 */
  name?: string;
  /** @proto 6 */
  namespace?: string;
  /** @proto 7 */
  operation?: string;
  /** @proto 8 */
  userInfo?: UserInfo;
  /** @proto 9 */
  object?: RawExtension;
  /** @proto 10 */
  oldObject?: RawExtension;
  /** @proto 11 */
  dryRun?: boolean;
  /** @proto 12 */
  options?: RawExtension;
  /** @proto 13 */
  requestKind?: GroupVersionKind;
  /** @proto 14 */
  requestResource?: GroupVersionResource;
  /** @proto 15 */
  requestSubResource?: string;
}

/** @protoOnly */
export interface AdmissionResponse {
  /** @proto 1 */
  uid?: string;
  /** @proto 2 */
  allowed?: boolean;
  /** @proto 3 */
  status?: Status;
  /** @proto 4 */
  patch?: Bytes;
  /** @proto 5 */
  patchType?: string;
  /** @proto 6 */
  auditAnnotations?: Record<string, string>;
  /** @proto 7 */
  warnings?: string[];
}

/** @protoOnly */
export interface AdmissionReview {
  /** @proto 1 */
  request?: AdmissionRequest;
  /** @proto 2 */
  response?: AdmissionResponse;
}
