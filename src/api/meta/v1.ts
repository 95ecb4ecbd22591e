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
/**
 * A moment with second precision, RFC 3339 in UTC, such as `2026-01-02T15:04:05Z`.
 * @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Time @wire seconds 1 int64, nanos 2 int32
 */
export type Time = string;
/**
 * A moment with microsecond precision, RFC 3339 in UTC.
 * @scalar io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime @wire seconds 1 int64, nanos 2 int32
 */
export type MicroTime = string;
/** A span of time as Go prints it, such as `1h30m`. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Duration @wire duration 1 int64 */
export type Duration = string;
/**
 * A fixed-point number with a decimal or binary suffix, such as `250m` or `1Gi`. JSON numbers are accepted
 * and kept as their text.
 * @scalar io.k8s.apimachinery.pkg.api.resource.Quantity @wire string 1 string
 */
export type Quantity = string;
/**
 * A whole number, or a string such as a port's name or a percentage.
 * @scalar io.k8s.apimachinery.pkg.util.intstr.IntOrString @wire type 1 int64, intVal 2 int32, strVal 3 string
 */
export type IntOrString = number | string;
/** Any JSON object of a kind this place does not fix. @scalar io.k8s.apimachinery.pkg.runtime.RawExtension @wire raw 1 bytes */
export type RawExtension = { [key: string]: unknown };
/**
 * A set of field paths in the JSON form of structured-merge-diff.
 * @scalar io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1 @wire Raw 1 bytes
 */
export type FieldsV1 = { [key: string]: unknown };
/** The body of a patch request. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Patch */
export type Patch = unknown;
/** The verbs a resource supports. @scalar io.k8s.apimachinery.pkg.apis.meta.v1.Verbs @wire items 1 string[] */
export type Verbs = string[];

/** What discovery tells of one API group: its versions and the one to prefer. @kind @group */
export interface APIGroup {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name of the group, such as `apps`. @proto 1 */
  name: string;
  /** Every version the server offers for the group. @proto 2 @listType atomic */
  versions: GroupVersionForDiscovery[];
  /** Version a client should take if it has no wish of its own. @proto 3 */
  preferredVersion?: GroupVersionForDiscovery;
  /**
   * Server addresses for callers in certain networks; the most specific network wins.
   * @proto 4 @listType atomic
   */
  serverAddressByClientCIDRs?: ServerAddressByClientCIDR[];
}

/** The answer at `/apis`: all API groups of the server. @kind @group */
export interface APIGroupList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** One entry for each group. @proto 1 @listType atomic */
  groups: APIGroup[];
}

/** What discovery tells of one resource: names, scope, verbs. */
export interface APIResource {
  /** Plural name as in the URL; a subresource is written `parent/child`. @proto 1 */
  name: string;
  /** Whether objects live inside a namespace. @proto 2 */
  namespaced: boolean;
  /** Kind of the objects, such as `Pod`. @proto 3 */
  kind: string;
  /** What can be done with it, such as get, list, watch, create or deletecollection. @proto 4 */
  verbs: Verbs;
  /** Abbreviations people may type, such as `po`. @proto 5 @listType atomic */
  shortNames?: string[];
  /** Singular name, for messages and the command line. @proto 6 */
  singularName: string;
  /** Groupings such as `all` under which tools fetch several resources at once. @proto 7 @listType atomic */
  categories?: string[];
  /** Group of the kind where it differs from that of the surrounding list. @proto 8 */
  group?: string;
  /** Version of the kind where it differs from that of the surrounding list. @proto 9 */
  version?: string;
  /**
   * Opaque digest of the version in which objects are stored; may only be compared for equality.
   * @proto 10
   */
  storageVersionHash?: string;
}

/** The answer at `/apis/<group>/<version>`: the resources of one version. @kind @group */
export interface APIResourceList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Group and version the resources belong to, such as `apps/v1`. @proto 1 */
  groupVersion: string;
  /** Resources and subresources with their verbs. @proto 2 @listType atomic */
  resources: APIResource[];
}

/** The answer at `/api`: versions of the core group. @kind @group */
export interface APIVersions {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Versions of the core group, such as `v1`. @proto 1 @listType atomic */
  versions: string[];
  /**
   * Server addresses for callers in certain networks; the most specific network wins.
   * @proto 2 @listType atomic
   */
  serverAddressByClientCIDRs: ServerAddressByClientCIDR[];
}

/** Query parameters of a server-side apply. @protoOnly */
export interface ApplyOptions {
  /** `All` runs every step except storing. @proto 1 */
  dryRun?: string[];
  /** Take over fields that other managers own, instead of answering a conflict. @proto 2 */
  force?: boolean;
  /** Who applies; owner of the fields in the request. Required. @proto 3 */
  fieldManager?: string;
}

/** One aspect of an object's state, with when and why it last changed. */
export interface Condition {
  /** Name of the condition in CamelCase; with or without a domain prefix. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /**
   * The `metadata.generation` the condition was computed for; outdated if lower than the current one.
   * @proto 3
   */
  observedGeneration?: Int64;
  /** When `status` last took another value. @proto 4 */
  lastTransitionTime: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 5 */
  reason: string;
  /** Sentence for people about the last change; may be empty. @proto 6 */
  message: string;
}

/** Query parameters of a create. @protoOnly */
export interface CreateOptions {
  /** `All` runs every step except storing. @proto 1 */
  dryRun?: string[];
  /** Who writes, for the record in `managedFields`; up to 128 printable characters. @proto 3 */
  fieldManager?: string;
  /** What to do with unknown or repeated fields: `Ignore`, `Warn` (default) or `Strict`. @proto 4 */
  fieldValidation?: string;
}

/** How a delete is carried out; sent as its body or query parameters. @kind */
export interface DeleteOptions {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Seconds to wait before removal; 0 removes at once, absent takes the default of the type. @proto 1 @pointer */
  gracePeriodSeconds?: Int64;
  /** The object is deleted only if these hold; otherwise the answer is 409 Conflict. @proto 2 @pointer */
  preconditions?: Preconditions;
  /**
   * Old form of `propagationPolicy`: true leaves dependents in place. Excludes `propagationPolicy`.
   * @proto 3 @pointer
   */
  orphanDependents?: boolean;
  /**
   * Fate of dependents: `Orphan` keeps them, `Background` deletes them later, `Foreground` deletes them
   * first.
   * @proto 4 @pointer
   */
  propagationPolicy?: string;
  /** `All` runs every step except the removal. @proto 5 @listType atomic */
  dryRun?: string[];
  /** Delete an object that can no longer be decrypted or decoded, skipping finalizers. Dangerous. @proto 6 @pointer */
  ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
}

/** A condition on a field: key, operator and values. */
export interface FieldSelectorRequirement {
  /** Field the condition looks at, such as `metadata.name`. @proto 1 */
  key: string;
  /** `In`, `NotIn`, `Exists` or `DoesNotExist`. @proto 2 */
  operator: string;
  /** Values for `In` and `NotIn`; empty for the other operators. @proto 3 @listType atomic */
  values?: string[];
}

/** Query parameters of a get. @protoOnly */
export interface GetOptions {
  /** Lowest acceptable revision; empty asks for the newest, `0` for any. @proto 1 */
  resourceVersion?: string;
}

/** A kind without a version. @protoOnly */
export interface GroupKind {
  /** API group, empty for the core group. @proto 1 */
  group?: string;
  /** Kind in CamelCase. @proto 2 */
  kind?: string;
}

/** A resource without a version. */
export interface GroupResource {
  /** API group, empty for the core group. @proto 1 */
  group: string;
  /** Plural name of the resource. @proto 2 */
  resource: string;
}

/** One version of an API group. @protoOnly */
export interface GroupVersion {
  /** API group, empty for the core group. @proto 1 */
  group?: string;
  /** Version, such as `v1`. @proto 2 */
  version?: string;
}

/** A version of a group, as discovery writes it. */
export interface GroupVersionForDiscovery {
  /** Both in one string, such as `apps/v1`. @proto 1 */
  groupVersion: string;
  /** The version alone, such as `v1`. @proto 2 */
  version: string;
}

/** A kind in full. @protoOnly */
export interface GroupVersionKind {
  /** API group, empty for the core group. @proto 1 */
  group?: string;
  /** Version, such as `v1`. @proto 2 */
  version?: string;
  /** Kind in CamelCase. @proto 3 */
  kind?: string;
}

/** A resource in full. @protoOnly */
export interface GroupVersionResource {
  /** API group, empty for the core group. @proto 1 */
  group?: string;
  /** Version, such as `v1`. @proto 2 */
  version?: string;
  /** Plural name of the resource. @proto 3 */
  resource?: string;
}

/**
 * Picks objects by their labels; all parts must hold. Empty picks everything, absent nothing.
 * @mapType atomic
 */
export interface LabelSelector {
  /** Labels an object must carry with exactly these values. @proto 1 */
  matchLabels?: Record<string, string>;
  /** Further conditions on labels. @proto 2 @listType atomic */
  matchExpressions?: LabelSelectorRequirement[];
}

/** A condition on one label. */
export interface LabelSelectorRequirement {
  /** Label key it looks at. @proto 1 */
  key: string;
  /** `In`, `NotIn`, `Exists` or `DoesNotExist`. @proto 2 */
  operator: string;
  /**
   * Values for `In` and `NotIn`, at least one; must be empty for the other operators.
   * @proto 3 @listType atomic
   */
  values?: string[];
}

/** Objects of any kinds in one document. @protoOnly */
export interface List {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 */
  metadata?: ListMeta;
  /** The objects. @proto 2 */
  items?: RawExtension[];
}

/** What every list carries besides its items. */
export interface ListMeta {
  /** Once the URL of the list; no longer filled. @proto 1 */
  selfLink?: string;
  /** Revision at which the list was read; a watch can go on from it. Opaque. @proto 2 */
  resourceVersion?: string;
  /** Token for the next page; empty on the last one. Expires with the history it reads from. @proto 3 */
  continue?: string;
  /** Rough number of objects on later pages; absent when unknown or when a selector is used. @proto 4 @pointer */
  remainingItemCount?: Int64;
  /** Present if the list holds one shard of the collection; says which. @proto 5 @pointer */
  shardInfo?: ShardInfo;
}

/** Query parameters of list and watch. @protoOnly */
export interface ListOptions {
  /** Only objects whose labels fit, such as `app=web,tier!=db`. @proto 1 */
  labelSelector?: string;
  /**
   * Only objects whose fields fit, such as `spec.nodeName=a`; each resource supports a few fields.
   * @proto 2
   */
  fieldSelector?: string;
  /** Answer with a stream of changes instead of a list. @proto 3 */
  watch?: boolean;
  /** Revision to read at or to watch from; meaning depends on `resourceVersionMatch`. @proto 4 */
  resourceVersion?: string;
  /** Seconds after which the server ends the call. @proto 5 @pointer */
  timeoutSeconds?: Int64;
  /** Most objects per page; `continue` of the answer fetches the next. @proto 7 */
  limit?: Int64;
  /** Token of the previous page. All other parameters must stay as they were. @proto 8 */
  continue?: string;
  /** Let the server send BOOKMARK events that carry a fresh revision and no change. @proto 9 */
  allowWatchBookmarks?: boolean;
  /** How `resourceVersion` binds: `Exact` or `NotOlderThan`. @proto 10 */
  resourceVersionMatch?: string;
  /** Start a watch with the current objects as ADDED events, closed by a marked bookmark. @proto 11 @pointer */
  sendInitialEvents?: boolean;
  /**
   * Only the objects whose hash falls into the given ranges, written as `shardRange(field, from, to)`.
   * @proto 15
   */
  shardSelector?: string;
}

/** Which fields one writer owns, and by what kind of write. */
export interface ManagedFieldsEntry {
  /** Name the writer gave itself. @proto 1 */
  manager?: string;
  /** `Apply` for server-side apply, `Update` for every other write. @proto 2 */
  operation?: string;
  /** Version in which the field paths are written. @proto 3 */
  apiVersion?: string;
  /** When the entry was added or its set of fields changed. @proto 4 @pointer */
  time?: Time;
  /** Format of the field set; always `FieldsV1`. @proto 6 */
  fieldsType?: string;
  /** The owned fields, as a tree of paths. @proto 7 @pointer */
  fieldsV1?: FieldsV1;
  /** Subresource the write went through, such as `status`; empty for the object itself. @proto 8 */
  subresource?: string;
}

/** What every stored object carries: identity, labels, owners, lifecycle. */
export interface ObjectMeta {
  /** Unique among the objects of its type in the namespace; cannot change. Usually a DNS name. @proto 1 */
  name?: string;
  /** Prefix of a name that the server completes with a random suffix if `name` is empty. @proto 2 */
  generateName?: string;
  /** Namespace the object lives in; empty for cluster-wide types. Cannot change. @proto 3 */
  namespace?: string;
  /** Once the URL of the object; no longer filled. @proto 4 */
  selfLink?: string;
  /** Identity across time, given by the server: a later object of the same name has another. @proto 5 */
  uid?: string;
  /** Revision of the last write. Sent with an update it guards against lost writes. Opaque. @proto 6 */
  resourceVersion?: string;
  /** Counts changes of the desired state; set by the server. @proto 7 */
  generation?: Int64;
  /** When the object was stored first; set by the server. @proto 8 @omitEmpty */
  creationTimestamp?: Time;
  /** Set once deletion has been asked for: when the grace period ends. Read-only, never cleared. @proto 9 @pointer */
  deletionTimestamp?: Time;
  /** Seconds granted for a clean end; set together with `deletionTimestamp`, may only shrink. @proto 10 @pointer */
  deletionGracePeriodSeconds?: Int64;
  /** Short key-value pairs that selectors can look for. @proto 11 */
  labels?: Record<string, string>;
  /** Free key-value data for tools and people; not searchable. 256 KiB in all. @proto 12 */
  annotations?: Record<string, string>;
  /**
   * Objects this one depends on; it is collected when all of them are gone. At most one is the controller.
   * @proto 13 @listType map @listMapKey uid @patchStrategy merge @patchMergeKey uid
   */
  ownerReferences?: OwnerReference[];
  /**
   * Names that must all be taken off, each by whoever put it, before the object goes away.
   * @proto 14 @listType set @patchStrategy merge
   */
  finalizers?: string[];
  /**
   * Record of which manager owns which fields; kept by the server for server-side apply.
   * @proto 17 @listType atomic
   */
  managedFields?: ManagedFieldsEntry[];
}

/** Points at an object that owns this one: same namespace or cluster-wide. @mapType atomic */
export interface OwnerReference {
  /** Kind of the owner. @proto 1 */
  kind: string;
  /** Name of the owner. @proto 3 */
  name: string;
  /** UID of the owner; a namesake with another UID does not count. @proto 4 */
  uid: string;
  /** Group and version of the owner. @proto 5 */
  apiVersion: string;
  /** Whether the owner manages this object; at most one owner may. @proto 6 @pointer */
  controller?: boolean;
  /** Holds up a foreground deletion of the owner until this object is gone. @proto 7 @pointer */
  blockOwnerDeletion?: boolean;
}

/** An object of any kind reduced to its metadata. @protoOnly */
export interface PartialObjectMetadata {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 */
  metadata?: ObjectMeta;
}

/** Objects reduced to their metadata. @protoOnly */
export interface PartialObjectMetadataList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 */
  metadata?: ListMeta;
  /** The reduced objects. @proto 2 */
  items?: PartialObjectMetadata[];
}

/** Query parameters of a patch. @protoOnly */
export interface PatchOptions {
  /** `All` runs every step except storing. @proto 1 */
  dryRun?: string[];
  /** For apply patches alone: take over fields that other managers own. @proto 2 @pointer */
  force?: boolean;
  /** Who writes, for the record in `managedFields`; required for apply patches. @proto 3 */
  fieldManager?: string;
  /** What to do with unknown or repeated fields: `Ignore`, `Warn` (default) or `Strict`. @proto 4 */
  fieldValidation?: string;
}

/** What must be true of the stored object for a write to go ahead. */
export interface Preconditions {
  /** UID it must have. @proto 1 @pointer */
  uid?: string;
  /** Revision it must be at. @proto 2 @pointer */
  resourceVersion?: string;
}

/** The answer at `/`: paths that exist. @protoOnly */
export interface RootPaths {
  /** The paths. @proto 1 */
  paths?: string[];
}

/** A server address meant for callers from one network. */
export interface ServerAddressByClientCIDR {
  /** Network of the callers, in CIDR form. @proto 1 */
  clientCIDR: string;
  /** Host name, IP, or either with a port. @proto 2 */
  serverAddress: string;
}

/** Says which shard of a collection a list holds. */
export interface ShardInfo {
  /** The shard selector of the request, repeated. @proto 1 */
  selector: string;
}

/** Outcome of a request that returns no object; every error is one. @kind @group */
export interface Status {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 */
  metadata?: ListMeta;
  /** `Success` or `Failure`. @proto 2 */
  status?: string;
  /** What happened, for people. @proto 3 */
  message?: string;
  /** What happened, for programs: one word such as `NotFound` or `Conflict`. @proto 4 */
  reason?: string;
  /** More about the reason: the object, the causes, when to retry. @proto 5 @pointer */
  details?: StatusDetails;
  /** Suggested HTTP status code; 0 if none. @proto 6 */
  code?: Int32;
}

/** One of several things that were wrong. */
export interface StatusCause {
  /** Kind of problem for programs, such as `FieldValueInvalid`. @proto 1 */
  reason?: string;
  /** The problem, for people. @proto 2 */
  message?: string;
  /** Path of the field at fault, such as `spec.ports[0].name`; may be relative. @proto 3 */
  field?: string;
}

/** Particulars of a Status; which are set depends on the reason. */
export interface StatusDetails {
  /** Name of the object concerned. @proto 1 */
  name?: string;
  /** API group of the object concerned. @proto 2 */
  group?: string;
  /** Kind or resource of the object concerned. @proto 3 */
  kind?: string;
  /** Every single problem, in order. @proto 4 @listType atomic */
  causes?: StatusCause[];
  /** Wait this many seconds before trying again. @proto 5 */
  retryAfterSeconds?: Int32;
  /** UID of the object concerned. @proto 6 */
  uid?: string;
}

/** Query parameters of a request for a table. @protoOnly */
export interface TableOptions {
  /** What each row carries of its object: `None`, `Metadata` (default) or `Object`. @proto 1 */
  includeObject?: string;
}

/** Query parameters of an update. @protoOnly */
export interface UpdateOptions {
  /** `All` runs every step except storing. @proto 1 */
  dryRun?: string[];
  /** Who writes, for the record in `managedFields`; up to 128 printable characters. @proto 2 */
  fieldManager?: string;
  /** What to do with unknown or repeated fields: `Ignore`, `Warn` (default) or `Strict`. @proto 3 */
  fieldValidation?: string;
}

/** One message of a watch stream. @kind */
export interface WatchEvent {
  /** `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`. @proto 1 */
  type: string;
  /** The object after the change (before it, if deleted), a bookmark, or a Status for `ERROR`. @proto 2 */
  object: RawExtension;
}

/** The answer at `/version`: what server this is. @package io.k8s.apimachinery.pkg.version @jsonOnly */
export interface Info {
  /** When it was built, RFC 3339. */
  buildDate: string;
  /** Compiler or engine that made it. */
  compiler: string;
  /** Major version it behaves as, if older than its own. */
  emulationMajor?: string;
  /** Minor version it behaves as, if older than its own. */
  emulationMinor?: string;
  /** Commit it was built from. */
  gitCommit: string;
  /** `clean`, or `dirty` if built with uncommitted changes. */
  gitTreeState: string;
  /** Full version, such as `v1.36.0`. */
  gitVersion: string;
  /** Language runtime and its version. */
  goVersion: string;
  /** Major version. */
  major: string;
  /** Lowest major version it can work beside. */
  minCompatibilityMajor?: string;
  /** Lowest minor version it can work beside. */
  minCompatibilityMinor?: string;
  /** Minor version. */
  minor: string;
  /** Operating system and architecture, such as `linux/amd64`. */
  platform: string;
}

/** The moment of a Time in protobuf. @protoOnly */
export interface Timestamp {
  /** Seconds since 1970 in UTC. @proto 1 */
  seconds?: Int64;
  /** Nanoseconds on top, 0 to 999999999. @proto 2 */
  nanos?: Int32;
}

/** What an object says of its own type. @protoOnly */
export interface TypeMeta {
  /** Kind of the object. @proto 1 */
  kind?: string;
  /** Group and version of the object. @proto 2 */
  apiVersion?: string;
}

/** A quantity as protobuf carries it. @package io.k8s.apimachinery.pkg.api.resource @protoOnly */
export interface QuantityValue {
  /** The quantity as text. @proto 1 */
  string?: string;
}
