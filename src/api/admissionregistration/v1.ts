/**
 * @package io.k8s.api.admissionregistration.v1
 * @group admissionregistration.k8s.io
 * @version v1
 */
import type { Bytes, Condition, Int32, Int64, LabelSelector, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** Changes an object by server-side apply. */
export interface ApplyConfiguration {
  /** CEL that yields the apply configuration, as `Object{...}`. @proto 1 */
  expression?: string;
}

/** A note that goes into the audit log. */
export interface AuditAnnotation {
  /** Key of the note, made unique by the policy's name. @proto 1 */
  key: string;
  /** CEL that yields a text or null; null leaves the note out. @proto 2 */
  valueExpression: string;
}

/** A doubt about an expression. */
export interface ExpressionWarning {
  /** Path of the expression, such as `spec.validations[0].expression`. @proto 2 */
  fieldRef: string;
  /** What type checking found. @proto 3 */
  warning: string;
}

/** Changes an object by a JSON patch. */
export interface JSONPatch {
  /** CEL that yields a list of `JSONPatch{...}` operations. @proto 1 */
  expression?: string;
}

/** A CEL condition on a request. */
export interface MatchCondition {
  /** Unique name; a qualified name such as `exclude-leases`. @proto 1 */
  name: string;
  /** CEL that yields a boolean, over `object`, `oldObject`, `request` and `authorizer`. @proto 2 */
  expression: string;
}

/** Requests a policy is about. @mapType atomic */
export interface MatchResources {
  /** Only for objects in these namespaces; all unless set. @proto 1 @pointer */
  namespaceSelector?: LabelSelector;
  /** Only for objects with these labels, before or after the change; all unless set. @proto 2 @pointer */
  objectSelector?: LabelSelector;
  /** Operations on resources that are meant; one is enough. @proto 3 @listType atomic */
  resourceRules?: NamedRuleWithOperations[];
  /** Operations on resources that are left out; wins over `resourceRules`. @proto 4 @listType atomic */
  excludeResourceRules?: NamedRuleWithOperations[];
  /**
   * `Exact` versions only, or `Equivalent` (default): also requests in other versions, converted.
   * @proto 7 @pointer
   */
  matchPolicy?: string;
}

/**
 * Changes objects on their way in, by CEL.
 * @kind @resource mutatingadmissionpolicies @scope Cluster @categories api-extensions
 */
export interface MutatingAdmissionPolicy {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which requests, which changes. @proto 2 @optional */
  spec: MutatingAdmissionPolicySpec;
}

/**
 * Puts a MutatingAdmissionPolicy into force, with parameters.
 * @kind @resource mutatingadmissionpolicybindings @scope Cluster @categories api-extensions
 */
export interface MutatingAdmissionPolicyBinding {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which policy, for what, with which parameters. @proto 2 @optional */
  spec: MutatingAdmissionPolicyBindingSpec;
}

/** Many MutatingAdmissionPolicyBinding objects, as one answer. @kind */
export interface MutatingAdmissionPolicyBindingList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The MutatingAdmissionPolicyBinding objects. @proto 2 */
  items: MutatingAdmissionPolicyBinding[];
}

/** How a policy is put into force. */
export interface MutatingAdmissionPolicyBindingSpec {
  /** The policy. Without one of this name nothing happens. @proto 1 */
  policyName?: string;
  /** Where parameters come from; required if the policy takes any. @proto 2 @pointer */
  paramRef?: ParamRef;
  /** Narrows the requests of the policy. @proto 3 @pointer */
  matchResources?: MatchResources;
}

/** Many MutatingAdmissionPolicy objects, as one answer. @kind */
export interface MutatingAdmissionPolicyList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The MutatingAdmissionPolicy objects. @proto 2 */
  items: MutatingAdmissionPolicy[];
}

/** Requests and changes of a policy. */
export interface MutatingAdmissionPolicySpec {
  /** Kind of the parameters; none unless set. @proto 1 @pointer */
  paramKind?: ParamKind;
  /** Requests it applies to; required. @proto 2 @pointer */
  matchConstraints?: MatchResources;
  /**
   * Named expressions the others may use as `variables.<name>`; a later one may use earlier ones.
   * @proto 3 @listType atomic
   */
  variables?: Variable[];
  /** Changes, done in order. @proto 4 @listType atomic */
  mutations?: Mutation[];
  /** On errors in expressions or settings: `Fail` the request (default) or `Ignore` the policy. @proto 5 @pointer */
  failurePolicy?: string;
  /**
   * CEL conditions that must all hold for it to apply; at most 64.
   * @proto 6 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  matchConditions?: MatchCondition[];
  /** Run again if a later step changes the object: `Never` or `IfNeeded`. @proto 7 */
  reinvocationPolicy?: string;
}

/** An HTTPS service that may change objects on their way in. */
export interface MutatingWebhook {
  /** Unique full name, such as `check.example.com`. @proto 1 */
  name: string;
  /** How to reach it. @proto 2 */
  clientConfig: WebhookClientConfig;
  /** Requests it is called for; never for webhook configurations themselves. @proto 3 @listType atomic */
  rules?: RuleWithOperations[];
  /** If it cannot be reached: `Fail` the request (default) or `Ignore` the webhook. @proto 4 @pointer */
  failurePolicy?: string;
  /** Only for objects in these namespaces; all unless set. @proto 5 @pointer */
  namespaceSelector?: LabelSelector;
  /** Whether it changes anything else: `None` or `NoneOnDryRun`. @proto 6 @pointer */
  sideEffects: string;
  /** Seconds to wait for its answer, 1 to 30; 10 unless set. @proto 7 @pointer */
  timeoutSeconds?: Int32;
  /** Versions of AdmissionReview it understands, in order of preference. @proto 8 @listType atomic */
  admissionReviewVersions: string[];
  /**
   * `Exact` versions only, or `Equivalent` (default): also requests in other versions, converted.
   * @proto 9 @pointer
   */
  matchPolicy?: string;
  /** Call again if a later step changes the object: `Never` (default) or `IfNeeded`. @proto 10 @pointer */
  reinvocationPolicy?: string;
  /** Only for objects with these labels, before or after the change; all unless set. @proto 11 @pointer */
  objectSelector?: LabelSelector;
  /**
   * CEL conditions that must all hold for it to be called; at most 64.
   * @proto 12 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  matchConditions?: MatchCondition[];
}

/**
 * Webhooks that may change objects on their way in.
 * @kind @resource mutatingwebhookconfigurations @scope Cluster @categories api-extensions
 */
export interface MutatingWebhookConfiguration {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /**
   * The webhooks.
   * @proto 2 @protoName Webhooks @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  webhooks?: MutatingWebhook[];
}

/** Many MutatingWebhookConfiguration objects, as one answer. @kind */
export interface MutatingWebhookConfigurationList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The MutatingWebhookConfiguration objects. @proto 2 */
  items: MutatingWebhookConfiguration[];
}

/** One change. */
export interface Mutation {
  /** Which member is set: `ApplyConfiguration` or `JSONPatch`. @proto 2 */
  patchType: string;
  /** A change by server-side apply. @proto 3 @pointer */
  applyConfiguration?: ApplyConfiguration;
  /** A change by JSON patch. @proto 4 @pointer */
  jsonPatch?: JSONPatch;
}

/**
 * Operations on resources, possibly only on objects of some names.
 * @mapType atomic @protoEmbed ruleWithOperations 2
 */
export interface NamedRuleWithOperations extends RuleWithOperations {
  /** Only objects of these names; all if empty. @proto 1 @listType atomic */
  resourceNames?: string[];
}

/** Kind of the parameters of a policy. @mapType atomic */
export interface ParamKind {
  /** Group and version. @proto 1 */
  apiVersion?: string;
  /** Kind. @proto 2 */
  kind?: string;
}

/** Which objects hold the parameters; either `name` or `selector`. @mapType atomic */
export interface ParamRef {
  /** One object by name. @proto 1 */
  name?: string;
  /**
   * Where to look; unless set, the namespace of the object in the request. Not for cluster-wide kinds.
   * @proto 2
   */
  namespace?: string;
  /** Objects by label; the policy runs once for each. @proto 3 @pointer */
  selector?: LabelSelector;
  /** If there are none: `Allow` the request or `Deny` it. Required. @proto 4 @pointer */
  parameterNotFoundAction?: string;
}

/** Some resources. @protoOnly */
export interface Rule {
  /** API groups; `*` for all, and then alone. @proto 1 @listType atomic */
  apiGroups?: string[];
  /** API versions; `*` for all, and then alone. @proto 2 @listType atomic */
  apiVersions?: string[];
  /**
   * Plural names, with subresources as `pods/log` or with wildcards; a lone `*` is all without subresources.
   * @proto 3 @listType atomic
   */
  resources?: string[];
  /** `Cluster`, `Namespaced` or `*` (default). @proto 4 @pointer */
  scope?: string;
}

/** Operations on some resources. @protoEmbed rule 2 */
export interface RuleWithOperations extends Rule {
  /** `CREATE`, `UPDATE`, `DELETE`, `CONNECT` or `*`, and `*` alone. @proto 1 @listType atomic */
  operations?: string[];
}

/** A Service that answers calls. */
export interface ServiceReference {
  /** Its namespace. @proto 1 */
  namespace: string;
  /** Its name. @proto 2 */
  name: string;
  /** URL path to call. @proto 3 @pointer */
  path?: string;
  /** Its port; 443 unless set. @proto 4 @pointer */
  port?: Int32;
}

/** What type checking of expressions found. */
export interface TypeChecking {
  /** Doubts, by expression. @proto 1 @listType atomic */
  expressionWarnings?: ExpressionWarning[];
}

/**
 * Judges objects on their way in, by CEL.
 * @kind @resource validatingadmissionpolicies @scope Cluster @categories api-extensions
 */
export interface ValidatingAdmissionPolicy {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which requests, which conditions. @proto 2 @optional */
  spec: ValidatingAdmissionPolicySpec;
  /** What is known about it. @proto 3 */
  status?: ValidatingAdmissionPolicyStatus;
}

/**
 * Puts a ValidatingAdmissionPolicy into force, with parameters.
 * @kind @resource validatingadmissionpolicybindings @scope Cluster @categories api-extensions
 */
export interface ValidatingAdmissionPolicyBinding {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which policy, for what, with which parameters and consequences. @proto 2 */
  spec: ValidatingAdmissionPolicyBindingSpec;
}

/** Many ValidatingAdmissionPolicyBinding objects, as one answer. @kind */
export interface ValidatingAdmissionPolicyBindingList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ValidatingAdmissionPolicyBinding objects. @proto 2 */
  items: ValidatingAdmissionPolicyBinding[];
}

/** How a policy is put into force. */
export interface ValidatingAdmissionPolicyBindingSpec {
  /** The policy. Without one of this name nothing happens. @proto 1 @omitEmpty */
  policyName: string;
  /** Where parameters come from; required if the policy takes any. @proto 2 @pointer */
  paramRef?: ParamRef;
  /** Narrows the requests of the policy. @proto 3 @pointer */
  matchResources?: MatchResources;
  /**
   * What a violation leads to: `Deny`, `Warn`, `Audit`; not `Deny` and `Warn` together.
   * @proto 4 @listType set @omitEmpty
   */
  validationActions: string[];
}

/** Many ValidatingAdmissionPolicy objects, as one answer. @kind */
export interface ValidatingAdmissionPolicyList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ValidatingAdmissionPolicy objects. @proto 2 */
  items: ValidatingAdmissionPolicy[];
}

/** Requests and conditions of a policy. */
export interface ValidatingAdmissionPolicySpec {
  /** Kind of the parameters; none unless set. @proto 1 @pointer */
  paramKind?: ParamKind;
  /** Requests it applies to; required. @proto 2 @pointer */
  matchConstraints?: MatchResources;
  /** Conditions an object must meet. @proto 3 @listType atomic */
  validations?: Validation[];
  /** On errors in expressions or settings: `Fail` the request (default) or `Ignore` the policy. @proto 4 @pointer */
  failurePolicy?: string;
  /** Notes for the audit log; at most 20. @proto 5 @listType atomic */
  auditAnnotations?: AuditAnnotation[];
  /**
   * CEL conditions that must all hold for it to apply; at most 64.
   * @proto 6 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  matchConditions?: MatchCondition[];
  /**
   * Named expressions the others may use as `variables.<name>`; a later one may use earlier ones.
   * @proto 7 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  variables?: Variable[];
}

/** What is known about a policy. */
export interface ValidatingAdmissionPolicyStatus {
  /** The newest `metadata.generation` that this status takes into account. @proto 1 */
  observedGeneration?: Int64;
  /** What type checking of its expressions found. @proto 2 @pointer */
  typeChecking?: TypeChecking;
  /** Aspects of its state. @proto 3 @listType map @listMapKey type */
  conditions?: Condition[];
}

/** An HTTPS service that judges objects on their way in. */
export interface ValidatingWebhook {
  /** Unique full name, such as `check.example.com`. @proto 1 */
  name: string;
  /** How to reach it. @proto 2 */
  clientConfig: WebhookClientConfig;
  /** Requests it is called for; never for webhook configurations themselves. @proto 3 @listType atomic */
  rules?: RuleWithOperations[];
  /** If it cannot be reached: `Fail` the request (default) or `Ignore` the webhook. @proto 4 @pointer */
  failurePolicy?: string;
  /** Only for objects in these namespaces; all unless set. @proto 5 @pointer */
  namespaceSelector?: LabelSelector;
  /** Whether it changes anything else: `None` or `NoneOnDryRun`. @proto 6 @pointer */
  sideEffects: string;
  /** Seconds to wait for its answer, 1 to 30; 10 unless set. @proto 7 @pointer */
  timeoutSeconds?: Int32;
  /** Versions of AdmissionReview it understands, in order of preference. @proto 8 @listType atomic */
  admissionReviewVersions: string[];
  /**
   * `Exact` versions only, or `Equivalent` (default): also requests in other versions, converted.
   * @proto 9 @pointer
   */
  matchPolicy?: string;
  /** Only for objects with these labels, before or after the change; all unless set. @proto 10 @pointer */
  objectSelector?: LabelSelector;
  /**
   * CEL conditions that must all hold for it to be called; at most 64.
   * @proto 11 @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  matchConditions?: MatchCondition[];
}

/**
 * Webhooks that judge objects on their way in.
 * @kind @resource validatingwebhookconfigurations @scope Cluster @categories api-extensions
 */
export interface ValidatingWebhookConfiguration {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /**
   * The webhooks.
   * @proto 2 @protoName Webhooks @listType map @listMapKey name @patchStrategy merge @patchMergeKey name
   */
  webhooks?: ValidatingWebhook[];
}

/** Many ValidatingWebhookConfiguration objects, as one answer. @kind */
export interface ValidatingWebhookConfigurationList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ValidatingWebhookConfiguration objects. @proto 2 */
  items: ValidatingWebhookConfiguration[];
}

/** A condition an object must meet. */
export interface Validation {
  /**
   * CEL that yields true for good objects; over `object`, `oldObject`, `request`, `params`,
   * `namespaceObject`, `variables`, `authorizer`.
   * @proto 1 @protoName Expression
   */
  expression: string;
  /** What to tell on a violation; the expression itself unless set. No line breaks. @proto 2 */
  message?: string;
  /**
   * Reason of the answer: `Invalid` (default), `Forbidden`, `Unauthorized` or `RequestEntityTooLarge`.
   * @proto 3 @pointer
   */
  reason?: string;
  /** CEL that yields the message; wins over `message` if it works. @proto 4 */
  messageExpression?: string;
}

/** A named expression. @mapType atomic */
export interface Variable {
  /** A CEL identifier, unique in the policy. @proto 1 @protoName Name */
  name: string;
  /** CEL that yields its value, computed when first used. @proto 2 @protoName Expression */
  expression: string;
}

/** How to reach a webhook; either `service` or `url`. */
export interface WebhookClientConfig {
  /** A Service of this cluster. @proto 1 @pointer */
  service?: ServiceReference;
  /** PEM certificates to check the server's against; those of the host unless set. @proto 2 */
  caBundle?: Bytes;
  /** Full address with `https`; no user, no query, no fragment. @proto 3 @pointer */
  url?: string;
}
