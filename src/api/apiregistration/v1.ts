/**
 * @package io.k8s.kube-aggregator.pkg.apis.apiregistration.v1
 * @group apiregistration.k8s.io
 * @version v1
 */
import type { Bytes, Int32, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

/**
 * Who serves one version of an API group; named `<version>.<group>`.
 * @kind @resource apiservices @scope Cluster @categories api-extensions
 */
export interface APIService {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which version, by whom. @proto 2 @optional */
  spec: APIServiceSpec;
  /** Whether it works. @proto 3 */
  status?: APIServiceStatus;
}

/** One aspect of an API service's state. */
export interface APIServiceCondition {
  /** `Available`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many APIService objects, as one answer. @kind */
export interface APIServiceList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The APIService objects. @proto 2 */
  items: APIService[];
}

/** Which version of a group, by whom. */
export interface APIServiceSpec {
  /** Service that serves it; absent for what this server does itself. @proto 1 @pointer */
  service?: ServiceReference;
  /** API group. @proto 2 */
  group?: string;
  /** API version. @proto 3 */
  version?: string;
  /** Do not check the certificate of the Service; use `caBundle` instead. @proto 4 */
  insecureSkipTLSVerify?: boolean;
  /**
   * PEM certificates to check the server's against; those of the host unless set.
   * @proto 5 @listType atomic
   */
  caBundle?: Bytes;
  /** Lowest rank the group shall have, up to 20000; higher goes first. @proto 7 */
  groupPriorityMinimum: Int32;
  /** Rank among versions of the group, up to 1000; higher goes first, equal ones by name. @proto 8 */
  versionPriority: Int32;
}

/** Whether an API service works. */
export interface APIServiceStatus {
  /**
   * Aspects of its state.
   * @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: APIServiceCondition[];
}

/** A Service that answers calls. */
export interface ServiceReference {
  /** Its namespace. @proto 1 */
  namespace?: string;
  /** Its name. @proto 2 */
  name?: string;
  /** Its port; 443 unless set. @proto 3 @pointer */
  port?: Int32;
}
