/**
 * @package io.k8s.api.resource.v1
 * @group resource.k8s.io
 * @version v1
 */
import type { NodeSelector } from '../core/v1.ts';
import type { Condition, Int64, ListMeta, ObjectMeta, Quantity, RawExtension, Time } from '../meta/v1.ts';

export interface AllocatedDeviceStatus {
  /** @proto 1 */
  driver: string;
  /** @proto 2 */
  pool: string;
  /** @proto 3 */
  device: string;
  /** @proto 4 @listType map @listMapKey type */
  conditions?: Condition[];
  /** @proto 5 */
  data?: RawExtension;
  /** @proto 6 */
  networkData?: NetworkDeviceData;
  /** @proto 7 */
  shareID?: string;
}

export interface AllocationResult {
  /** @proto 1 */
  devices?: DeviceAllocationResult;
  /** @proto 3 */
  nodeSelector?: NodeSelector;
  /** @proto 5 */
  allocationTimestamp?: Time;
}

export interface CELDeviceSelector {
  /** @proto 1 */
  expression: string;
}

export interface CapacityRequestPolicy {
  /** @proto 1 */
  default?: Quantity;
  /** @proto 3 @listType atomic */
  validValues?: Quantity[];
  /** @proto 4 */
  validRange?: CapacityRequestPolicyRange;
}

export interface CapacityRequestPolicyRange {
  /** @proto 1 */
  min: Quantity;
  /** @proto 2 */
  max?: Quantity;
  /** @proto 3 */
  step?: Quantity;
}

export interface CapacityRequirements {
  /** @proto 1 */
  requests?: Record<string, Quantity>;
}

export interface Counter {
  /** @proto 1 */
  value: Quantity;
}

export interface CounterSet {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  counters: Record<string, Counter>;
}

export interface Device {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  attributes?: Record<string, DeviceAttribute>;
  /** @proto 3 */
  capacity?: Record<string, DeviceCapacity>;
  /** @proto 4 @listType atomic */
  consumesCounters?: DeviceCounterConsumption[];
  /** @proto 5 */
  nodeName?: string;
  /** @proto 6 */
  nodeSelector?: NodeSelector;
  /** @proto 7 */
  allNodes?: boolean;
  /** @proto 8 @listType atomic */
  taints?: DeviceTaint[];
  /** @proto 9 */
  bindsToNode?: boolean;
  /** @proto 10 @listType atomic */
  bindingConditions?: string[];
  /** @proto 11 @listType atomic */
  bindingFailureConditions?: string[];
  /** @proto 12 */
  allowMultipleAllocations?: boolean;
  /** @proto 13 */
  nodeAllocatableResourceMappings?: Record<string, NodeAllocatableResourceMapping>;
}

/** @protoEmbed deviceConfiguration 3 */
export interface DeviceAllocationConfiguration extends DeviceConfiguration {
  /** @proto 1 */
  source: string;
  /** @proto 2 @listType atomic */
  requests?: string[];
}

export interface DeviceAllocationResult {
  /** @proto 1 @listType atomic */
  results?: DeviceRequestAllocationResult[];
  /** @proto 2 @listType atomic */
  config?: DeviceAllocationConfiguration[];
}

export interface DeviceAttribute {
  /** @proto 2 */
  int?: Int64;
  /** @proto 3 */
  bool?: boolean;
  /** @proto 4 */
  string?: string;
  /** @proto 5 */
  version?: string;
  /** @proto 6 @listType atomic */
  ints?: Int64[];
  /** @proto 7 @listType atomic */
  bools?: boolean[];
  /** @proto 8 @listType atomic */
  strings?: string[];
  /** @proto 9 @listType atomic */
  versions?: string[];
}

export interface DeviceCapacity {
  /** @proto 1 */
  value: Quantity;
  /** @proto 2 */
  requestPolicy?: CapacityRequestPolicy;
}

export interface DeviceClaim {
  /** @proto 1 @listType atomic */
  requests?: DeviceRequest[];
  /** @proto 2 @listType atomic */
  constraints?: DeviceConstraint[];
  /** @proto 3 @listType atomic */
  config?: DeviceClaimConfiguration[];
}

/** @protoEmbed deviceConfiguration 2 */
export interface DeviceClaimConfiguration extends DeviceConfiguration {
  /** @proto 1 @listType atomic */
  requests?: string[];
}

/** @kind @resource deviceclasses @scope Cluster */
export interface DeviceClass {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: DeviceClassSpec;
}

/** @protoEmbed deviceConfiguration 1 */
export interface DeviceClassConfiguration extends DeviceConfiguration {}

/** @kind */
export interface DeviceClassList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: DeviceClass[];
}

export interface DeviceClassSpec {
  /** @proto 1 @listType atomic */
  selectors?: DeviceSelector[];
  /** @proto 2 @listType atomic */
  config?: DeviceClassConfiguration[];
  /** @proto 4 */
  extendedResourceName?: string;
}

/** @protoOnly */
export interface DeviceConfiguration {
  /** @proto 1 */
  opaque?: OpaqueDeviceConfiguration;
}

export interface DeviceConstraint {
  /** @proto 1 @listType atomic */
  requests?: string[];
  /** @proto 2 */
  matchAttribute?: string;
  /** @proto 3 */
  distinctAttribute?: string;
}

export interface DeviceCounterConsumption {
  /** @proto 1 */
  counterSet: string;
  /** @proto 2 */
  counters: Record<string, Counter>;
}

export interface DeviceRequest {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  exactly?: ExactDeviceRequest;
  /** @proto 3 @listType atomic */
  firstAvailable?: DeviceSubRequest[];
}

export interface DeviceRequestAllocationResult {
  /** @proto 1 */
  request: string;
  /** @proto 2 */
  driver: string;
  /** @proto 3 */
  pool: string;
  /** @proto 4 */
  device: string;
  /** @proto 5 */
  adminAccess?: boolean;
  /** @proto 6 @listType atomic */
  tolerations?: DeviceToleration[];
  /** @proto 7 @listType atomic */
  bindingConditions?: string[];
  /** @proto 8 @listType atomic */
  bindingFailureConditions?: string[];
  /** @proto 9 */
  shareID?: string;
  /** @proto 10 */
  consumedCapacity?: Record<string, Quantity>;
}

export interface DeviceSelector {
  /** @proto 1 */
  cel?: CELDeviceSelector;
}

export interface DeviceSubRequest {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  deviceClassName: string;
  /** @proto 3 @listType atomic */
  selectors?: DeviceSelector[];
  /** @proto 4 */
  allocationMode?: string;
  /** @proto 5 */
  count?: Int64;
  /** @proto 6 @listType atomic */
  tolerations?: DeviceToleration[];
  /** @proto 7 */
  capacity?: CapacityRequirements;
}

export interface DeviceTaint {
  /** @proto 1 */
  key: string;
  /** @proto 2 */
  value?: string;
  /** @proto 3 */
  effect: string;
  /** @proto 4 */
  timeAdded?: Time;
}

export interface DeviceToleration {
  /** @proto 1 */
  key?: string;
  /** @proto 2 */
  operator?: string;
  /** @proto 3 */
  value?: string;
  /** @proto 4 */
  effect?: string;
  /** @proto 5 */
  tolerationSeconds?: Int64;
}

export interface ExactDeviceRequest {
  /** @proto 1 */
  deviceClassName: string;
  /** @proto 2 @listType atomic */
  selectors?: DeviceSelector[];
  /** @proto 3 */
  allocationMode?: string;
  /** @proto 4 */
  count?: Int64;
  /** @proto 5 */
  adminAccess?: boolean;
  /** @proto 6 @listType atomic */
  tolerations?: DeviceToleration[];
  /** @proto 7 */
  capacity?: CapacityRequirements;
}

export interface NetworkDeviceData {
  /** @proto 1 */
  interfaceName?: string;
  /** @proto 2 @listType atomic */
  ips?: string[];
  /** @proto 3 */
  hardwareAddress?: string;
}

export interface NodeAllocatableResourceMapping {
  /** @proto 1 */
  capacityKey?: string;
  /** @proto 2 */
  allocationMultiplier?: Quantity;
}

export interface OpaqueDeviceConfiguration {
  /** @proto 1 */
  driver: string;
  /** @proto 2 */
  parameters: RawExtension;
}

/** @kind @resource resourceclaims @scope Namespaced */
export interface ResourceClaim {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: ResourceClaimSpec;
  /** @proto 3 */
  status?: ResourceClaimStatus;
}

export interface ResourceClaimConsumerReference {
  /** @proto 1 */
  apiGroup?: string;
  /** @proto 3 */
  resource: string;
  /** @proto 4 */
  name: string;
  /** @proto 5 */
  uid: string;
}

/** @kind */
export interface ResourceClaimList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ResourceClaim[];
}

export interface ResourceClaimSpec {
  /** @proto 1 */
  devices?: DeviceClaim;
}

export interface ResourceClaimStatus {
  /** @proto 1 */
  allocation?: AllocationResult;
  /** @proto 2 @listType map @listMapKey uid @patchStrategy merge @patchMergeKey uid */
  reservedFor?: ResourceClaimConsumerReference[];
  /** @proto 4 @listType map @listMapKey driver @listMapKey device @listMapKey pool @listMapKey shareID */
  devices?: AllocatedDeviceStatus[];
}

/** @kind @resource resourceclaimtemplates @scope Namespaced */
export interface ResourceClaimTemplate {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: ResourceClaimTemplateSpec;
}

/** @kind */
export interface ResourceClaimTemplateList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ResourceClaimTemplate[];
}

export interface ResourceClaimTemplateSpec {
  /** @proto 1 */
  metadata?: ObjectMeta;
  /** @proto 2 */
  spec: ResourceClaimSpec;
}

export interface ResourcePool {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  generation: Int64;
  /** @proto 3 */
  resourceSliceCount: Int64;
}

/** @kind @resource resourceslices @scope Cluster */
export interface ResourceSlice {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: ResourceSliceSpec;
}

/** @kind */
export interface ResourceSliceList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: ResourceSlice[];
}

export interface ResourceSliceSpec {
  /** @proto 1 */
  driver: string;
  /** @proto 2 */
  pool: ResourcePool;
  /** @proto 3 */
  nodeName?: string;
  /** @proto 4 */
  nodeSelector?: NodeSelector;
  /** @proto 5 */
  allNodes?: boolean;
  /** @proto 6 @listType atomic */
  devices?: Device[];
  /** @proto 7 */
  perDeviceNodeSelection?: boolean;
  /** @proto 8 @listType atomic */
  sharedCounters?: CounterSet[];
}
