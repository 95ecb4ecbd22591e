import type { KubernetesObject } from '../api/resource.ts';
import type { ListMeta } from '../api/meta/v1.ts';
import type { Cause, WatchEventType } from '../client/transport.ts';
import type { StatusError } from '../machinery/status-error.ts';
import type { AskedSelectors } from './auth/asked-selectors.ts';
import type { UserInfo } from './registry/kind.ts';

/** What a request asks for, read off its method, path and query alone (upstream's RequestInfo). */
export interface RequestInfo {
  /** Whether the path is one of a resource (`/api/v1/...`, `/apis/<group>/<version>/...`). */
  isResource: boolean;
  /** get, list, watch, create, update, patch, delete, deletecollection; for other paths the method in lower case. */
  verb: string;
  path: string;
  /** `api` or `apis`; empty for other paths. */
  prefix: string;
  group: string;
  version: string;
  /** Empty for cluster-scoped and all-namespace requests. */
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** What follows the subresource, for proxy paths; without a leading slash. */
  rest: string;
  /** What many objects are narrowed down to, read when asked for; absent where they are not. */
  selectors?: (() => AskedSelectors) | undefined;
}

/** A body as it came over the wire, or as a value from a caller in this process (shared: read-only). */
export type RequestBody = { mediaType: string; bytes: Uint8Array } | { mediaType: string; value: unknown };

/** A request past authentication and authorization, ready for the registry of its resource. */
export interface ResourceRequest {
  info: RequestInfo;
  user: UserInfo;
  query: URLSearchParams;
  body?: RequestBody;
  cause?: Cause;
  /** For the default field manager. */
  userAgent: string;
  /** Aborted when the client goes away or the request's deadline has passed. */
  signal: AbortSignal;
  /** How long the request may still take; absent where it may take any time. */
  readonly leftMs?: number | undefined;
  /** Adds a `Warning` header. */
  warn(message: string): void;
  /** Adds to the audit event of the request; absent where there is none. */
  annotate?(key: string, value: string): void;
  /** The same for what shows parts of an object: only where the audit event shows objects. */
  annotateDetail?(key: string, value: () => string): void;
  /** Told what the body says, with its defaults, before anything is made of it; absent where nobody wants to know. */
  decoded?(object: object): void;
}

/** A request as if it were for something else; the rest stays that of the client. */
export function requestFor(
  request: ResourceRequest,
  info: RequestInfo,
  body: RequestBody | undefined = request.body,
): ResourceRequest {
  // Not a spread: what is made when it is asked for would not be copied.
  return {
    info,
    user: request.user,
    query: request.query,
    body,
    cause: request.cause,
    get userAgent() {
      return request.userAgent;
    },
    get signal() {
      return request.signal;
    },
    get leftMs() {
      return request.leftMs;
    },
    warn: (message) => request.warn(message),
    annotate: (key, value) => request.annotate?.(key, value),
    annotateDetail: (key, value) => request.annotateDetail?.(key, value),
  };
}

/** An object in a watch cache: decoded and encoded forms are made once and shared. */
export interface CachedObject<T extends KubernetesObject = KubernetesObject> {
  readonly object: T;
  /** The object without its managed fields: what informers in this process keep. */
  readonly lean: T;
  /** The JSON of `lean`. */
  readonly leanJson: string;
  /** Kind and metadata, without managed fields; the rest may be there or not. Made anew for each who asks. */
  readonly metadataOnly: KubernetesObject;
  readonly revision: number;
  /** The object's JSON, `kind` and `apiVersion` first. */
  json(): Uint8Array;
  /** Length of `json()`. */
  readonly jsonBytes: number;
  /** Writes `json()` without its first `skip` bytes into `out` at `at`; gives where it ends. */
  writeJson(out: Buffer, at: number, skip: number): number;
  /** The object's protobuf message, without an envelope and a character a byte. Throws 406 where the kind has none. */
  protobuf(): string;
  /** Whether that is at hand. */
  readonly hasProtobuf: boolean;
}

export interface ObjectAnswer {
  type: 'object';
  code: number;
  object: KubernetesObject;
  /** Where the object stands in the cache as it is: its bytes can be sent as they are. */
  cached?: CachedObject;
}

export interface ListAnswer {
  type: 'list';
  apiVersion: string;
  /** Such as `PodList`. */
  kind: string;
  metadata: ListMeta;
  items: readonly CachedObject[];
}

/** One event for a watcher; `object` is cached for stored objects, a bare value for bookmarks. */
export type WatchFrame =
  | { type: Exclude<WatchEventType, 'BOOKMARK'>; cached: CachedObject }
  | { type: 'BOOKMARK'; object: KubernetesObject };

export interface FrameSink {
  /** Gives false where the client does not keep up; the watch is then ended with an error. */
  onFrame(frame: WatchFrame): boolean;
  /**
   * Resolves when the client has taken enough that frames may go on. Where a sink has it, a full sink is waited for,
   * as long as the window of kept events reaches; where not, it is ended at the first `false`.
   */
  drained?(): Promise<void>;
  onEnd(error?: StatusError): void;
}

export interface WatchAnswer {
  type: 'watch';
  /** Starts the flow; frames may come before it returns. The answer is the way to stop it. */
  open(sink: FrameSink): { stop(): void };
}

export type Answer = ObjectAnswer | ListAnswer | WatchAnswer;

/** Serves all resources: the part of the corridor from decoding to the store. Rejects with StatusError. */
export interface Dispatcher {
  handle(request: ResourceRequest): Promise<Answer>;
  /** Whether what a request addresses is answered, not stored (SubjectAccessReview and the like). */
  isReview(info: RequestInfo): boolean;
}
