import type { JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/v1beta1.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { ExpectedKind } from '../../machinery/decode.ts';
import type { FieldError } from '../../machinery/field-error.ts';
import type { Platform } from '../../platform/platform.ts';

/** Who asks. */
export interface UserInfo {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Record<string, string[]>;
}

/** What a kind's hooks may use besides the object. */
export interface HookContext {
  platform: Pick<Platform, 'clock' | 'random'>;
  user: UserInfo;
  namespace: string;
  name: string;
  dryRun: boolean;
  /** Reads another object as it stands now, such as the namespace of a new one. Absent objects are undefined. */
  get<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ): Stored<T> | undefined;
  /** The same, maybe without managed fields: as informers in this process hold it, so that it need not be decoded. */
  getLean<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ): Stored<T> | undefined;
  /** Objects of a resource, in one namespace or all. */
  list<T extends KubernetesObject>(resource: Resource<T>, namespace?: string): Iterable<Stored<T>>;
  /** Tells the client something in a `Warning` header. */
  warn(message: string): void;
}

/** What nodes and pods use; undefined for what has not been measured, or not often enough. */
export interface MeasuredUsage {
  node(name: string): Pick<NodeMetrics, 'timestamp' | 'window' | 'usage'> | undefined;
  pod(namespace: string, name: string): Pick<PodMetrics, 'timestamp' | 'window' | 'containers'> | undefined;
}

/** An object of another resource that a request means, by its name and its labels. */
export interface Chosen {
  name: string;
  /** Empty for what is in none. */
  namespace: string;
  labels: Record<string, string>;
}

/** What objects that are told are made of. */
export interface TellingContext extends HookContext {
  /** Objects of another resource whose name, namespace and labels the request asks for. */
  chosen(resource: Resource): Iterable<Chosen>;
  /** What nodes and pods use at the moment. */
  usage(): Promise<MeasuredUsage>;
  /** Why the store does not answer; undefined where it does. */
  storeTrouble(): Promise<string | undefined>;
}

/** A cell's value: as `metav1.TableRow` takes it. */
export type Cell = string | number | bigint | boolean | null;

/** One column of `kubectl get`. */
export interface Column<T extends KubernetesObject> {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description: string;
  /** 0: always shown; 1: with `-o wide`. */
  priority: number;
  cell(object: T, nowMs: number): Cell;
}

/** What is wrong with an object; a promise where finding that out takes so long that others have their turn meanwhile. */
export type Findings = readonly FieldError[] | Promise<readonly FieldError[]>;

/** A write of which is known already what is quickly found out. */
export interface ValidatedWrite<T extends KubernetesObject = KubernetesObject> {
  object: T;
  /** Absent on creation. */
  old?: Stored<T>;
  found: readonly FieldError[];
  context: HookContext;
  /** Aborted when nobody waits for the answer any longer. */
  signal: AbortSignal;
}

/** How a graceful deletion begins: how long it may take; 0 removes the object at once. */
export interface GracefulDeletion {
  gracePeriodSeconds: number;
}

/** What field selectors may ask for. */
export interface FieldLabels {
  /** Of name and namespace, those that the kind can be selected by; both where absent. */
  common?: readonly string[];
  /** Further labels, and the field each stands for. Those of a view replace the labels of the kind behind it. */
  renamed?: Readonly<Record<string, string>>;
  /** The message about a label that is none of these, where the kind words it in its own way. */
  refusal?(label: string): string;
}

/**
 * What distinguishes one kind from another, in one place: defaults, hooks, validation, columns, subresources.
 * Shared code calls these and never asks for a kind's name. Hooks change the object they are given (it is theirs);
 * `old` is shared and read-only.
 */
export interface Kind<T extends KubernetesObject = KubernetesObject> {
  resource: Resource<T>;
  /** What every answer says in a `Warning` header, for kinds that clients should no longer use. */
  deprecation?: string;
  /** Verbs served; all of them where absent. */
  verbs?: readonly Verb[];
  /** Why nobody may make further objects; discovery then names the verbs alone that read objects and take them away. */
  creationForbidden?: string;
  /** For kinds whose type the schema does not know: their structural schema (OpenAPI v3), which says how lists and maps merge. */
  schema?: object;
  /**
   * For kinds whose type the schema does not know: drops fields that their own schema does not have, in place, and gives their
   * paths. Nulls that the schema does not allow go as well, unless they are kept to be refused.
   */
  prune?(object: T, options?: { keepNulls?: boolean }): string[];
  /** For kinds that upstream stores in another version: what its server has stored, in that of the kind. It may be changed. */
  upgrade?(foreign: KubernetesObject): KubernetesObject;
  /** Why an object of the right type cannot be read as one of the kind all the same; undefined where it can be. */
  misfit?(object: T): string | undefined;
  /** Objects stand in the store in another form than that of the kind. */
  codec?: StorageCodec<T>;
  /** The kind of lists, where it is not the kind's name with `List` after it. */
  listKind?: string;
  /** Fills in what the client left out; applied to what comes in on create, update and patch. */
  defaults?(object: T): void;
  /** Clears what clients may not set (status), and sets what the server decides. */
  prepareForCreate?(object: T, context: HookContext): void;
  /** Puts back what an update may not change. `metadata.generation` is counted afterwards. */
  prepareForUpdate?(object: T, old: Stored<T>, context: HookContext): void;
  /** What is wrong with the object besides its metadata, which is checked for all kinds. On updates too, unless `validateUpdate` is there. */
  validate?(object: T, context: HookContext): readonly FieldError[];
  validateUpdate?(object: T, old: Stored<T>, context: HookContext): readonly FieldError[];
  /** What is wrong besides what these have found, where it can take long to find out. */
  validateInTurns?(write: ValidatedWrite<T>): Findings;
  /** Advice that goes back in `Warning` headers. */
  warnings?(object: T, old: Stored<T> | undefined): readonly string[];
  /** Validates the name; DNS-1123 subdomain where absent. Answers are messages. */
  validateName?(name: string, isPrefix: boolean): readonly string[];
  /** Whether PUT to a name that does not exist creates it. */
  allowCreateOnUpdate?: boolean;
  /** Whether an update without resourceVersion overwrites; true where absent. */
  allowUnconditionalUpdate?: boolean;
  /** Whether `metadata.generation` counts changes of everything but metadata and status; true where a status subresource is. */
  countsGeneration?: boolean;
  /** `/status`: present where the kind has it. */
  status?: StatusStrategy<T>;
  /** `/scale`: where replicas and selector stand. */
  scale?: ScaleStrategy<T>;
  /** Subresources that are the object itself, read as it is and updated by rules of their own: `approval`, `ephemeralcontainers`, `resize`, `finalize`. */
  parts?: Record<string, PartStrategy<T>>;
  /** Further subresources by name that take or answer objects of other kinds, such as `binding`. */
  subresources?: Record<string, Subresource<T>>;
  /** Subresources that answer with streams or speak for the object (log, exec, proxy) and are served apart: what discovery says of them. */
  streams?: Record<string, { kind: string; verbs: readonly string[] }>;
  /** Values that field selectors know besides metadata.name and metadata.namespace. */
  selectableFields?(object: T): Record<string, string>;
  /** Those of them by which objects are often looked for. */
  indexedFields?: readonly string[];
  /** How clients ask for them, where that is not by those names alone. */
  fieldLabels?: FieldLabels;
  columns: readonly Column<T>[];
  /** What the row of an object says besides its cells: that the object has run its course. */
  rowConditions?(object: T): RowCondition[];
  /** Begins a graceful deletion; absent means that deletion is immediate. */
  gracefulDeletion?(
    object: Stored<T>,
    requestedSeconds: number | undefined,
    context: HookContext,
  ): GracefulDeletion;
  /** Runs in the commit path before a create or update is stored, for what must be allotted (addresses, ports). */
  allocate?(object: T, old: Stored<T> | undefined, context: HookContext): Promise<Allocation | undefined>;
  /**
   * Objects of no namespace that stand as long as this one: they are made and taken away in the same write as it. One that stands
   * already is left as it is, and one that says something else than this by then is not taken away.
   */
  attached?(object: T): readonly Attached[];
  /** Throws where the object may not be deleted. */
  checkDelete?(object: Stored<T>, context: HookContext): void;
  /** Changes an object whose deletion begins but has to wait (finalizers, grace, `heldBack`). */
  markDeleted?(object: T): void;
  /** Whether something besides `metadata.finalizers` keeps an object that is being deleted. */
  heldBack?(object: T): boolean;
  /** The kind is another form of one that is stored. */
  storedAs?: StoredAs<T>;
  /** The version that objects are stored in, where that can be another than this one: for custom kinds. */
  storageVersion?: string;
  /** Propagation where the client does not choose; `None`: it has no dependents, whatever the client says. Background where absent. */
  defaultPropagation?: 'Orphan' | 'Background' | 'None';
  /** Whether the answer to a deletion is the object; a Status where absent. */
  returnsDeleted?: boolean;
  /** Served to what runs in this process alone: an administrator has turned it off. */
  isHidden?: boolean;
  /** Seconds after which objects of the kind vanish by themselves. */
  ttlSeconds?(object: T): number | undefined;
  /** Creating an object of the kind is creating this subresource of the object of that name; nothing of it is stored. */
  createdAs?: { resource: Resource; subresource: string };
  /** Kinds whose objects are told as they are at the moment, not stored; there is nothing to watch. */
  told?(context: TellingContext): Promise<T[]>;
  /** Kinds that are answered, not stored (SubjectAccessReview and the like). */
  review?(object: T, context: HookContext): Promise<T>;
}

/** Whether the kind comes of a definition; its type is known to nobody else. */
export const isCustom = ({ schema }: Kind): boolean => schema !== undefined;

/** Whether objects of a kind are stored at all. */
export const isStored = ({ review, createdAs }: Kind): boolean => !review && !createdAs;

/** One condition of a table's row, as `metav1.TableRowCondition` takes it. */
export interface RowCondition {
  type: 'Completed';
  status: 'True';
  reason: string;
  message: string;
}

/**
 * The kind is a form in which clients see objects of the kind `resource`, such as autoscaling/v1 of autoscaling/v2.
 * `defaults` of the view see the view's form, on create and update alike; everything else
 * (other hooks, storage, watch cache, columns, selectors, subresources) is the stored kind's. Both directions give new objects
 * and carry `metadata` over as it is.
 */
export interface StoredAs<T extends KubernetesObject> {
  resource: Resource;
  toStored(object: T): KubernetesObject;
  fromStored(object: KubernetesObject): T;
  /** What is wrong with an object, as it is stored, that came in this form; what the stored kind says of it where absent. */
  validate?(object: KubernetesObject, old: KubernetesObject | undefined): readonly FieldError[];
}

/**
 * How objects of a kind are told apart from what is stored of them: in another version, or without later defaults. Kinds
 * with a codec share the store's objects with all kinds of the same group and plural name. A promise means that somebody
 * else has to be asked.
 */
export interface StorageCodec<T extends KubernetesObject> {
  /** The kind's form of stored objects, which are shared and read-only; an object that needs no change may be given as it is. */
  decode(stored: readonly KubernetesObject[]): T[] | Promise<T[]>;
  /** What is to be stored of an object. */
  encode(object: T): KubernetesObject | Promise<KubernetesObject>;
  /** The schemas of all versions that there are, those that are not served among them, by `apiVersion`. */
  readonly schemas: ReadonlyMap<string, JSONSchemaProps>;
  /** An object of any of these versions in another one of them. */
  convert(object: KubernetesObject, apiVersion: string): KubernetesObject | Promise<KubernetesObject>;
}

/** An object of another resource that belongs to one. */
export interface Attached {
  resource: Resource;
  object: KubernetesObject;
}

/** What was allotted; exactly one of the two is called when the write has been stored or has failed. */
export interface Allocation {
  /** Whether nobody else is seen to have it: asked again right before the write, where other servers allot too. */
  isFree(): boolean;
  commit(): void;
  rollback(): void;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** Which fields nobody gets to own in `managedFields` by writing through a subresource. Paths such as `metadata.labels`. */
export interface OwnershipRules {
  /** What it resets; `spec` for the status, `status` for a part where absent. */
  resets?: readonly string[];
  /** The only fields that it sets; `*` stands for any element of a list. */
  sets?: readonly string[];
}

export interface StatusStrategy<T extends KubernetesObject> extends OwnershipRules {
  /** What of the kind's `defaults` is about the status. Where it is given, a patch of the status leaves all else unread. */
  defaults?(object: T): void;
  /** Called after everything but metadata and status has been taken from `old`: puts back what else may not change. */
  prepareForUpdate?(object: T, old: Stored<T>, context: HookContext): void;
  validateUpdate?(object: T, old: Stored<T>, context: HookContext): readonly FieldError[];
  /** As that of the kind. */
  validateInTurns?(write: ValidatedWrite<T>): Findings;
  /** Advice that goes back in `Warning` headers. */
  warnings?(object: T): readonly string[];
}

export interface PartStrategy<T extends KubernetesObject> extends OwnershipRules {
  /** What the part serves; get, patch and update where absent. */
  verbs?: readonly ('get' | 'update' | 'patch')[];
  /** Takes from the object sent what the part may change, and puts back everything else from `old`. */
  prepareForUpdate(object: T, old: Stored<T>, context: HookContext): void;
  validateUpdate?(object: T, old: Stored<T>, context: HookContext): readonly FieldError[];
}

export interface ScaleStrategy<T extends KubernetesObject> {
  replicas(object: T): { spec: number; status: number };
  /** Where the object has no replicas though it can be scaled, the path that they would have; absent for kinds that always have them. */
  lackedReplicas?(object: T): string | undefined;
  setReplicas(object: T, replicas: number): void;
  /** The names of the fields that lead to the replicas; `spec`, `replicas` where absent. */
  replicasPath?: readonly string[];
  /** Label selector as text. */
  selector(object: T): string;
}

/** What a subresource handler is given. */
export interface SubresourceRequest<T extends KubernetesObject> {
  verb: 'get' | 'create' | 'update' | 'patch';
  object: Stored<T>;
  /** The decoded body, where the request has one. */
  body: unknown;
  query: URLSearchParams;
  context: HookContext;
  /** The object as it stands now; rejects where it is gone. */
  newest(): Promise<Stored<T>>;
  /**
   * Changes the object through the ordinary write path, without update validation of the main resource. Nobody's field
   * manager owns what it changes. What `change` throws ends it. It may write into all of the object, or where it says
   * so, only into what `open` has copied.
   */
  update(change: (object: T) => void, open?: (object: T) => T): Promise<Stored<T>>;
  /**
   * Changes the status of another object, on its newest version and again where that moved meanwhile; what `change` throws ends it.
   */
  updateStatusOf<O extends KubernetesObject>(
    resource: Resource<O>,
    ref: { namespace?: string; name: string },
    change: (object: O) => void,
  ): Promise<void>;
  /** Deletes the object as a DELETE request with these options would. */
  delete(options: unknown): Promise<void>;
}

/** A subresource that answers with an object. Streams (log, exec, proxy) are served apart. */
export interface Subresource<T extends KubernetesObject> {
  verbs: readonly ('get' | 'create' | 'update' | 'patch')[];
  /** Group, version and kind of what is sent and answered. */
  gvk: ExpectedKind;
  /** Whether what is sent asks for a dry run by itself, besides the query; throws where the two do not agree. */
  asksDryRun?(body: KubernetesObject, query: URLSearchParams): boolean;
  handle(request: SubresourceRequest<T>): Promise<KubernetesObject>;
}
