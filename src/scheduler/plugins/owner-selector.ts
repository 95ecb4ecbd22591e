import type { ReplicaSet, StatefulSet } from '../../api/apps/v1.ts';
import type { Pod, ReplicationController, Service } from '../../api/core/v1.ts';
import {
  exactlyOnce,
  matchesLabels,
  type Selector,
  selectorFromLabels,
} from '../../machinery/label-selector.ts';
import { compileOrNothing } from '../cache/affinity-terms.ts';
import type { Lister } from '../framework/handle.ts';

/** Selects the pods that belong with a pod; undefined where nothing says which those are. */
export type OwnerSelector = (pod: Pod) => Selector | undefined;

export interface OwnerListers {
  services: Lister<Service>;
  replicationControllers: Lister<ReplicationController>;
  replicaSets: Lister<ReplicaSet>;
  statefulSets: Lister<StatefulSet>;
}

/** By the services that the pod is behind, and the set it is part of. (`helper.DefaultSelector`) */
export function ownerSelector(listers: OwnerListers): OwnerSelector {
  return (pod) => {
    const selector = [...servicesOf(pod, listers.services), ...setOf(pod, listers)];
    return selector.length > 0 ? selector : undefined;
  };
}

function servicesOf(pod: Pod, services: Lister<Service>): Selector {
  const merged: Record<string, string> = {};
  for (const { spec } of services.inNamespace(pod.metadata.namespace ?? '')) {
    const { selector } = spec ?? {};
    const exactly = selector && exactlyOnce(selector);
    if (exactly?.length && matchesLabels(exactly, pod.metadata.labels)) Object.assign(merged, selector);
  }
  return selectorFromLabels(merged);
}

function setOf({ metadata }: Pod, listers: OwnerListers): Selector {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller);
  if (!owner) return [];
  const key = `${metadata.namespace}/${owner.name}`;
  switch (`${owner.apiVersion} ${owner.kind}`) {
    case 'v1 ReplicationController':
      return selectorFromLabels(listers.replicationControllers.get(key)?.spec?.selector ?? {});
    case 'apps/v1 ReplicaSet':
      return compileOrNothing(listers.replicaSets.get(key)?.spec?.selector) ?? [];
    case 'apps/v1 StatefulSet':
      return compileOrNothing(listers.statefulSets.get(key)?.spec?.selector) ?? [];
    default:
      return [];
  }
}
