/**
 * @package io.k8s.api.admission.v1
 * @group admission.k8s.io
 * @version v1
 */
import type { UserInfo } from '../authentication/v1.ts';
import type { Bytes, GroupVersionKind, GroupVersionResource, RawExtension, Status } from '../meta/v1.ts';

/** A request that a webhook should judge. @protoOnly */
export interface AdmissionRequest {
  /** ID of this call; the answer has to repeat it. @proto 1 */
  uid?: string;
  /** Kind of the object sent, after conversion to what the webhook wants. @proto 2 */
  kind?: GroupVersionKind;
  /** Resource asked for, after conversion to what the webhook wants. @proto 3 */
  resource?: GroupVersionResource;
  /** Subresource asked for, such as `scale`; empty for none. @proto 4 */
  subResource?: string;
  /** Name of the object; may be empty on create. @proto 5 */
  name?: string;
  /** Namespace of the request. @proto 6 */
  namespace?: string;
  /** `CREATE`, `UPDATE`, `DELETE` or `CONNECT`. @proto 7 */
  operation?: string;
  /** Who asks. @proto 8 */
  userInfo?: UserInfo;
  /** The new object; null on delete. @proto 9 */
  object?: RawExtension;
  /** The stored object, on update and delete. @proto 10 */
  oldObject?: RawExtension;
  /** Nothing will be stored, so nothing else may be changed. @proto 11 @pointer */
  dryRun?: boolean;
  /** Options of the operation, such as CreateOptions. @proto 12 */
  options?: RawExtension;
  /** Kind before conversion. @proto 13 @pointer */
  requestKind?: GroupVersionKind;
  /** Resource before conversion. @proto 14 @pointer */
  requestResource?: GroupVersionResource;
  /** Subresource before conversion. @proto 15 */
  requestSubResource?: string;
}

/** What a webhook says to a request. @protoOnly */
export interface AdmissionResponse {
  /** ID of the call. @proto 1 */
  uid?: string;
  /** The request may go on. @proto 2 */
  allowed?: boolean;
  /** Why not; only looked at if it may not. @proto 3 @pointer */
  status?: Status;
  /** A patch to apply to the object. @proto 4 */
  patch?: Bytes;
  /** `JSONPatch`, the only one. @proto 5 @pointer */
  patchType?: string;
  /** Notes for the audit log; prefixed with the webhook's name. @proto 6 */
  auditAnnotations?: Record<string, string>;
  /** Warnings for the caller, each best under 120 characters. @proto 7 */
  warnings?: string[];
}

/** What is sent to and received from a webhook. @protoOnly */
export interface AdmissionReview {
  /** The request, on the way there. @proto 1 @pointer */
  request?: AdmissionRequest;
  /** The answer, on the way back. @proto 2 @pointer */
  response?: AdmissionResponse;
}
