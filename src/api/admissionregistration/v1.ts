/**
 * @package io.k8s.api.admissionregistration.v1
 * @group admissionregistration.k8s.io
 * @version v1
 */
import type { Bytes, Condition, Int32, Int64, LabelSelector, ListMeta, ObjectMeta } from '../meta/v1.ts';

export interface ApplyConfiguration {
  /** @proto 1 */
  expression?: string;
}

export interface AuditAnnotation {
  /** @proto 1 */
  key: string;
  /** @proto 2 */
  valueExpression: string;
}

export interface ExpressionWarning {
  /** @proto 2 */
  fieldRef: string;
  /** @proto 3 */
  warning: string;
}

export interface JSONPatch {
  /** @proto 1 */
  expression?: string;
}

export interface MatchCondition {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  expression: string;
}

/** @mapType atomic */
export interface MatchResources {
  /** @proto 1 */
  namespaceSelector?: LabelSelector;
  /** @proto 2 */
  objectSelector?: LabelSelector;
  /** @proto 3 @listType atomic */
  resourceRules?: NamedRuleWithOperations[];
  /** @proto 4 @listType atomic */
  excludeResourceRules?: NamedRuleWithOperations[];
  /** @proto 7 */
  matchPolicy?: string;
}

/** @kind @resource mutatingadmissionpolicies @scope Cluster @categories api-extensions */
export interface MutatingAdmissionPolicy {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: MutatingAdmissionPolicySpec;
}

/** @kind @resource mutatingadmissionpolicybindings @scope Cluster @categories api-extensions */
export interface MutatingAdmissionPolicyBinding {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: MutatingAdmissionPolicyBindingSpec;
}

/** @kind */
export interface MutatingAdmissionPolicyBindingList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: MutatingAdmissionPolicyBinding[];
}

export interface MutatingAdmissionPolicyBindingSpec {
  /** @proto 1 */
  policyName?: string;
  /** @proto 2 */
  paramRef?: ParamRef;
  /** @proto 3 */
  matchResources?: MatchResources;
}

/** @kind */
export interface MutatingAdmissionPolicyList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: MutatingAdmissionPolicy[];
}

export interface MutatingAdmissionPolicySpec {
  /** @proto 1 */
  paramKind?: ParamKind;
  /** @proto 2 */
  matchConstraints?: MatchResources;
  /** @proto 3 @listType atomic */
  variables?: Variable[];
  /** @proto 4 @listType atomic */
  mutations?: Mutation[];
  /** @proto 5 */
  failurePolicy?: string;
  /** @proto 6 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  matchConditions?: MatchCondition[];
  /** @proto 7 */
  reinvocationPolicy?: string;
}

export interface MutatingWebhook {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  clientConfig: WebhookClientConfig;
  /** @proto 3 @listType atomic */
  rules?: RuleWithOperations[];
  /** @proto 4 */
  failurePolicy?: string;
  /** @proto 5 */
  namespaceSelector?: LabelSelector;
  /** @proto 6 */
  sideEffects: string;
  /** @proto 7 */
  timeoutSeconds?: Int32;
  /** @proto 8 @listType atomic */
  admissionReviewVersions: string[];
  /** @proto 9 */
  matchPolicy?: string;
  /** @proto 10 */
  reinvocationPolicy?: string;
  /** @proto 11 */
  objectSelector?: LabelSelector;
  /** @proto 12 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  matchConditions?: MatchCondition[];
}

/** @kind @resource mutatingwebhookconfigurations @scope Cluster @categories api-extensions */
export interface MutatingWebhookConfiguration {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @protoName Webhooks @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  webhooks?: MutatingWebhook[];
}

/** @kind */
export interface MutatingWebhookConfigurationList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: MutatingWebhookConfiguration[];
}

export interface Mutation {
  /** @proto 2 */
  patchType: string;
  /** @proto 3 */
  applyConfiguration?: ApplyConfiguration;
  /** @proto 4 */
  jsonPatch?: JSONPatch;
}

/** @mapType atomic @protoEmbed ruleWithOperations 2 */
export interface NamedRuleWithOperations extends RuleWithOperations {
  /** @proto 1 @listType atomic */
  resourceNames?: string[];
}

/** @mapType atomic */
export interface ParamKind {
  /** @proto 1 */
  apiVersion?: string;
  /** @proto 2 */
  kind?: string;
}

/** @mapType atomic */
export interface ParamRef {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  namespace?: string;
  /** @proto 3 */
  selector?: LabelSelector;
  /** @proto 4 */
  parameterNotFoundAction?: string;
}

/** @protoOnly */
export interface Rule {
  /** @proto 1 @listType atomic */
  apiGroups?: string[];
  /** @proto 2 @listType atomic */
  apiVersions?: string[];
  /** @proto 3 @listType atomic */
  resources?: string[];
  /** @proto 4 */
  scope?: string;
}

/** @protoEmbed rule 2 */
export interface RuleWithOperations extends Rule {
  /** @proto 1 @listType atomic */
  operations?: string[];
}

export interface ServiceReference {
  /** @proto 1 */
  namespace: string;
  /** @proto 2 */
  name: string;
  /** @proto 3 */
  path?: string;
  /** @proto 4 */
  port?: Int32;
}

export interface TypeChecking {
  /** @proto 1 @listType atomic */
  expressionWarnings?: ExpressionWarning[];
}

/** @kind @resource validatingadmissionpolicies @scope Cluster @categories api-extensions */
export interface ValidatingAdmissionPolicy {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: ValidatingAdmissionPolicySpec;
  /** @proto 3 */
  status?: ValidatingAdmissionPolicyStatus;
}

/** @kind @resource validatingadmissionpolicybindings @scope Cluster @categories api-extensions */
export interface ValidatingAdmissionPolicyBinding {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: ValidatingAdmissionPolicyBindingSpec;
}

/** @kind */
export interface ValidatingAdmissionPolicyBindingList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ValidatingAdmissionPolicyBinding[];
}

export interface ValidatingAdmissionPolicyBindingSpec {
  /** @proto 1 */
  policyName: string;
  /** @proto 2 */
  paramRef?: ParamRef;
  /** @proto 3 */
  matchResources?: MatchResources;
  /** @proto 4 @listType set */
  validationActions: string[];
}

/** @kind */
export interface ValidatingAdmissionPolicyList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ValidatingAdmissionPolicy[];
}

export interface ValidatingAdmissionPolicySpec {
  /** @proto 1 */
  paramKind?: ParamKind;
  /** @proto 2 */
  matchConstraints?: MatchResources;
  /** @proto 3 @listType atomic */
  validations?: Validation[];
  /** @proto 4 */
  failurePolicy?: string;
  /** @proto 5 @listType atomic */
  auditAnnotations?: AuditAnnotation[];
  /** @proto 6 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  matchConditions?: MatchCondition[];
  /** @proto 7 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  variables?: Variable[];
}

export interface ValidatingAdmissionPolicyStatus {
  /** @proto 1 */
  observedGeneration?: Int64;
  /** @proto 2 */
  typeChecking?: TypeChecking;
  /** @proto 3 @listType map @listMapKey type */
  conditions?: Condition[];
}

export interface ValidatingWebhook {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  clientConfig: WebhookClientConfig;
  /** @proto 3 @listType atomic */
  rules?: RuleWithOperations[];
  /** @proto 4 */
  failurePolicy?: string;
  /** @proto 5 */
  namespaceSelector?: LabelSelector;
  /** @proto 6 */
  sideEffects: string;
  /** @proto 7 */
  timeoutSeconds?: Int32;
  /** @proto 8 @listType atomic */
  admissionReviewVersions: string[];
  /** @proto 9 */
  matchPolicy?: string;
  /** @proto 10 */
  objectSelector?: LabelSelector;
  /** @proto 11 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  matchConditions?: MatchCondition[];
}

/** @kind @resource validatingwebhookconfigurations @scope Cluster @categories api-extensions */
export interface ValidatingWebhookConfiguration {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @protoName Webhooks @listType map @listMapKey name @patchStrategy merge @patchMergeKey name */
  webhooks?: ValidatingWebhook[];
}

/** @kind */
export interface ValidatingWebhookConfigurationList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ValidatingWebhookConfiguration[];
}

export interface Validation {
  /** @proto 1 @protoName Expression */
  expression: string;
  /** @proto 2 */
  message?: string;
  /** @proto 3 */
  reason?: string;
  /** @proto 4 */
  messageExpression?: string;
}

/** @mapType atomic */
export interface Variable {
  /** @proto 1 @protoName Name */
  name: string;
  /** @proto 2 @protoName Expression */
  expression: string;
}

export interface WebhookClientConfig {
  /** @proto 1 */
  service?: ServiceReference;
  /** @proto 2 */
  caBundle?: Bytes;
  /** @proto 3 */
  url?: string;
}
