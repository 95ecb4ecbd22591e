/**
 * @package io.k8s.api.flowcontrol.v1
 * @group flowcontrol.apiserver.k8s.io
 * @version v1
 */
import type { Int32, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

/** Seats of a level that never waits. */
export interface ExemptPriorityLevelConfiguration {
  /** Its share of the server's seats, which others may borrow from; 0 unless set. @proto 1 @pointer */
  nominalConcurrencyShares?: Int32;
  /** Percentage of its seats that others may borrow, 0 to 100; 0 unless set. @proto 2 @pointer */
  lendablePercent?: Int32;
}

/** What makes requests of a schema one flow. */
export interface FlowDistinguisherMethod {
  /** `ByUser` or `ByNamespace`. @proto 1 */
  type: string;
}

/**
 * Sorts requests into flows and assigns them to a priority level.
 * @kind @resource flowschemas @scope Cluster
 */
export interface FlowSchema {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which requests, to which level. @proto 2 @optional */
  spec: FlowSchemaSpec;
  /** Whether it works. @proto 3 */
  status?: FlowSchemaStatus;
}

/** One aspect of a flow schema's state. */
export interface FlowSchemaCondition {
  /** Such as `Dangling`: its level does not exist. @proto 1 */
  type?: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status?: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many FlowSchema objects, as one answer. @kind */
export interface FlowSchemaList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The FlowSchema objects. @proto 2 */
  items: FlowSchema[];
}

/** Which requests go to which priority level. */
export interface FlowSchemaSpec {
  /** The level. Without it the schema is left out. @proto 1 */
  priorityLevelConfiguration: PriorityLevelConfigurationReference;
  /** Order among schemas, 1 to 10000; the lowest that fits counts. 1000 unless set. @proto 2 @printed */
  matchingPrecedence?: Int32;
  /** What makes one flow; all requests are one unless set. @proto 3 @pointer */
  distinguisherMethod?: FlowDistinguisherMethod;
  /** Requests that are meant; one is enough. @proto 4 @listType atomic */
  rules?: PolicyRulesWithSubjects[];
}

/** State of a flow schema. */
export interface FlowSchemaStatus {
  /**
   * Aspects of its state.
   * @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: FlowSchemaCondition[];
}

/** A group of users. */
export interface GroupSubject {
  /** Its name; `*` for all. @proto 1 */
  name: string;
}

/**
 * What becomes of requests that find no free seat.
 * @union {"discriminator": "type", "fields-to-discriminateBy": {"queuing": "Queuing"}}
 */
export interface LimitResponse {
  /** `Queue` them or `Reject` them. @proto 1 */
  type: string;
  /** The queues; only with `Queue`. @proto 2 @pointer */
  queuing?: QueuingConfiguration;
}

/** Seats of a level with a limit. */
export interface LimitedPriorityLevelConfiguration {
  /** Its share of the server's seats, relative to other levels; 30 unless set. @proto 1 @pointer @printed */
  nominalConcurrencyShares?: Int32;
  /** What becomes of requests that find no free seat. @proto 2 */
  limitResponse?: LimitResponse;
  /** Percentage of its seats that others may borrow, 0 to 100; 0 unless set. @proto 3 @pointer */
  lendablePercent?: Int32;
  /** Most it may borrow, in percent of its own seats; no limit unless set. @proto 4 @pointer */
  borrowingLimitPercent?: Int32;
}

/** Requests outside the resources. */
export interface NonResourcePolicyRule {
  /** HTTP verbs in lower case; `*` for all. @proto 1 @listType set */
  verbs: string[];
  /** URL paths; `*` for all, or as the last path element. @proto 6 @listType set */
  nonResourceURLs: string[];
}

/** Requests of some subjects to some resources or paths. */
export interface PolicyRulesWithSubjects {
  /** Who asks; one is enough. @proto 1 @listType atomic */
  subjects: Subject[];
  /** Requests for resources. @proto 2 @listType atomic */
  resourceRules?: ResourcePolicyRule[];
  /** Requests outside the resources. @proto 3 @listType atomic */
  nonResourceRules?: NonResourcePolicyRule[];
}

/**
 * A priority level: how many requests run at once and how others wait.
 * @kind @resource prioritylevelconfigurations @scope Cluster
 */
export interface PriorityLevelConfiguration {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Its seats. @proto 2 @optional */
  spec: PriorityLevelConfigurationSpec;
  /** Its state. @proto 3 */
  status?: PriorityLevelConfigurationStatus;
}

/** One aspect of a priority level's state. */
export interface PriorityLevelConfigurationCondition {
  /** Name of the condition in CamelCase. @proto 1 */
  type?: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status?: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many PriorityLevelConfiguration objects, as one answer. @kind */
export interface PriorityLevelConfigurationList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The PriorityLevelConfiguration objects. @proto 2 */
  items: PriorityLevelConfiguration[];
}

/** Names a priority level. */
export interface PriorityLevelConfigurationReference {
  /** Its name. @proto 1 */
  name: string;
}

/**
 * Seats of a priority level.
 * @union {"discriminator": "type", "fields-to-discriminateBy": {"exempt": "Exempt", "limited": "Limited"}}
 */
export interface PriorityLevelConfigurationSpec {
  /** `Limited`, or `Exempt`: never waits. @proto 1 */
  type: string;
  /** Settings for `Limited`, and only for it. @proto 2 @pointer */
  limited?: LimitedPriorityLevelConfiguration;
  /** Settings for `Exempt`, and only for it. @proto 3 @pointer */
  exempt?: ExemptPriorityLevelConfiguration;
}

/** State of a priority level. */
export interface PriorityLevelConfigurationStatus {
  /**
   * Aspects of its state.
   * @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: PriorityLevelConfigurationCondition[];
}

/** Queues of a priority level. */
export interface QueuingConfiguration {
  /** Number of queues; 64 unless set. 1 switches fairness between flows off. @proto 1 @printed */
  queues?: Int32;
  /** Queues a flow is dealt, of which it takes the shortest; 8 unless set, not above `queues`. @proto 2 @printed */
  handSize?: Int32;
  /** Most waiting requests in a queue; 50 unless set. @proto 3 @printed */
  queueLengthLimit?: Int32;
}

/** Requests for resources. */
export interface ResourcePolicyRule {
  /** What is done; `*` for everything. @proto 1 @listType set */
  verbs: string[];
  /** API groups; `*` for all. @proto 2 @listType set */
  apiGroups: string[];
  /** Plural names, subresources as `pods/log`; `*` for all. @proto 3 @listType set */
  resources: string[];
  /** Also requests without a namespace. @proto 4 */
  clusterScope?: boolean;
  /** Requests in these namespaces; `*` for all. @proto 5 @listType set */
  namespaces?: string[] | null;
}

/** A service account. */
export interface ServiceAccountSubject {
  /** Its namespace. @proto 1 */
  namespace: string;
  /** Its name; `*` for all of the namespace. @proto 2 */
  name: string;
}

/**
 * A user, a group or a service account.
 * @union {"discriminator": "kind", "fields-to-discriminateBy": {"group": "Group", "serviceAccount": "ServiceAccount", "user": "User"}}
 */
export interface Subject {
  /** Which member is set: `User`, `Group` or `ServiceAccount`. @proto 1 */
  kind: string;
  /** The user. @proto 2 @pointer */
  user?: UserSubject;
  /** The group. @proto 3 @pointer */
  group?: GroupSubject;
  /** The service account. @proto 4 @pointer */
  serviceAccount?: ServiceAccountSubject;
}

/** A user. */
export interface UserSubject {
  /** User name; `*` for all. @proto 1 */
  name: string;
}
