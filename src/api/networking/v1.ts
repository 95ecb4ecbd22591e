/**
 * @package io.k8s.api.networking.v1
 * @group networking.k8s.io
 * @version v1
 */
import type { TypedLocalObjectReference } from '../core/v1.ts';
import type { Condition, Int32, IntOrString, LabelSelector, ListMeta, ObjectMeta } from '../meta/v1.ts';

/** Sends requests for a path to a backend. */
export interface HTTPIngressPath {
  /** Path to compare with, starting with `/`; how is told by `pathType`. @proto 1 */
  path?: string;
  /** Where the requests go. @proto 2 */
  backend: IngressBackend;
  /** `Exact`, `Prefix` (whole path elements) or `ImplementationSpecific`. @proto 3 @pointer */
  pathType: string;
}

/** Backends by path. */
export interface HTTPIngressRuleValue {
  /** The paths, each with its backend. @proto 1 @listType atomic */
  paths: HTTPIngressPath[];
}

/** Marks one Service address as taken; its name is the address. @kind @resource ipaddresses @scope Cluster @shortNames ip */
export interface IPAddress {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Who has it. @proto 2 */
  spec: IPAddressSpec;
}

/** Many IPAddress objects, as one answer. @kind */
export interface IPAddressList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The IPAddress objects. @proto 2 */
  items: IPAddress[];
}

/** Who has an address. */
export interface IPAddressSpec {
  /** The object that has it, most often a Service. @proto 1 @pointer @omitEmpty */
  parentRef: ParentReference;
}

/** A range of addresses with holes. */
export interface IPBlock {
  /** The range, such as `192.168.1.0/24`. @proto 1 */
  cidr: string;
  /** Ranges inside it that are left out. @proto 2 @listType atomic */
  except?: string[];
}

/**
 * Routes HTTP from outside to Services by host and path.
 * @kind @resource ingresses @scope Namespaced @shortNames ing
 */
export interface Ingress {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The routes. @proto 2 @optional */
  spec: IngressSpec;
  /** Where the traffic comes in. @proto 3 */
  status?: IngressStatus;
}

/** Where requests go; exactly one member is set. */
export interface IngressBackend {
  /** An object of this namespace, such as a storage bucket. @proto 3 @pointer */
  resource?: TypedLocalObjectReference;
  /** A Service of this namespace. @proto 4 @pointer */
  service?: IngressServiceBackend;
}

/** A kind of ingress, served by one controller. @kind @resource ingressclasses @scope Cluster */
export interface IngressClass {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which controller, with which parameters. @proto 2 @optional */
  spec: IngressClassSpec;
}

/** Many IngressClass objects, as one answer. @kind */
export interface IngressClassList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The IngressClass objects. @proto 2 */
  items: IngressClass[];
}

/** Names an object with parameters of an ingress class. */
export interface IngressClassParametersReference {
  /** API group; empty for the core group. @proto 1 @pointer @protoName aPIGroup */
  apiGroup?: string;
  /** Kind of the object. @proto 2 */
  kind: string;
  /** Name of the object. @proto 3 */
  name: string;
  /** `Cluster` (default) or `Namespace`. @proto 4 @pointer @printed */
  scope?: string;
  /** Namespace of the object; set if and only if the scope is `Namespace`. @proto 5 @pointer */
  namespace?: string;
}

/** Which controller serves a class, with which parameters. */
export interface IngressClassSpec {
  /** Name of the controller as `domain/path`; cannot change. @proto 1 */
  controller?: string;
  /** Object with further parameters. @proto 2 @pointer */
  parameters?: IngressClassParametersReference;
}

/** Many Ingress objects, as one answer. @kind */
export interface IngressList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Ingress objects. @proto 2 */
  items: Ingress[];
}

/** One point where an ingress takes traffic. */
export interface IngressLoadBalancerIngress {
  /** Its address, if it has one. @proto 1 */
  ip?: string;
  /** Its DNS name, if it has one. @proto 2 */
  hostname?: string;
  /** State of its ports. @proto 4 @listType atomic */
  ports?: IngressPortStatus[];
}

/** Where an ingress takes traffic. */
export interface IngressLoadBalancerStatus {
  /** The points. @proto 1 @listType atomic */
  ingress?: IngressLoadBalancerIngress[];
}

/** State of one port of an ingress. */
export interface IngressPortStatus {
  /** Port number. @proto 1 */
  port: Int32;
  /** `TCP`, `UDP` or `SCTP`. @proto 2 */
  protocol: string;
  /** What is wrong with it: a CamelCase word, with a domain prefix if from a provider. @proto 3 @pointer */
  error?: string;
}

/** Routes of one host. @protoEmbed ingressRuleValue 2 */
export interface IngressRule extends IngressRuleValue {
  /** Host name without port; all hosts if empty. `*.` in front stands for one label. @proto 1 */
  host?: string;
}

/** Routes of one host by protocol. @protoOnly */
export interface IngressRuleValue {
  /** Routes for HTTP. @proto 1 @pointer */
  http?: HTTPIngressRuleValue;
}

/** A port of a Service. */
export interface IngressServiceBackend {
  /** Name of the Service in the same namespace. @proto 1 */
  name: string;
  /** Its port. @proto 2 */
  port?: ServiceBackendPort;
}

/** Routes of an ingress. */
export interface IngressSpec {
  /** Where requests go that no rule fits. @proto 1 @pointer */
  defaultBackend?: IngressBackend;
  /** Certificates by host; port 443. @proto 2 @listType atomic */
  tls?: IngressTLS[];
  /** Routes by host; everything goes to the default backend without any. @proto 3 @listType atomic */
  rules?: IngressRule[];
  /** Class whose controller serves it; the default class unless set. @proto 4 @pointer */
  ingressClassName?: string;
}

/** State of an ingress. */
export interface IngressStatus {
  /** Where it takes traffic. @proto 1 */
  loadBalancer?: IngressLoadBalancerStatus;
}

/** A certificate for some hosts. */
export interface IngressTLS {
  /** Hosts it covers; the controller's default unless set. @proto 1 @listType atomic */
  hosts?: string[];
  /** Secret with certificate and key, type `kubernetes.io/tls`. @proto 2 */
  secretName?: string;
}

/**
 * Limits who may talk to certain pods, and to whom they may talk.
 * @kind @resource networkpolicies @scope Namespaced @shortNames netpol
 */
export interface NetworkPolicy {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The pods and the rules. @proto 2 @optional */
  spec: NetworkPolicySpec;
}

/** Allows traffic to some peers on some ports. */
export interface NetworkPolicyEgressRule {
  /** Ports at the peers; all if empty. @proto 1 @listType atomic */
  ports?: NetworkPolicyPort[];
  /** The peers; all if empty. @proto 2 @listType atomic */
  to?: NetworkPolicyPeer[];
}

/** Allows traffic from some peers to some ports. */
export interface NetworkPolicyIngressRule {
  /** Ports at the pods; all if empty. @proto 1 @listType atomic */
  ports?: NetworkPolicyPort[];
  /** The peers; all if empty. @proto 2 @listType atomic */
  from?: NetworkPolicyPeer[];
}

/** Many NetworkPolicy objects, as one answer. @kind */
export interface NetworkPolicyList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The NetworkPolicy objects. @proto 2 */
  items: NetworkPolicy[];
}

/** Some peers: pods, or an address range. */
export interface NetworkPolicyPeer {
  /** Pods by label, in the namespaces of `namespaceSelector` or in that of the policy. @proto 1 @pointer */
  podSelector?: LabelSelector;
  /** Namespaces by label; empty takes all. @proto 2 @pointer */
  namespaceSelector?: LabelSelector;
  /** An address range; excludes the selectors. @proto 3 @pointer */
  ipBlock?: IPBlock;
}

/** A port or a range of ports. */
export interface NetworkPolicyPort {
  /** `TCP` (default), `UDP` or `SCTP`. @proto 1 @pointer */
  protocol?: string;
  /** Port number, or name of a container port; all if absent. @proto 2 @pointer */
  port?: IntOrString;
  /** Last port of a range that begins with the number `port`. @proto 3 @pointer */
  endPort?: Int32;
}

/** Pods of a policy, and what it allows them. */
export interface NetworkPolicySpec {
  /** Pods it applies to; empty takes all of the namespace. @proto 1 */
  podSelector?: LabelSelector;
  /** Allowed incoming traffic; none if empty and the policy is about it. @proto 2 @listType atomic */
  ingress?: NetworkPolicyIngressRule[];
  /** Allowed outgoing traffic; none if empty and the policy is about it. @proto 3 @listType atomic */
  egress?: NetworkPolicyEgressRule[];
  /**
   * `Ingress`, `Egress` or both; unless set, `Ingress`, and `Egress` if there are such rules.
   * @proto 4 @listType atomic
   */
  policyTypes?: string[];
}

/** Names the object that has an address. */
export interface ParentReference {
  /** API group; empty for the core group. @proto 1 */
  group?: string;
  /** Plural name of the resource. @proto 2 @omitEmpty */
  resource: string;
  /** Namespace of the object. @proto 3 */
  namespace?: string;
  /** Name of the object. @proto 4 @omitEmpty */
  name: string;
}

/** A port of a Service, by name or number. @mapType atomic */
export interface ServiceBackendPort {
  /** Name of the port; excludes `number`. @proto 1 */
  name?: string;
  /** Number of the port; excludes `name`. @proto 2 */
  number?: Int32;
}

/** A range that Service addresses are taken from. @kind @resource servicecidrs @scope Cluster */
export interface ServiceCIDR {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The range. @proto 2 @optional */
  spec: ServiceCIDRSpec;
  /** Whether it is in use. @proto 3 */
  status?: ServiceCIDRStatus;
}

/** Many ServiceCIDR objects, as one answer. @kind */
export interface ServiceCIDRList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ServiceCIDR objects. @proto 2 */
  items: ServiceCIDR[];
}

/** A range of Service addresses. */
export interface ServiceCIDRSpec {
  /** One range, or one each of IPv4 and IPv6. Cannot change. @proto 1 @listType atomic */
  cidrs?: string[];
}

/** State of a range. */
export interface ServiceCIDRStatus {
  /**
   * Aspects of its state, such as `Ready`.
   * @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: Condition[];
}
