import type { KubernetesObject } from '../api/resource.ts';
import { StatusError } from '../machinery/status-error.ts';

/** Why a component writes: the object that made it act, at the revision it saw, and one sentence. */
export interface Cause {
  /** One sentence for a person, such as `2 of 3 replicas exist`. */
  reason: string;
  /** What made the writer act; absent where it acts on its own account, such as a heartbeat. */
  object?: {
    apiVersion: string;
    kind: string;
    namespace?: string;
    name: string;
    uid?: string;
    resourceVersion?: string;
  };
}

/** The cause of a write that follows from `object` as it was seen. */
export function causedBy(object: KubernetesObject, reason: string): Cause {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const seen = { apiVersion: object.apiVersion ?? '', kind: object.kind ?? '', namespace, name: name ?? '' };
  return { reason, object: { ...seen, uid, resourceVersion } };
}

/** The header that carries a Cause, as JSON in UTF-8 percent-encoding, over HTTP. */
export const causeHeader = 'k8ts-cause';

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml';

export type Query = Record<string, string | number | boolean | undefined>;

/** One request to the API server. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path such as `/api/v1/namespaces/default/pods/web`; segments percent-encoded where needed. */
  path: string;
  /** Undefined values are left out. */
  query?: Query;
  /** The body's type for patches; JSON otherwise. */
  contentType?: PatchType;
  /** A JSON value. The receiver may keep it and will not write into it; do not write into it afterwards. */
  body?: unknown;
  cause?: Cause;
  /**
   * The caller of a list or watch has no use for `metadata.managedFields`, more than half of a small object. A transport
   * that can leave them out for nothing does.
   */
  withoutManagedFields?: boolean;
  /** The caller of a list or watch looks at nothing but kind and metadata. A transport that can leave out the rest for nothing does. */
  metadataOnly?: boolean;
  /** The caller has no use for the answer of a write, but that there is one. A transport that can leave it out for nothing does. */
  withoutAnswer?: boolean;
  signal?: AbortSignal;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface WatchEvent<T = KubernetesObject> {
  type: WatchEventType;
  object: T;
}

export interface WatchSink<T = KubernetesObject> {
  /** Called in order. Objects are shared and read-only. */
  onEvent(event: WatchEvent<T>): void;
  /**
   * For those who pass events on: called instead, in the same order, where an object without its managed fields is at hand as JSON alone.
   */
  onJson?(type: WatchEventType, json: string): void;
  /** Called once when the stream is over: with a StatusError (410 Expired and the like), or undefined for an ordinary end. */
  onEnd(error?: Error): void;
}

export interface WatchStream {
  /** Ends the stream; `onEnd` is not called afterwards. */
  stop(): void;
}

/** The server could not be reached, or its answer was lost: whether the request was carried out is not known. */
export class UnreachableError extends StatusError {
  constructor(why: string) {
    super(503, 'ServiceUnavailable', why);
  }
}

/**
 * The way to an API server, as one identity. In process it is a function call without serialisation, over HTTPS a
 * connection; admission and authorization are the same, and a component cannot tell which it has.
 */
export interface Transport {
  /**
   * The answer's object, shared and read-only. Rejects with StatusError for every answer that is not a success,
   * and with an UnreachableError where the server cannot be reached.
   */
  request(request: ApiRequest): Promise<unknown>;
  /** Opens a watch; rejects like `request` where it cannot begin. */
  watch(request: ApiRequest, sink: WatchSink): Promise<WatchStream>;
}
