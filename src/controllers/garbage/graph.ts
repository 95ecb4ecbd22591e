import type { OwnerReference } from '../../api/meta/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import type { Informers } from '../../client/informers.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { type Discover, servedStill, type ServedResource, servingVerbs } from '../discovery.ts';
import { orphansDependents, released, waitsForDependents } from './plan.ts';

const byOwner = 'owner';
/** Events own nothing, are owned by nobody, and are many. */
const ignored = new Set(['events.', 'events.events.k8s.io']);

const nameOf = ({ plural, group }: Pick<Resource, 'plural' | 'group'>) => `${plural}.${group}`;
const kindKey = (apiVersion: string, kind: string) =>
  `${apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''}/${kind}`;

/** What there is to say to a server to have objects of a resource. */
const formOf = ({ version, kind, namespaced }: Resource) => JSON.stringify([version, kind, namespaced]);

/** An object with the resource it is of. */
export interface Item {
  resource: Resource;
  object: Stored<KubernetesObject>;
}

interface Watched {
  row: ServedResource;
  informer: Informer<KubernetesObject>;
  leave(): void;
}

/**
 * Who owns whom, over all resources. There is no graph beside the informers: an index by owner in each of them is
 * enough, so an object costs an entry in a map, and an object without owners nothing more than that.
 */
export class OwnerGraph {
  readonly #informers: Informers;
  readonly #queue: WorkQueue;
  readonly #watched = new Map<string, Watched>();
  /** In which form each resource is watched, or will be as soon as that has begun. */
  readonly #forms = new Map<string, string>();
  readonly #byKind = new Map<string, Informer<KubernetesObject>>();

  constructor(informers: Informers, queue: WorkQueue) {
    this.#informers = informers;
    this.#queue = queue;
  }

  /** Takes in resources that have come or changed since the last time; resolves when all of them are known. */
  async refresh(discover: Discover): Promise<void> {
    const known = Array.from(this.#watched.values(), ({ row }) => row);
    const rows = servingVerbs(await servedStill(discover, known), [
      'delete',
      'get',
      'list',
      'patch',
      'watch',
    ]);
    const served = new Set(rows.map(nameOf));
    for (const name of this.#forms.keys()) if (!served.has(name)) this.#forget(name);
    const fresh = rows.filter(
      (row) => !ignored.has(nameOf(row)) && this.#forms.get(nameOf(row)) !== formOf(row),
    );
    await Promise.all(fresh.map((row) => this.#watch(row)));
  }

  get(key: string): Item | undefined {
    const [name = '', objectKey = ''] = key.split('|');
    const informer = this.#watched.get(name)?.informer;
    const object = informer?.get(objectKey);
    return informer && object && { resource: informer.resource, object };
  }

  /** The resource that a reference's kind is of; undefined where nothing of that kind is served. */
  resourceOf(reference: OwnerReference): Resource | undefined {
    return this.#byKind.get(kindKey(reference.apiVersion, reference.kind))?.resource;
  }

  /** The owner that a reference means, as far as it has been seen. */
  owner(reference: OwnerReference, namespace: string | undefined): Stored<KubernetesObject> | undefined {
    const informer = this.#byKind.get(kindKey(reference.apiVersion, reference.kind));
    const place = informer?.resource.namespaced ? namespace : undefined;
    const found = informer?.get(keyOf({ metadata: { namespace: place, name: reference.name } }));
    return found?.metadata.uid === reference.uid ? found : undefined;
  }

  /** Whether the object that is meant exists where the reference cannot mean it: in another namespace. */
  isElsewhere(reference: OwnerReference): boolean {
    const informer = this.#byKind.get(kindKey(reference.apiVersion, reference.kind));
    return informer?.list().some((object) => object.metadata.uid === reference.uid) ?? false;
  }

  dependents(uid: string): Item[] {
    return [...this.#watched.values()].flatMap(({ informer }) =>
      informer.byIndex(byOwner, uid).map((object) => ({ resource: informer.resource, object })),
    );
  }

  enqueue({ resource, object }: Item): void {
    this.#queue.add(`${nameOf(resource)}|${keyOf(object)}`);
  }

  async #watch(resource: ServedResource): Promise<void> {
    const [name, form] = [nameOf(resource), formOf(resource)];
    const informer = this.#informers.metadataOf(resource);
    informer.addIndex(byOwner, (object) => (object.metadata.ownerReferences ?? []).map((r) => r.uid));
    this.#forms.set(name, form);
    // What is known in another form must not seem to be gone meanwhile.
    if (this.#watched.has(name)) {
      await informer.synced;
      if (this.#forms.get(name) !== form) return this.#informers.release(informer);
    }
    this.#stopWatching(name);
    this.#watched.set(name, { row: resource, informer, leave: () => leave() });
    this.#byKind.set(`${resource.group}/${resource.kind}`, informer);
    const leave = informer.onChange({
      added: (object) => this.#look({ resource, object }),
      updated: (object, old) => {
        this.#look({ resource, object });
        for (const reference of released(old.metadata, object.metadata)) this.#wake(reference, object);
      },
      deleted: (object) => {
        for (const dependent of this.dependents(object.metadata.uid)) this.enqueue(dependent);
        for (const reference of object.metadata.ownerReferences ?? []) this.#wake(reference, object);
      },
    });
    await informer.synced;
  }

  #forget(name: string): void {
    this.#forms.delete(name);
    this.#stopWatching(name);
  }

  #stopWatching(name: string): void {
    const watched = this.#watched.get(name);
    if (!watched) return;
    const { informer, leave } = watched;
    this.#watched.delete(name);
    this.#byKind.delete(`${informer.resource.group}/${informer.resource.kind}`);
    leave();
    this.#informers.release(informer);
  }

  /** Only what may need something done is queued. */
  #look(item: Item): void {
    const { metadata } = item.object;
    if (metadata.deletionTimestamp) {
      if (waitsForDependents(metadata) || orphansDependents(metadata)) this.enqueue(item);
      return;
    }
    const owners = (metadata.ownerReferences ?? []).map((r) => this.owner(r, metadata.namespace));
    if (owners.some((owner) => !owner || waitsForDependents(owner.metadata))) this.enqueue(item);
  }

  /** An owner that waits for its dependents has one less to wait for. */
  #wake(reference: OwnerReference, dependent: Stored<KubernetesObject>): void {
    const owner = this.owner(reference, dependent.metadata.namespace);
    const resource = this.resourceOf(reference);
    if (owner && resource && waitsForDependents(owner.metadata)) this.enqueue({ resource, object: owner });
  }
}
