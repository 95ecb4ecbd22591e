/**
 * @package io.k8s.kube-aggregator.pkg.apis.apiregistration.v1
 * @group apiregistration.k8s.io
 * @version v1
 */
import type { Bytes, Int32, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

/** @kind @resource apiservices @scope Cluster @categories api-extensions */
export interface APIService {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: APIServiceSpec;
  /** @proto 3 */
  status?: APIServiceStatus;
}

export interface APIServiceCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface APIServiceList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: APIService[];
}

export interface APIServiceSpec {
  /** @proto 1 */
  service?: ServiceReference;
  /** @proto 2 */
  group?: string;
  /** @proto 3 */
  version?: string;
  /** @proto 4 */
  insecureSkipTLSVerify?: boolean;
  /** @proto 5 @listType atomic */
  caBundle?: Bytes;
  /** @proto 7 */
  groupPriorityMinimum: Int32;
  /** @proto 8 */
  versionPriority: Int32;
}

export interface APIServiceStatus {
  /** @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: APIServiceCondition[];
}

export interface ServiceReference {
  /** @proto 1 */
  namespace?: string;
  /** @proto 2 */
  name?: string;
  /** @proto 3 */
  port?: Int32;
}
