import type { ListMeta, ObjectMeta } from './meta/v1.ts';

/** What every object that the API stores has in common. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** The metadata of an object that the API server has stored: what it fills in is there. */
export interface StoredMeta extends ObjectMeta {
  name: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
}

/** An object as the API server hands it out: named, identified, at a revision. */
export type Stored<T extends KubernetesObject> = T & { metadata: StoredMeta };

/** A list as the API server hands it out; `metadata.resourceVersion` is where a watch may go on. */
export interface ObjectList<T extends KubernetesObject> {
  apiVersion?: string;
  kind?: string;
  metadata: ListMeta;
  items: Stored<T>[];
}

/**
 * One row of the API: a kind and the resource name it is served under. The rows are generated from the
 * `@kind` markers of the API types (`generated/resources.ts`), so `T` is what the resource holds.
 */
export interface Resource<T extends KubernetesObject = KubernetesObject> {
  /** API group, empty for the core group. */
  group: string;
  version: string;
  kind: string;
  /** Name in the URL, lower case. */
  plural: string;
  singular: string;
  namespaced: boolean;
  shortNames: readonly string[];
  categories: readonly string[];
  /** Full name of the type in the schema, such as `io.k8s.api.core.v1.Pod`. */
  type: string;
  /** Never set; carries the object's type for inference. */
  readonly __object?: T;
}
