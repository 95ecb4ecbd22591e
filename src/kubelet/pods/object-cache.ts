import type { ConfigMap, Pod, Secret } from '../../api/core/v1.ts';
import { configmaps, secrets } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { Informer } from '../../client/informer.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { NodeContext } from './context.ts';
import { type ObjectNeed, objectNeeds } from './object-refs.ts';

interface Watched {
  informer: Informer<KubernetesObject>;
  stop: AbortController;
  hasSynced: boolean;
  /** Uids of the pods that need it. */
  users: Set<string>;
}

const resources: Record<ObjectNeed['kind'], Resource> = { ConfigMap: configmaps, Secret: secrets };

/**
 * The ConfigMaps and Secrets that pods of this node name, each watched by itself: a node may read what its pods need
 * and no more. Tells which pods a change concerns.
 */
export class ObjectCache {
  readonly #context: NodeContext;
  readonly #onChange: (podUid: string) => void;
  readonly #watched = new Map<string, Watched>();

  constructor(context: NodeContext, onChange: (podUid: string) => void) {
    this.#context = context;
    this.#onChange = onChange;
  }

  /** Watches what the pod needs from now on, and no longer what it needed before. */
  track(pod: Pod): void {
    const uid = pod.metadata.uid as string;
    const keys = new Map(
      objectNeeds(pod).map((need) => [keyOf(need.kind, pod.metadata.namespace, need.name), need]),
    );
    for (const [key, need] of keys) this.#use(key, need, pod.metadata.namespace as string, uid);
    for (const key of this.#watched.keys()) if (!keys.has(key)) this.#release(key, uid);
  }

  untrack(podUid: string): void {
    for (const key of this.#watched.keys()) this.#release(key, podUid);
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#get('ConfigMap', namespace, name) as Promise<ConfigMap | undefined>;
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#get('Secret', namespace, name) as Promise<Secret | undefined>;
  }

  stop(): void {
    for (const { stop } of this.#watched.values()) stop.abort();
    this.#watched.clear();
  }

  /** What is not there is asked for again: the watch may lag behind. */
  async #get(
    kind: ObjectNeed['kind'],
    namespace: string,
    name: string,
  ): Promise<KubernetesObject | undefined> {
    const watched = this.#watched.get(keyOf(kind, namespace, name));
    const cached = watched?.hasSynced ? watched.informer.get(`${namespace}/${name}`) : undefined;
    if (cached) return cached;
    try {
      return await this.#context.client.of(resources[kind]).get({ namespace, name });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #use(key: string, need: ObjectNeed, namespace: string, uid: string): void {
    const watched = this.#watched.get(key) ?? this.#watch(key, need, namespace);
    watched.users.add(uid);
  }

  #watch(key: string, { kind, name }: ObjectNeed, namespace: string): Watched {
    const { client, platform } = this.#context;
    const { clock, random, log } = platform;
    const select = { namespace, fieldSelector: `metadata.name=${name}` };
    const informer = new Informer({ client, resource: resources[kind], clock, random, log, select });
    const watched: Watched = { informer, stop: new AbortController(), hasSynced: false, users: new Set() };
    const tell = () => {
      if (watched.hasSynced) for (const uid of watched.users) this.#onChange(uid);
    };
    informer.onChange({ added: tell, updated: tell, deleted: tell });
    void informer.synced.then(() => {
      watched.hasSynced = true;
    });
    void informer.run(watched.stop.signal);
    this.#watched.set(key, watched);
    return watched;
  }

  #release(key: string, uid: string): void {
    const watched = this.#watched.get(key);
    if (!watched?.users.delete(uid) || watched.users.size > 0) return;
    watched.stop.abort();
    this.#watched.delete(key);
  }
}

const keyOf = (kind: string, namespace: string | undefined, name: string) => `${kind}/${namespace}/${name}`;
