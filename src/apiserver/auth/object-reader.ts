import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';

/** An object as it stands now. It is read where it is asked for, and not before. */
export interface ObjectVersion<T extends KubernetesObject> {
  /** Under which it is stored. */
  readonly key: string;
  /** The revision that wrote it. */
  readonly revision: number;
  readonly object: Stored<T>;
}

/** Objects as they stand now, from memory. */
export interface ObjectReader {
  get<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ): Stored<T> | undefined;
  /** The same with the revision that wrote it. */
  version<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ): ObjectVersion<T> | undefined;
  /** All objects, for whoever looks at those alone that have changed. */
  versions<T extends KubernetesObject>(resource: Resource<T>): Iterable<ObjectVersion<T>>;
  /** Objects of one namespace, or all. */
  list<T extends KubernetesObject>(resource: Resource<T>, namespace?: string): Iterable<Stored<T>>;
  /** The objects of one namespace, or all, that have a value in an indexed field, and maybe others; without managed fields. */
  listWhere<T extends KubernetesObject>(
    resource: Resource<T>,
    required: { field: string; value: string },
    namespace?: string,
  ): Iterable<Stored<T>>;
  /** Goes up whenever something of the resource changes. */
  changed(resource: Resource): number;
}
