import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { facetOf } from './facet.ts';
import { recordWriter } from './managed-fields.ts';
import type { Call, Registry, RegistryEnvironment } from './registry.ts';
import { applyChange } from './update.ts';

const self = { name: 'system:apiserver', groups: ['system:masters'] };
const options = {
  dryRun: false,
  fieldManager: 'kube-apiserver',
  fieldValidation: 'Ignore',
  force: false,
} as const;

/** The change of an object's status that a request to another object brings with it. */
export interface StatusChange<T extends KubernetesObject> {
  resource: Resource<T>;
  ref: { namespace?: string; name: string };
  reason: string;
  /** Changes the object it is given, the newest version; called again where that moved meanwhile. May throw before it changes anything. */
  change(object: Stored<T>): void;
  signal: AbortSignal;
}

// biome-ignore lint/suspicious/noExplicitAny: changes of every kind wait in one map
type AnyChange = StatusChange<any>;

interface Waiting {
  change: AnyChange;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Changes of statuses. Those of one object that come while one is being written are written together after it: a thousand pods
 * that are charged to a quota at once would otherwise stand in each other's way a thousand times.
 */
export class StatusChanges {
  readonly #environment: RegistryEnvironment;
  /** By object, while a write of it is under way. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
  }

  make<T extends KubernetesObject>(change: StatusChange<T>): Promise<void> {
    const { group, plural } = change.resource;
    const key = [group, plural, change.ref.namespace, change.ref.name].join('/');
    return new Promise((resolve, reject) => {
      const one = { change, resolve, reject };
      const waiting = this.#waiting.get(key);
      if (waiting) waiting.push(one);
      else void this.#writeAll(key, one);
    });
  }

  async #writeAll(key: string, first: Waiting): Promise<void> {
    const waiting = [first];
    this.#waiting.set(key, waiting);
    while (waiting.length > 0) await this.#write(waiting.splice(0));
    this.#waiting.delete(key);
  }

  /** Each of them comes to its own end; never rejects. */
  async #write(batch: readonly Waiting[]): Promise<void> {
    const refusals = new Map<Waiting, unknown>();
    const change = (object: Stored<KubernetesObject>) => {
      refusals.clear();
      for (const one of batch) {
        try {
          one.change.change(object);
        } catch (error) {
          refusals.set(one, error);
        }
      }
      // Nothing is left that could be written.
      if (refusals.size === batch.length) throw refusals.get(batch[0] as Waiting);
    };
    const { change: first } = batch[0] as Waiting;
    const together = {
      ...first,
      change,
      reason: batch.length === 1 ? first.reason : `${first.reason}, and ${batch.length - 1} more`,
      // Who goes away must not take the others along.
      ...(batch.length > 1 && { signal: new AbortController().signal }),
    };
    const failure = await changeStatus(this.#environment, together).then(
      () => undefined,
      (error) => ({ error }),
    );
    for (const one of batch) {
      if (refusals.has(one)) one.reject(refusals.get(one));
      else if (failure) one.reject(failure.error);
      else one.resolve();
    }
  }
}

/** Writes a status as the server itself does, through the ordinary write path. */
async function changeStatus<T extends KubernetesObject>(
  environment: RegistryEnvironment,
  { resource, ref, reason, change, signal }: StatusChange<T>,
): Promise<void> {
  const { group, version, plural } = resource;
  const info = {
    isResource: true,
    verb: 'update',
    path: '',
    prefix: group ? 'apis' : 'api',
    group,
    version,
    namespace: ref.namespace ?? '',
    resource: plural,
    subresource: 'status',
    name: ref.name,
    rest: '',
  };
  const request = {
    info,
    user: self,
    query: new URLSearchParams(),
    userAgent: 'kube-apiserver',
    cause: { reason },
    signal,
    warn() {},
  };
  const call: Call = { request, registry: environment.find(resource) as Registry, environment };
  const make = (old: KubernetesObject | undefined) => {
    const object = clone(old) as Stored<T>;
    change(object);
    recordWriter(call, { object, old, options });
    return object;
  };
  const facet = facetOf(call);
  if (facet) await applyChange(call, { options, make }, facet);
}
