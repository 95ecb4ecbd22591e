import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';

/** Objects as they stand now, from memory. */
export interface ObjectReader {
  get<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: { namespace?: string; name: string },
  ): Stored<T> | undefined;
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
