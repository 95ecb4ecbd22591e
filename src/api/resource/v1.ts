/**
 * @package io.k8s.api.resource.v1
 * @group resource.k8s.io
 * @version v1
 */
import type { NodeSelector } from '../core/v1.ts';
import type { Condition, Int64, ListMeta, ObjectMeta, Quantity, RawExtension, Time } from '../meta/v1.ts';

/** What a driver says of a device that was given out. */
export interface AllocatedDeviceStatus {
  /** Name of the DRA driver; a DNS subdomain, up to 63 characters. @proto 1 */
  driver: string;
  /** Pool the device is in. @proto 2 */
  pool: string;
  /** Name of the device in its pool. @proto 3 */
  device: string;
  /** Aspects of the device's state; at most 8. @proto 4 @listType map @listMapKey type */
  conditions?: Condition[] | null;
  /** Free data of the driver; up to 10 KiB. @proto 5 @pointer */
  data?: RawExtension;
  /** Network details of the device. @proto 6 @pointer */
  networkData?: NetworkDeviceData;
  /** Which share of the device, if several claims use it. @proto 7 @pointer */
  shareID?: string;
}

/** Devices that were given to a claim. */
export interface AllocationResult {
  /** The devices and their configuration. @proto 1 */
  devices?: DeviceAllocationResult;
  /** Nodes that can reach them all; any node unless set. @proto 3 @pointer */
  nodeSelector?: NodeSelector;
  /** When they were given. @proto 5 @pointer */
  allocationTimestamp?: Time;
}

/** A CEL condition on a device. */
export interface CELDeviceSelector {
  /** CEL that yields a boolean, over `device.driver`, `device.attributes` and `device.capacity`. @proto 1 */
  expression: string;
}

/** How much of a capacity one request may take; by list or by range. */
export interface CapacityRequestPolicy {
  /** Amount for requests that name none. @proto 1 @pointer */
  default?: Quantity | null;
  /**
   * Allowed amounts in rising order, at most 10; others are rounded up. Holds the default.
   * @proto 3 @listType atomic
   */
  validValues?: Quantity[];
  /** Range of allowed amounts. @proto 4 @pointer */
  validRange?: CapacityRequestPolicyRange;
}

/** Range of amounts. */
export interface CapacityRequestPolicyRange {
  /** Least amount; smaller ones are raised to it. @proto 1 @pointer @omitEmpty */
  min: Quantity;
  /** Largest amount. @proto 2 @pointer */
  max?: Quantity;
  /** Amounts are `min` plus a multiple of this; others are rounded up. @proto 3 @pointer */
  step?: Quantity;
}

/** Amounts needed of a device's capacity. */
export interface CapacityRequirements {
  /** Amount by name of the capacity; the policy's default for those left out. @proto 1 */
  requests?: Record<string, Quantity>;
}

/** An amount that devices share. */
export interface Counter {
  /** The amount. @proto 1 */
  value: Quantity;
}

/** Counters under a name, from which devices draw. */
export interface CounterSet {
  /** Unique name in the pool; a DNS label. @proto 1 */
  name: string;
  /** Counters by name; at most 32. @proto 2 @omitEmpty */
  counters: Record<string, Counter>;
}

/** One device a driver offers. */
export interface Device {
  /** Unique in the pool; a DNS label. @proto 1 */
  name: string;
  /** Properties by name; together with `capacity` at most 32. @proto 2 */
  attributes?: Record<string, DeviceAttribute>;
  /** Amounts by name. @proto 3 */
  capacity?: Record<string, DeviceCapacity>;
  /** What it draws from shared counters when it is given out. @proto 4 @listType atomic */
  consumesCounters?: DeviceCounterConsumption[];
  /** Only node that can reach it; only with `perDeviceNodeSelection`. @proto 5 @pointer */
  nodeName?: string;
  /** Nodes that can reach it; only with `perDeviceNodeSelection`. @proto 6 @pointer */
  nodeSelector?: NodeSelector;
  /** All nodes can reach it; only with `perDeviceNodeSelection`. @proto 7 @pointer */
  allNodes?: boolean;
  /** Marks that repel claims without a fitting toleration. @proto 8 @listType atomic */
  taints?: DeviceTaint[];
  /** Once given out, only the chosen node can use it. @proto 9 @pointer */
  bindsToNode?: boolean;
  /** Conditions to wait for before the pod is bound; at most 4. @proto 10 @listType atomic */
  bindingConditions?: string[];
  /** Conditions that mean it will not work; at most 4. @proto 11 @listType atomic */
  bindingFailureConditions?: string[];
  /** Several claims may share it. @proto 12 @pointer */
  allowMultipleAllocations?: boolean;
  /** What it takes from node resources, such as CPU, by resource. @proto 13 */
  nodeAllocatableResourceMappings?: Record<string, NodeAllocatableResourceMapping>;
}

/** Configuration that goes with given devices. @protoEmbed deviceConfiguration 3 */
export interface DeviceAllocationConfiguration extends DeviceConfiguration {
  /** Where it comes from: `FromClass` or `FromClaim`. @proto 1 */
  source: string;
  /** Requests it is for; all if empty. @proto 2 @listType atomic */
  requests?: string[];
}

/** Devices that were given, with their configuration. */
export interface DeviceAllocationResult {
  /** The devices. @proto 1 @listType atomic */
  results?: DeviceRequestAllocationResult[];
  /** Configuration from classes and claim, the class first. @proto 2 @listType atomic */
  config?: DeviceAllocationConfiguration[];
}

/** A property of a device; exactly one member is set. */
export interface DeviceAttribute {
  /** A whole number. @proto 2 @pointer */
  int?: Int64;
  /** A truth value. @proto 3 @pointer */
  bool?: boolean;
  /** A text, up to 64 characters. @proto 4 @pointer */
  string?: string;
  /** A semantic version, up to 64 characters. @proto 5 @pointer */
  version?: string;
  /** Several whole numbers. @proto 6 @listType atomic */
  ints?: Int64[];
  /** Several truth values. @proto 7 @listType atomic */
  bools?: boolean[];
  /** Several texts. @proto 8 @listType atomic */
  strings?: string[];
  /** Several semantic versions. @proto 9 @listType atomic */
  versions?: string[];
}

/** An amount a device has. */
export interface DeviceCapacity {
  /** The amount. @proto 1 */
  value: Quantity;
  /** How requests may take from it; without one a request takes it all. @proto 2 @pointer */
  requestPolicy?: CapacityRequestPolicy;
}

/** Which devices are wanted. */
export interface DeviceClaim {
  /** The devices, request by request; at most 32. @proto 1 @listType atomic */
  requests?: DeviceRequest[] | null;
  /** Conditions between the devices; at most 32. @proto 2 @listType atomic */
  constraints?: DeviceConstraint[];
  /** Configuration for drivers; at most 32. @proto 3 @listType atomic */
  config?: DeviceClaimConfiguration[];
}

/** Configuration in a claim. @protoEmbed deviceConfiguration 2 */
export interface DeviceClaimConfiguration extends DeviceConfiguration {
  /** Requests it is for; all if empty. @proto 1 @listType atomic */
  requests?: string[];
}

/** A kind of device, as defined by an administrator. @kind @resource deviceclasses @scope Cluster */
export interface DeviceClass {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What belongs to it. @proto 2 */
  spec: DeviceClassSpec;
}

/** Configuration in a class. @protoEmbed deviceConfiguration 1 */
export interface DeviceClassConfiguration extends DeviceConfiguration {}

/** Many DeviceClass objects, as one answer. @kind */
export interface DeviceClassList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The DeviceClass objects. @proto 2 */
  items: DeviceClass[];
}

/** What belongs to a class of devices. */
export interface DeviceClassSpec {
  /** CEL conditions a device must meet; at most 32. @proto 1 @listType atomic */
  selectors?: DeviceSelector[];
  /** Configuration for drivers; at most 32. @proto 2 @listType atomic */
  config?: DeviceClassConfiguration[];
  /** Extended resource by which pods can ask for these devices. @proto 4 @pointer */
  extendedResourceName?: string;
}

/** Configuration for a driver; exactly one member is set. @protoOnly */
export interface DeviceConfiguration {
  /** Parameters only the driver understands. @proto 1 @pointer */
  opaque?: OpaqueDeviceConfiguration;
}

/** A condition between devices of a claim. */
export interface DeviceConstraint {
  /** Requests it is about; all if empty. @proto 1 @listType atomic */
  requests?: string[];
  /** Attribute that must be the same in all devices, as `domain/name`. @proto 2 @pointer */
  matchAttribute?: string;
  /** Attribute that must differ between all devices, as `domain/name`. @proto 3 @pointer */
  distinctAttribute?: string;
}

/** What a device draws from a counter set. */
export interface DeviceCounterConsumption {
  /** Name of the set. @proto 1 */
  counterSet: string;
  /** Amounts by counter. @proto 2 @omitEmpty */
  counters: Record<string, Counter>;
}

/** A wish for devices; exactly one of `exactly` and `firstAvailable` is set. */
export interface DeviceRequest {
  /** Name of the request, a DNS label. @proto 1 */
  name: string;
  /** The one wish. @proto 2 @pointer */
  exactly?: ExactDeviceRequest;
  /** Wishes in order; the first that can be met counts. At most 8. @proto 3 @listType atomic */
  firstAvailable?: DeviceSubRequest[];
}

/** One device that was given. */
export interface DeviceRequestAllocationResult {
  /** Request it is for, as `<request>` or `<request>/<subrequest>`. @proto 1 */
  request: string;
  /** Name of the DRA driver; a DNS subdomain, up to 63 characters. @proto 2 */
  driver: string;
  /** Pool the device is in. @proto 3 */
  pool: string;
  /** Name of the device in its pool. @proto 4 */
  device: string;
  /** It was given for monitoring. @proto 5 @pointer */
  adminAccess?: boolean;
  /** Tolerations of the request at that time. @proto 6 @listType atomic */
  tolerations?: DeviceToleration[];
  /** Conditions to wait for before the pod is bound. @proto 7 @listType atomic */
  bindingConditions?: string[];
  /** Conditions that mean it will not work. @proto 8 @listType atomic */
  bindingFailureConditions?: string[];
  /** Which share of the device, if several claims use it. @proto 9 @pointer */
  shareID?: string;
  /** Amounts taken from its capacity. @proto 10 */
  consumedCapacity?: Record<string, Quantity>;
}

/** A condition on a device; exactly one member is set. */
export interface DeviceSelector {
  /** A CEL condition. @proto 1 @pointer */
  cel?: CELDeviceSelector;
}

/** One of several wishes in order. */
export interface DeviceSubRequest {
  /** Name of the request, a DNS label. @proto 1 */
  name: string;
  /** Class the devices must belong to. Required. @proto 2 */
  deviceClassName: string;
  /** Further CEL conditions a device must meet. @proto 3 @listType atomic */
  selectors?: DeviceSelector[];
  /** `ExactCount` (default) or `All` devices of a pool that fit. @proto 4 */
  allocationMode?: string;
  /** How many devices; 1 unless set. Only with `ExactCount`. @proto 5 */
  count?: Int64;
  /** Device taints the request bears. @proto 6 @listType atomic */
  tolerations?: DeviceToleration[];
  /** Amounts it needs of the device's capacity. @proto 7 @pointer */
  capacity?: CapacityRequirements;
}

/** A mark on a device that repels claims without a fitting toleration. */
export interface DeviceTaint {
  /** Taint key; for a toleration, empty with `Exists` fits all. @proto 1 */
  key: string;
  /** Taint value; for a toleration, empty with `Exists`. @proto 2 */
  value?: string;
  /** `NoSchedule` for new pods, `NoExecute` also for running ones, `None` for information. @proto 3 */
  effect: string;
  /** When it was put on. @proto 4 @pointer */
  timeAdded?: Time;
}

/** Lets a request bear device taints that fit. */
export interface DeviceToleration {
  /** Taint key; for a toleration, empty with `Exists` fits all. @proto 1 */
  key?: string;
  /** `Exists` or `Equal`. @proto 2 @default "Equal" */
  operator?: string;
  /** Taint value; for a toleration, empty with `Exists`. @proto 3 */
  value?: string;
  /** `NoSchedule` for new pods, `NoExecute` also for running ones, `None` for information. @proto 4 */
  effect?: string;
  /** With `NoExecute`, seconds until the pod is driven out all the same; absent for never. @proto 5 @pointer */
  tolerationSeconds?: Int64;
}

/** A wish for devices of one class. */
export interface ExactDeviceRequest {
  /** Class the devices must belong to. Required. @proto 1 */
  deviceClassName: string;
  /** Further CEL conditions a device must meet. @proto 2 @listType atomic */
  selectors?: DeviceSelector[];
  /** `ExactCount` (default) or `All` devices of a pool that fit. @proto 3 */
  allocationMode?: string;
  /** How many devices; 1 unless set. Only with `ExactCount`. @proto 4 */
  count?: Int64;
  /** Grant access for monitoring to devices others may use; needs a namespace labelled for it. @proto 5 @pointer */
  adminAccess?: boolean;
  /** Device taints the request bears. @proto 6 @listType atomic */
  tolerations?: DeviceToleration[];
  /** Amounts it needs of the device's capacity. @proto 7 @pointer */
  capacity?: CapacityRequirements;
}

/** Network details of a device. */
export interface NetworkDeviceData {
  /** Name of the interface, up to 256 characters. @proto 1 */
  interfaceName?: string;
  /** Addresses with prefix length, at most 16. @proto 2 @listType atomic */
  ips?: string[];
  /** Hardware address, up to 128 characters. @proto 3 */
  hardwareAddress?: string;
}

/** What a device takes from a node resource. */
export interface NodeAllocatableResourceMapping {
  /** Capacity of the device the amount is computed from; the number of devices unless set. @proto 1 @pointer */
  capacityKey?: string;
  /** Factor for it; 1 unless set. @proto 2 @pointer */
  allocationMultiplier?: Quantity;
}

/** Parameters only a driver understands. */
export interface OpaqueDeviceConfiguration {
  /** Name of the DRA driver; a DNS subdomain, up to 63 characters. @proto 1 */
  driver: string;
  /** The parameters, with apiVersion and kind of their own; up to 10 KiB. @proto 2 */
  parameters: RawExtension;
}

/**
 * A wish for devices, and the hold on those that fulfil it.
 * @kind @resource resourceclaims @scope Namespaced
 */
export interface ResourceClaim {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** Which devices are wanted; cannot change. @proto 2 */
  spec: ResourceClaimSpec;
  /** Which were given, and who uses them. @proto 3 */
  status?: ResourceClaimStatus;
}

/** Who uses a claim. */
export interface ResourceClaimConsumerReference {
  /** API group; empty for the core group. @proto 1 */
  apiGroup?: string;
  /** Plural name, such as `pods`. @proto 3 */
  resource: string;
  /** Name of the user. @proto 4 */
  name: string;
  /** UID of the user. @proto 5 */
  uid: string;
}

/** Many ResourceClaim objects, as one answer. @kind */
export interface ResourceClaimList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ResourceClaim objects. @proto 2 */
  items: ResourceClaim[];
}

/** Which devices a claim wants. */
export interface ResourceClaimSpec {
  /** The devices. @proto 1 */
  devices?: DeviceClaim;
}

/** What a claim was given, and who uses it. */
export interface ResourceClaimStatus {
  /** What was given; set once all of it is there. @proto 1 @pointer */
  allocation?: AllocationResult;
  /**
   * Who may use it at present; at most 256.
   * @proto 2 @listType map @listMapKey uid @patchStrategy merge @patchMergeKey uid
   */
  reservedFor?: ResourceClaimConsumerReference[];
  /**
   * What drivers say of the devices.
   * @proto 4 @listType map @listMapKey driver @listMapKey device @listMapKey pool @listMapKey shareID
   */
  devices?: AllocatedDeviceStatus[];
}

/** A blueprint for claims made for pods. @kind @resource resourceclaimtemplates @scope Namespaced */
export interface ResourceClaimTemplate {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The blueprint; cannot change. @proto 2 */
  spec: ResourceClaimTemplateSpec;
}

/** Many ResourceClaimTemplate objects, as one answer. @kind */
export interface ResourceClaimTemplateList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ResourceClaimTemplate objects. @proto 2 */
  items: ResourceClaimTemplate[];
}

/** A blueprint for claims. */
export interface ResourceClaimTemplateSpec {
  /** Labels and annotations for each claim. @proto 1 */
  metadata?: ObjectMeta;
  /** Spec for each claim. @proto 2 */
  spec: ResourceClaimSpec;
}

/** A pool of devices, spread over slices. */
export interface ResourcePool {
  /** Its name; often that of the node. @proto 1 */
  name: string;
  /** Counts changes of the pool; slices of older generations do not count. @proto 2 */
  generation: Int64;
  /** Number of slices that make up the pool in this generation. @proto 3 */
  resourceSliceCount: Int64;
}

/** Part of a pool of devices that a driver offers. @kind @resource resourceslices @scope Cluster */
export interface ResourceSlice {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The devices. @proto 2 */
  spec: ResourceSliceSpec;
}

/** Many ResourceSlice objects, as one answer. @kind */
export interface ResourceSliceList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The ResourceSlice objects. @proto 2 */
  items: ResourceSlice[];
}

/** Devices, and the nodes that can reach them; exactly one way of naming nodes is used. */
export interface ResourceSliceSpec {
  /** Name of the DRA driver; a DNS subdomain, up to 63 characters. @proto 1 */
  driver: string;
  /** Pool the devices are in. @proto 2 */
  pool: ResourcePool;
  /** Only node that can reach them; cannot change. @proto 3 @pointer */
  nodeName?: string;
  /** Nodes that can reach them. @proto 4 @pointer */
  nodeSelector?: NodeSelector;
  /** All nodes can reach them. @proto 5 @pointer */
  allNodes?: boolean;
  /** The devices, at most 128. @proto 6 @listType atomic */
  devices?: Device[];
  /** Each device says itself which nodes can reach it. @proto 7 @pointer */
  perDeviceNodeSelection?: boolean;
  /** Counters the devices draw from; at most 8 sets. @proto 8 @listType atomic */
  sharedCounters?: CounterSet[];
}
