import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { Recorder } from '../../client/event-recorder.ts';
import type { Informers } from '../../client/informers.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Meter } from '../../platform/metrics/meter.ts';
import type { Random } from '../../platform/random.ts';

/** The objects of one resource as they are known now. Shared and read-only. */
export interface Lister<T extends KubernetesObject> {
  /** By `name`, or `namespace/name` where there are namespaces. */
  get(key: string): Stored<T> | undefined;
  list(): readonly Stored<T>[];
  inNamespace(namespace: string): readonly Stored<T>[];
  /** Whether this is at least as new as a revision that a write of the resource answered with. */
  hasReached(resourceVersion: string): boolean;
}

/** Finds objects by one of the values that an index has for them. */
export type Finder<T extends KubernetesObject> = (value: string) => readonly Stored<T>[];

/** How objects are found by something else than their names. */
export interface IndexOf<T extends KubernetesObject> {
  name: string;
  values(object: Stored<T>): readonly string[];
}

/** What a plugin is given of the world. */
export interface Handle {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  readonly events: Recorder;
  lister<T extends KubernetesObject>(resource: Resource<T>): Lister<T>;
  finder<T extends KubernetesObject>(resource: Resource<T>, index: IndexOf<T>): Finder<T>;
  /** Breaks off a binding that has not come further than `preBind`; false where there is none such. */
  cancelBinding(uid: string, why: string): boolean;
}

const namespaceIndex = 'scheduler/namespace';

const namespaceOf = ({ metadata }: KubernetesObject) => [metadata?.namespace ?? ''];

/** Listers over shared informers. */
export function listersOf(informers: Informers): Handle['lister'] {
  return <T extends KubernetesObject>(resource: Resource<T>) => {
    const informer = informers.of(resource);
    return {
      get: (key) => informer.get(key),
      list: () => informer.list(),
      inNamespace(namespace) {
        // Who never asks, as most do not, need not have it.
        informer.addIndex(namespaceIndex, namespaceOf);
        return informer.byIndex(namespaceIndex, namespace);
      },
      hasReached: (resourceVersion) => informer.hasReached(resourceVersion),
    };
  };
}

/** Finders over shared informers. */
export function findersOf(informers: Informers): Handle['finder'] {
  return (resource, { name, values }) => {
    const informer = informers.of(resource);
    const index = `scheduler/${name}`;
    informer.addIndex(index, values);
    return (value) => informer.byIndex(index, value);
  };
}
