import type { Pod, Service } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { keyOf } from '../../client/informer.ts';
import { conditionOf } from './pods.ts';

const annotation = 'endpoints.kubernetes.io/last-change-trigger-time';

/**
 * When what changed the endpoints of a Service happened, so that others can tell how long it took to become known: the earliest
 * of the changes since the last look. (`k8s.io/endpointslice/util`, TriggerTimeTracker)
 */
export class TriggerTimes {
  readonly #known = new Map<string, { createdAt: string; pods: Map<string, string> }>();

  forget(key: string): void {
    this.#known.delete(key);
  }

  /** Looks at a Service and the pods that it chooses. Undefined where nothing that has a time has changed since the last look. */
  look(service: Stored<Service>, pods: readonly Stored<Pod>[]): string | undefined {
    const key = keyOf(service);
    const createdAt = service.metadata.creationTimestamp;
    const known = this.#known.get(key);
    let earliest = createdAt > (known?.createdAt ?? '') ? createdAt : undefined;
    const times = new Map<string, string>();
    for (const pod of pods) {
      const { name } = pod.metadata;
      const time = conditionOf(pod, 'Ready')?.lastTransitionTime;
      if (!time) continue;
      times.set(name, time);
      const isNews = time > (known?.pods.get(name) ?? '');
      if (isNews && (earliest === undefined || time < earliest)) earliest = time;
    }
    this.#known.set(key, { createdAt, pods: times });
    return known ? earliest : createdAt;
  }
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
