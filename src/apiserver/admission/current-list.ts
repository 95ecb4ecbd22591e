import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { ObjectReader } from '../auth/object-reader.ts';

interface Made<E> {
  revision: number;
  entry: E;
}

/** Something made of each object of a resource, and what all of it comes to. Of an object that has not changed nothing is made again. */
export class CurrentList<T extends KubernetesObject, E, R> {
  readonly #reader: ObjectReader;
  readonly #resource: Resource<T>;
  readonly #parts: { make(object: Stored<T>): E; join(made: readonly E[]): R };
  #seen = -1;
  /** By the keys of the objects. */
  #made: ReadonlyMap<string, Made<E>> = new Map();
  #joined: R | undefined;

  constructor(
    reader: ObjectReader,
    resource: Resource<T>,
    parts: { make(object: Stored<T>): E; join(made: readonly E[]): R },
  ) {
    this.#reader = reader;
    this.#resource = resource;
    this.#parts = parts;
  }

  /** In the order of the names. */
  get current(): R {
    const changed = this.#reader.changed(this.#resource);
    if (this.#joined === undefined || changed !== this.#seen) {
      this.#made = this.#remade();
      const inOrder = [...this.#made].sort(([a], [b]) => (a < b ? -1 : 1));
      this.#joined = this.#parts.join(inOrder.map(([, { entry }]) => entry));
      this.#seen = changed;
    }
    return this.#joined;
  }

  #remade(): Map<string, Made<E>> {
    const made = new Map<string, Made<E>>();
    for (const version of this.#reader.versions(this.#resource)) {
      const { key, revision } = version;
      const known = this.#made.get(key);
      const stands = known?.revision === revision;
      made.set(key, stands ? known : { revision, entry: this.#parts.make(version.object) });
    }
    return made;
  }
}
