import type { Pod, Service } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { keyOf } from '../../client/informer.ts';
import { conditionOf } from './pods.ts';

const annotation = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Known {
  service: Stored<Service>;
  /** When each pod became ready or ceased to be, by its name. */
  pods: Map<string, string>;
  /** The versions of pods that have been looked at for it: most are the same from one look to the next. */
  looked: WeakSet<Pod>;
}

/**
 * When what changed the endpoints of a Service happened, so that others can tell how long it took to become known: the earliest
 * of the changes since the last look. (`k8s.io/endpointslice/util`, TriggerTimeTracker)
 */
export class TriggerTimes {
  readonly #known = new Map<string, Known>();

  forget(key: string): void {
    this.#known.delete(key);
  }

  /** Looks at a Service and the pods that it chooses. Undefined where nothing that has a time has changed since the last look. */
  look(service: Stored<Service>, pods: readonly Stored<Pod>[]): string | undefined {
    const key = keyOf(service);
    const createdAt = service.metadata.creationTimestamp;
    const known = this.#known.get(key);
    const times = known?.pods ?? new Map<string, string>();
    const looked = known?.service === service ? known.looked : new WeakSet<Pod>();
    let earliest = createdAt > (known?.service.metadata.creationTimestamp ?? '') ? createdAt : undefined;
    for (const pod of pods) {
      if (looked.has(pod)) continue;
      looked.add(pod);
      const { name } = pod.metadata;
      const time = conditionOf(pod, 'Ready')?.lastTransitionTime;
      if (!time) {
        times.delete(name);
        continue;
      }
      const isNews = time > (times.get(name) ?? '');
      if (isNews && (earliest === undefined || time < earliest)) earliest = time;
      times.set(name, time);
    }
    if (times.size > pods.length) forgetOthers(times, pods);
    this.#known.set(key, { service, pods: times, looked });
    return known ? earliest : createdAt;
  }
}

function forgetOthers(times: Map<string, string>, pods: readonly Stored<Pod>[]): void {
  const names = new Set(pods.map(({ metadata }) => metadata.name));
  for (const name of times.keys()) if (!names.has(name)) times.delete(name);
}

/** Annotations with the time of what changed the endpoints, or without it; undefined where there are none. */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> | undefined {
  const { [annotation]: _, ...others } = annotations ?? {};
  const all = time === undefined ? others : { ...others, [annotation]: time };
  return Object.keys(all).length > 0 ? all : undefined;
}
