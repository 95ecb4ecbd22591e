/**
 * @package io.k8s.api.flowcontrol.v1
 * @group flowcontrol.apiserver.k8s.io
 * @version v1
 */
import type { Int32, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

export interface ExemptPriorityLevelConfiguration {
  /** @proto 1 */
  nominalConcurrencyShares?: Int32;
  /** @proto 2 */
  lendablePercent?: Int32;
}

export interface FlowDistinguisherMethod {
  /** @proto 1 */
  type: string;
}

/** @kind @resource flowschemas @scope Cluster */
export interface FlowSchema {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: FlowSchemaSpec;
  /** @proto 3 */
  status?: FlowSchemaStatus;
}

export interface FlowSchemaCondition {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  status?: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface FlowSchemaList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: FlowSchema[];
}

export interface FlowSchemaSpec {
  /** @proto 1 */
  priorityLevelConfiguration: PriorityLevelConfigurationReference;
  /** @proto 2 */
  matchingPrecedence?: Int32;
  /** @proto 3 */
  distinguisherMethod?: FlowDistinguisherMethod;
  /** @proto 4 @listType atomic */
  rules?: PolicyRulesWithSubjects[];
}

export interface FlowSchemaStatus {
  /** @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: FlowSchemaCondition[];
}

export interface GroupSubject {
  /** @proto 1 */
  name: string;
}

/** @union {"discriminator": "type", "fields-to-discriminateBy": {"queuing": "Queuing"}} */
export interface LimitResponse {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  queuing?: QueuingConfiguration;
}

export interface LimitedPriorityLevelConfiguration {
  /** @proto 1 */
  nominalConcurrencyShares?: Int32;
  /** @proto 2 */
  limitResponse?: LimitResponse;
  /** @proto 3 */
  lendablePercent?: Int32;
  /** @proto 4 */
  borrowingLimitPercent?: Int32;
}

export interface NonResourcePolicyRule {
  /** @proto 1 @listType set */
  verbs: string[];
  /** @proto 6 @listType set */
  nonResourceURLs: string[];
}

export interface PolicyRulesWithSubjects {
  /** @proto 1 @listType atomic */
  subjects: Subject[];
  /** @proto 2 @listType atomic */
  resourceRules?: ResourcePolicyRule[];
  /** @proto 3 @listType atomic */
  nonResourceRules?: NonResourcePolicyRule[];
}

/** @kind @resource prioritylevelconfigurations @scope Cluster */
export interface PriorityLevelConfiguration {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: PriorityLevelConfigurationSpec;
  /** @proto 3 */
  status?: PriorityLevelConfigurationStatus;
}

export interface PriorityLevelConfigurationCondition {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  status?: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface PriorityLevelConfigurationList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: PriorityLevelConfiguration[];
}

export interface PriorityLevelConfigurationReference {
  /** @proto 1 */
  name: string;
}

/** @union {"discriminator": "type", "fields-to-discriminateBy": {"exempt": "Exempt", "limited": "Limited"}} */
export interface PriorityLevelConfigurationSpec {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  limited?: LimitedPriorityLevelConfiguration;
  /** @proto 3 */
  exempt?: ExemptPriorityLevelConfiguration;
}

export interface PriorityLevelConfigurationStatus {
  /** @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: PriorityLevelConfigurationCondition[];
}

export interface QueuingConfiguration {
  /** @proto 1 */
  queues?: Int32;
  /** @proto 2 */
  handSize?: Int32;
  /** @proto 3 */
  queueLengthLimit?: Int32;
}

export interface ResourcePolicyRule {
  /** @proto 1 @listType set */
  verbs: string[];
  /** @proto 2 @listType set */
  apiGroups: string[];
  /** @proto 3 @listType set */
  resources: string[];
  /** @proto 4 */
  clusterScope?: boolean;
  /** @proto 5 @listType set */
  namespaces?: string[];
}

export interface ServiceAccountSubject {
  /** @proto 1 */
  namespace: string;
  /** @proto 2 */
  name: string;
}

/** @union {"discriminator": "kind", "fields-to-discriminateBy": {"group": "Group", "serviceAccount": "ServiceAccount", "user": "User"}} */
export interface Subject {
  /** @proto 1 */
  kind: string;
  /** @proto 2 */
  user?: UserSubject;
  /** @proto 3 */
  group?: GroupSubject;
  /** @proto 4 */
  serviceAccount?: ServiceAccountSubject;
}

export interface UserSubject {
  /** @proto 1 */
  name: string;
}
