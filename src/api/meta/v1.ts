/**
 * @package io.k8s.apimachinery.pkg.apis.meta.v1
 * @version v1
 */

/** A 32-bit whole number. */
export type Int32 = number;
/** A 64-bit whole number; JavaScript holds it exactly up to 2^53. */
export type Int64 = number;
/** A 64-bit floating point number. */
export type Double = number;
/** Raw bytes, base64 in JSON. */
export type Bytes = string;
/** A moment with second precision, RFC 3339 in UTC, such as `2026-01-02T15:04:05Z`. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Time */
export type Time = string;
/** A moment with microsecond precision, RFC 3339 in UTC. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime */
export type MicroTime = string;
/** A span of time as Go prints it, such as `1h30m`. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Duration */
export type Duration = string;
/** A fixed-point number with a decimal or binary suffix, such as `250m` or `1Gi`. JSON numbers are accepted and kept as their text. @scalar io.k8s.apimachinery.pkg.api.resource.Quantity */
export type Quantity = string;
/** A whole number, or a string such as a port's name or a percentage. @scalar io.k8s.apimachinery.pkg.util.intstr.IntOrString */
export type IntOrString = number | string;
/** Any JSON object of a kind this place does not fix. @scalar io.k8s.apimachinery.pkg.runtime.RawExtension */
export type RawExtension = { [key: string]: unknown };
/** A set of field paths in the JSON form of structured-merge-diff. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1 */
export type FieldsV1 = { [key: string]: unknown };
/** The body of a patch request. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Patch */
export type Patch = unknown;
/** The verbs a resource supports. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Verbs */
export type Verbs = string[];
/** An object of whatever type the wire says. @scalar io.k8s.apimachinery.pkg.runtime.Unknown */
export type Unknown = { [key: string]: unknown };

/** @kind */
export interface APIGroup {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  name: string;
  /** @proto 2 @listType atomic */
  versions: GroupVersionForDiscovery[];
  /** @proto 3 */
  preferredVersion?: GroupVersionForDiscovery;
  /** @proto 4 @listType atomic */
  serverAddressByClientCIDRs?: ServerAddressByClientCIDR[];
}

/** @kind */
export interface APIGroupList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @listType atomic */
  groups: APIGroup[];
}

export interface APIResource {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  namespaced: boolean;
  /** @proto 3 */
  kind: string;
  /** @proto 4 */
  verbs: string[];
  /** @proto 5 @listType atomic */
  shortNames?: string[];
  /** @proto 6 */
  singularName: string;
  /** @proto 7 @listType atomic */
  categories?: string[];
  /** @proto 8 */
  group?: string;
  /** @proto 9 */
  version?: string;
  /** @proto 10 */
  storageVersionHash?: string;
}

/** @kind */
export interface APIResourceList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  groupVersion: string;
  /** @proto 2 @listType atomic */
  resources: APIResource[];
}

/** @kind */
export interface APIVersions {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @listType atomic */
  versions: string[];
  /** @proto 2 @listType atomic */
  serverAddressByClientCIDRs: ServerAddressByClientCIDR[];
}

/** @protoOnly */
export interface ApplyOptions {
  /** @proto 1 */
  dryRun?: string[];
  /** @proto 2 */
  force?: boolean;
  /** @proto 3 */
  fieldManager?: string;
}

export interface Condition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  observedGeneration?: Int64;
  /** @proto 4 */
  lastTransitionTime: Time;
  /** @proto 5 */
  reason: string;
  /** @proto 6 */
  message: string;
}

/** @protoOnly */
export interface CreateOptions {
  /** @proto 1 */
  dryRun?: string[];
  /** @proto 3 */
  fieldManager?: string;
  /** @proto 4 */
  fieldValidation?: string;
}

/** @kind */
export interface DeleteOptions {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  gracePeriodSeconds?: Int64;
  /** @proto 2 */
  preconditions?: Preconditions;
  /** @proto 3 */
  orphanDependents?: boolean;
  /** @proto 4 */
  propagationPolicy?: string;
  /** @proto 5 @listType atomic */
  dryRun?: string[];
  /** @proto 6 */
  ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
}

export interface FieldSelectorRequirement {
  /** @proto 1 */
  key: string;
  /** @proto 2 */
  operator: string;
  /** @proto 3 @listType atomic */
  values?: string[];
}

/** @protoOnly */
export interface GetOptions {
  /** @proto 1 */
  resourceVersion?: string;
}

/** @protoOnly */
export interface GroupKind {
  /** @proto 1 */
  group?: string;
  /** @proto 2 */
  kind?: string;
}

export interface GroupResource {
  /** @proto 1 */
  group: string;
  /** @proto 2 */
  resource: string;
}

/** @protoOnly */
export interface GroupVersion {
  /** @proto 1 */
  group?: string;
  /** @proto 2 */
  version?: string;
}

export interface GroupVersionForDiscovery {
  /** @proto 1 */
  groupVersion: string;
  /** @proto 2 */
  version: string;
}

/** @protoOnly */
export interface GroupVersionKind {
  /** @proto 1 */
  group?: string;
  /** @proto 2 */
  version?: string;
  /** @proto 3 */
  kind?: string;
}

/** @protoOnly */
export interface GroupVersionResource {
  /** @proto 1 */
  group?: string;
  /** @proto 2 */
  version?: string;
  /** @proto 3 */
  resource?: string;
}

/** @mapType atomic */
export interface LabelSelector {
  /** @proto 1 */
  matchLabels?: Record<string, string>;
  /** @proto 2 @listType atomic */
  matchExpressions?: LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  /** @proto 1 */
  key: string;
  /** @proto 2 */
  operator: string;
  /** @proto 3 @listType atomic */
  values?: string[];
}

/** @protoOnly */
export interface List {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata?: ListMeta;
  /** @proto 2 */
  items?: RawExtension[];
}

export interface ListMeta {
  /** @proto 1 */
  selfLink?: string;
  /** @proto 2 */
  resourceVersion?: string;
  /** @proto 3 */
  continue?: string;
  /** @proto 4 */
  remainingItemCount?: Int64;
  /** @proto 5 */
  shardInfo?: ShardInfo;
}

/** @protoOnly */
export interface ListOptions {
  /** @proto 1 */
  labelSelector?: string;
  /** @proto 2 */
  fieldSelector?: string;
  /** @proto 3 */
  watch?: boolean;
  /** @proto 4 */
  resourceVersion?: string;
  /** @proto 5 */
  timeoutSeconds?: Int64;
  /** @proto 7 */
  limit?: Int64;
  /** @proto 8 */
  continue?: string;
  /** @proto 9 */
  allowWatchBookmarks?: boolean;
  /** @proto 10 */
  resourceVersionMatch?: string;
  /** @proto 11 */
  sendInitialEvents?: boolean;
  /** @proto 15 */
  shardSelector?: string;
}

export interface ManagedFieldsEntry {
  /** @proto 1 */
  manager?: string;
  /** @proto 2 */
  operation?: string;
  /** @proto 3 */
  apiVersion?: string;
  /** @proto 4 */
  time?: Time;
  /** @proto 6 */
  fieldsType?: string;
  /** @proto 7 */
  fieldsV1?: FieldsV1;
  /** @proto 8 */
  subresource?: string;
}

export interface ObjectMeta {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  generateName?: string;
  /** @proto 3 */
  namespace?: string;
  /** @proto 4 */
  selfLink?: string;
  /** @proto 5 */
  uid?: string;
  /** @proto 6 */
  resourceVersion?: string;
  /** @proto 7 */
  generation?: Int64;
  /** @proto 8 */
  creationTimestamp?: Time;
  /** @proto 9 */
  deletionTimestamp?: Time;
  /** @proto 10 */
  deletionGracePeriodSeconds?: Int64;
  /** @proto 11 */
  labels?: Record<string, string>;
  /** @proto 12 */
  annotations?: Record<string, string>;
  /** @proto 13 @listType map @listMapKey uid @patchStrategy merge @patchMergeKey uid */
  ownerReferences?: OwnerReference[];
  /** @proto 14 @listType set @patchStrategy merge */
  finalizers?: string[];
  /** @proto 17 @listType atomic */
  managedFields?: ManagedFieldsEntry[];
}

/** @mapType atomic */
export interface OwnerReference {
  /** @proto 1 */
  kind: string;
  /** @proto 3 */
  name: string;
  /** @proto 4 */
  uid: string;
  /** @proto 5 */
  apiVersion: string;
  /** @proto 6 */
  controller?: boolean;
  /** @proto 7 */
  blockOwnerDeletion?: boolean;
}

/** @protoOnly */
export interface PartialObjectMetadata {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata?: ObjectMeta;
}

/** @protoOnly */
export interface PartialObjectMetadataList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata?: ListMeta;
  /** @proto 2 */
  items?: PartialObjectMetadata[];
}

/** @protoOnly */
export interface PatchOptions {
  /** @proto 1 */
  dryRun?: string[];
  /** @proto 2 */
  force?: boolean;
  /** @proto 3 */
  fieldManager?: string;
  /** @proto 4 */
  fieldValidation?: string;
}

export interface Preconditions {
  /** @proto 1 */
  uid?: string;
  /** @proto 2 */
  resourceVersion?: string;
}

/** @protoOnly */
export interface RootPaths {
  /** @proto 1 */
  paths?: string[];
}

export interface ServerAddressByClientCIDR {
  /** @proto 1 */
  clientCIDR: string;
  /** @proto 2 */
  serverAddress: string;
}

export interface ShardInfo {
  /** @proto 1 */
  selector: string;
}

/** @kind */
export interface Status {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 */
  metadata?: ListMeta;
  /** @proto 2 */
  status?: string;
  /** @proto 3 */
  message?: string;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  details?: StatusDetails;
  /** @proto 6 */
  code?: Int32;
}

export interface StatusCause {
  /** @proto 1 */
  reason?: string;
  /** @proto 2 */
  message?: string;
  /** @proto 3 */
  field?: string;
}

export interface StatusDetails {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  group?: string;
  /** @proto 3 */
  kind?: string;
  /** @proto 4 @listType atomic */
  causes?: StatusCause[];
  /** @proto 5 */
  retryAfterSeconds?: Int32;
  /** @proto 6 */
  uid?: string;
}

/** @protoOnly */
export interface TableOptions {
  /** @proto 1 */
  includeObject?: string;
}

/** @protoOnly */
export interface UpdateOptions {
  /** @proto 1 */
  dryRun?: string[];
  /** @proto 2 */
  fieldManager?: string;
  /** @proto 3 */
  fieldValidation?: string;
}

/** @kind */
export interface WatchEvent {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  object: RawExtension;
}

/** @package io.k8s.apimachinery.pkg.version @jsonOnly */
export interface Info {
  buildDate: string;
  compiler: string;
  emulationMajor?: string;
  emulationMinor?: string;
  gitCommit: string;
  gitTreeState: string;
  gitVersion: string;
  goVersion: string;
  major: string;
  minCompatibilityMajor?: string;
  minCompatibilityMinor?: string;
  minor: string;
  platform: string;
}
