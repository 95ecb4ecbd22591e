import type { Node, Pod } from '../../../src/api/core/v1.ts';
import type { OwnerReference } from '../../../src/api/meta/v1.ts';
import type { KubernetesObject, Stored } from '../../../src/api/resource.ts';
import type { WatchBatch } from '../../../src/store/store.ts';

/** One change of one object, as the store took it. */
export interface Change {
  key: string;
  /** Such as `pods` or `minions`: the key's first part. */
  resource: string;
  /** What the writer calls itself, such as `replicaset-controller`, `kubernetes-admin` or `node-1`. */
  actor: string;
  before?: Stored<KubernetesObject>;
  after?: Stored<KubernetesObject>;
  timeMs: number;
  revision: number;
}

const rootLength = '/registry/'.length;
const resourceOf = (key: string) => key.slice(rootLength, key.indexOf('/', rootLength));
const decode = (value: Uint8Array) =>
  JSON.parse(
    Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(),
  ) as Stored<KubernetesObject>;

/** What clusters begin with is the same for all of them. */
const beginnings = new WeakMap<Uint8Array, Stored<KubernetesObject>>();

function decodeOnce(value: Uint8Array): Stored<KubernetesObject> {
  const known = beginnings.get(value) ?? decode(value);
  beginnings.set(value, known);
  return known;
}

/** Objects that come often and that no rule asks for. */
const ignored = new Set(['events', 'leases']);

export const controllerOf = ({ metadata }: KubernetesObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find((reference) => reference.controller);

/** For how long a process may act on what it saw before, where its events come late and its watches break. */
export const faultyStaleMs = 90_000;
/** The same where nothing goes wrong and nothing takes time. */
export const calmStaleMs = 2000;

/** Everything that is stored now, with what rules ask for most. */
export class World {
  /** For how long a process may act on what it saw before. */
  staleMs = faultyStaleMs;
  /** Whether nothing goes wrong, and nothing did of late. */
  isQuiet = false;
  /** What there is to do for each application, in thousandths of a processor. */
  readonly loads: ReadonlyMap<string, number>;
  readonly #objects = new Map<string, Map<string, Stored<KubernetesObject>>>();
  readonly #podsOf = new Map<string, Map<string, Stored<Pod>>>();
  readonly #uids = new Map<string, Stored<KubernetesObject>>();

  constructor(loads: ReadonlyMap<string, number> = new Map()) {
    this.loads = loads;
  }

  /** Takes a batch in, and gives its changes one by one, each as soon as the world shows it. */
  *apply({ events, revision, cause }: WatchBatch, timeMs: number): Iterable<Change> {
    const actor = (cause?.actor ?? 'store').split(':').at(-1) as string;
    for (const event of events) {
      const key = event.type === 'put' ? event.entry.key : event.key;
      const resource = resourceOf(key);
      if (ignored.has(resource)) continue;
      const after = event.type === 'put' ? decodeOnce(event.entry.value) : undefined;
      const before = this.#set(resource, key, after);
      yield { key, resource, actor, before, after, timeMs, revision };
    }
  }

  all<T extends KubernetesObject>(resource: string): Stored<T>[] {
    return [...(this.#objects.get(resource)?.values() ?? [])] as Stored<T>[];
  }

  get<T extends KubernetesObject>(resource: string, key: string): Stored<T> | undefined {
    return this.#objects.get(resource)?.get(`/registry/${resource}/${key}`) as Stored<T> | undefined;
  }

  byUid<T extends KubernetesObject>(uid: string | undefined): Stored<T> | undefined {
    return this.#uids.get(uid ?? '') as Stored<T> | undefined;
  }

  /** The pods that an object controls. */
  podsOf(ownerUid: string): Stored<Pod>[] {
    return [...(this.#podsOf.get(ownerUid)?.values() ?? [])];
  }

  pods(): Stored<Pod>[] {
    return this.all<Pod>('pods');
  }

  nodes(): Stored<Node>[] {
    return this.all<Node>('minions');
  }

  everything(): Stored<KubernetesObject>[] {
    return [...this.#uids.values()];
  }

  #set(resource: string, key: string, after: Stored<KubernetesObject> | undefined) {
    const objects = this.#objects.get(resource) ?? new Map<string, Stored<KubernetesObject>>();
    this.#objects.set(resource, objects);
    const before = objects.get(key);
    if (before) {
      this.#uids.delete(before.metadata.uid);
      this.#podsOf.get(controllerOf(before)?.uid ?? '')?.delete(key);
    }
    if (!after) {
      objects.delete(key);
      return before;
    }
    objects.set(key, after);
    this.#uids.set(after.metadata.uid, after);
    const owner = resource === 'pods' ? controllerOf(after)?.uid : undefined;
    if (owner) {
      const pods = this.#podsOf.get(owner) ?? new Map<string, Stored<Pod>>();
      this.#podsOf.set(owner, pods.set(key, after as Stored<Pod>));
    }
    return before;
  }
}
