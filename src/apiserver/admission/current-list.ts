import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { ObjectReader } from '../auth/object-reader.ts';

/** Something made of all objects of a resource, made again once one of them has changed. */
export class CurrentList<T extends KubernetesObject, R> {
  readonly #reader: ObjectReader;
  readonly #resource: Resource<T>;
  readonly #make: (objects: readonly Stored<T>[]) => R;
  #seen = -1;
  #made: R | undefined;

  constructor(reader: ObjectReader, resource: Resource<T>, make: (objects: readonly Stored<T>[]) => R) {
    this.#reader = reader;
    this.#resource = resource;
    this.#make = make;
  }

  /** In the order of the names. */
  get current(): R {
    const changed = this.#reader.changed(this.#resource);
    if (this.#made === undefined || changed !== this.#seen) {
      const objects = [...this.#reader.list(this.#resource)];
      objects.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
      this.#made = this.#make(objects);
      this.#seen = changed;
    }
    return this.#made;
  }
}
