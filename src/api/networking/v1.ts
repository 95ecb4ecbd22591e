/**
 * @package io.k8s.api.networking.v1
 * @group networking.k8s.io
 * @version v1
 */
import type { TypedLocalObjectReference } from '../core/v1.ts';
import type { Condition, Int32, IntOrString, LabelSelector, ListMeta, ObjectMeta } from '../meta/v1.ts';

export interface HTTPIngressPath {
  /** @proto 1 */
  path?: string;
  /** @proto 2 */
  backend: IngressBackend;
  /** @proto 3 */
  pathType: string;
}

export interface HTTPIngressRuleValue {
  /** @proto 1 @listType atomic */
  paths: HTTPIngressPath[];
}

/** @kind @resource ipaddresses @scope Cluster */
export interface IPAddress {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: IPAddressSpec;
}

/** @kind */
export interface IPAddressList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: IPAddress[];
}

export interface IPAddressSpec {
  /** @proto 1 */
  parentRef: ParentReference;
}

export interface IPBlock {
  /** @proto 1 */
  cidr: string;
  /** @proto 2 @listType atomic */
  except?: string[];
}

/** @kind @resource ingresses @scope Namespaced @shortNames ing */
export interface Ingress {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: IngressSpec;
  /** @proto 3 */
  status?: IngressStatus;
}

export interface IngressBackend {
  /** @proto 3 */
  resource?: TypedLocalObjectReference;
  /** @proto 4 */
  service?: IngressServiceBackend;
}

/** @kind @resource ingressclasses @scope Cluster */
export interface IngressClass {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: IngressClassSpec;
}

/** @kind */
export interface IngressClassList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: IngressClass[];
}

export interface IngressClassParametersReference {
  /** @proto 1 @protoName aPIGroup */
  apiGroup?: string;
  /** @proto 2 */
  kind: string;
  /** @proto 3 */
  name: string;
  /** @proto 4 */
  scope?: string;
  /** @proto 5 */
  namespace?: string;
}

export interface IngressClassSpec {
  /** @proto 1 */
  controller?: string;
  /** @proto 2 */
  parameters?: IngressClassParametersReference;
}

/** @kind */
export interface IngressList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Ingress[];
}

export interface IngressLoadBalancerIngress {
  /** @proto 1 */
  ip?: string;
  /** @proto 2 */
  hostname?: string;
  /** @proto 4 @listType atomic */
  ports?: IngressPortStatus[];
}

export interface IngressLoadBalancerStatus {
  /** @proto 1 @listType atomic */
  ingress?: IngressLoadBalancerIngress[];
}

export interface IngressPortStatus {
  /** @proto 1 */
  port: Int32;
  /** @proto 2 */
  protocol: string;
  /** @proto 3 */
  error?: string;
}

/** @protoEmbed ingressRuleValue 2 */
export interface IngressRule extends IngressRuleValue {
  /** @proto 1 */
  host?: string;
}

/** @protoOnly */
export interface IngressRuleValue {
  /** @proto 1 */
  http?: HTTPIngressRuleValue;
}

export interface IngressServiceBackend {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  port?: ServiceBackendPort;
}

export interface IngressSpec {
  /** @proto 1 */
  defaultBackend?: IngressBackend;
  /** @proto 2 @listType atomic */
  tls?: IngressTLS[];
  /** @proto 3 @listType atomic */
  rules?: IngressRule[];
  /** @proto 4 */
  ingressClassName?: string;
}

export interface IngressStatus {
  /** @proto 1 */
  loadBalancer?: IngressLoadBalancerStatus;
}

export interface IngressTLS {
  /** @proto 1 @listType atomic */
  hosts?: string[];
  /** @proto 2 */
  secretName?: string;
}

/** @kind @resource networkpolicies @scope Namespaced @shortNames netpol */
export interface NetworkPolicy {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: NetworkPolicySpec;
}

export interface NetworkPolicyEgressRule {
  /** @proto 1 @listType atomic */
  ports?: NetworkPolicyPort[];
  /** @proto 2 @listType atomic */
  to?: NetworkPolicyPeer[];
}

export interface NetworkPolicyIngressRule {
  /** @proto 1 @listType atomic */
  ports?: NetworkPolicyPort[];
  /** @proto 2 @listType atomic */
  from?: NetworkPolicyPeer[];
}

/** @kind */
export interface NetworkPolicyList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: NetworkPolicy[];
}

export interface NetworkPolicyPeer {
  /** @proto 1 */
  podSelector?: LabelSelector;
  /** @proto 2 */
  namespaceSelector?: LabelSelector;
  /** @proto 3 */
  ipBlock?: IPBlock;
}

export interface NetworkPolicyPort {
  /** @proto 1 */
  protocol?: string;
  /** @proto 2 */
  port?: IntOrString;
  /** @proto 3 */
  endPort?: Int32;
}

export interface NetworkPolicySpec {
  /** @proto 1 */
  podSelector?: LabelSelector;
  /** @proto 2 @listType atomic */
  ingress?: NetworkPolicyIngressRule[];
  /** @proto 3 @listType atomic */
  egress?: NetworkPolicyEgressRule[];
  /** @proto 4 @listType atomic */
  policyTypes?: string[];
}

export interface ParentReference {
  /** @proto 1 */
  group?: string;
  /** @proto 2 */
  resource: string;
  /** @proto 3 */
  namespace?: string;
  /** @proto 4 */
  name: string;
}

/** @mapType atomic */
export interface ServiceBackendPort {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  number?: Int32;
}

/** @kind @resource servicecidrs @scope Cluster */
export interface ServiceCIDR {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: ServiceCIDRSpec;
  /** @proto 3 */
  status?: ServiceCIDRStatus;
}

/** @kind */
export interface ServiceCIDRList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ServiceCIDR[];
}

export interface ServiceCIDRSpec {
  /** @proto 1 @listType atomic */
  cidrs?: string[];
}

export interface ServiceCIDRStatus {
  /** @proto 1 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: Condition[];
}
