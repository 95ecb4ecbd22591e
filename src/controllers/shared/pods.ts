import type { Pod, PodCondition, PodTemplateSpec } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { controllerReference } from './owners.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';

/** Neither finished nor on its way out. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function conditionOf(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isReady(pod: Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** When the pod became ready, milliseconds since the epoch; undefined where it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status !== 'True') return undefined;
  return ready.lastTransitionTime ? Date.parse(ready.lastTransitionTime) : 0;
}

/** Milliseconds until the pod has been ready for `minReadySeconds`; 0 where it has, undefined where it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  const since = readySinceMs(pod);
  if (since === undefined) return undefined;
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1000 - nowMs);
}

/** A pod made from a template, managed by `owner`; the API server completes the name. */
export function podFromTemplate(template: PodTemplateSpec, owner: Stored<KubernetesObject>): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`.slice(0, 58),
      namespace: owner.metadata.namespace,
      ...(labels && { labels: { ...labels } }),
      ...(annotations && { annotations: { ...annotations } }),
      ...(finalizers && { finalizers: [...finalizers] }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: clone(template.spec) as Pod['spec'],
  };
}

/** Restarts of the container that was restarted most. */
function mostRestarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount ?? 0));
}

const phaseRank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCostKey = 'controller.kubernetes.io/pod-deletion-cost';

const deletionCost = (pod: Pod) => Number(pod.metadata.annotations?.[deletionCostKey] ?? 0) || 0;
const bool = (value: boolean) => (value ? 1 : 0);

/** Times are compared by their magnitude, so that a few seconds' difference among old pods does not decide. */
function olderByMagnitude(sinceMs: number | undefined, nowMs: number): number {
  return sinceMs === undefined ? 0 : Math.floor(Math.log2(Math.max(1, (nowMs - sinceMs) / 1000)));
}

/**
 * The order in which surplus pods go, first to go first: unassigned, then not running, not ready, cheap to delete,
 * crowded on one node (`rankOf`), ready for a shorter time, restarted more often, younger.
 * The criteria are those of `pkg/controller/controller_utils.go` (ActivePodsWithRanks).
 */
export function byDeletionOrder<T extends Stored<Pod>>(
  pods: readonly T[],
  rankOf: (pod: T) => number,
  nowMs: number,
): T[] {
  const keys = new Map(
    pods.map((pod) => [
      pod,
      [
        bool(Boolean(pod.spec.nodeName)),
        phaseRank[pod.status?.phase ?? 'Pending'] ?? 1,
        bool(isReady(pod)),
        deletionCost(pod),
        -rankOf(pod),
        olderByMagnitude(readySinceMs(pod), nowMs),
        -mostRestarts(pod),
        -Date.parse(pod.metadata.creationTimestamp),
      ],
    ]),
  );
  const compare = (a: T, b: T) => {
    const [left, right] = [keys.get(a) as number[], keys.get(b) as number[]];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0
      ? a.metadata.name.localeCompare(b.metadata.name)
      : (left[at] as number) - (right[at] as number);
  };
  return [...pods].sort(compare);
}

/** Name of the index by which the objects of a namespace are found. */
export const byNamespace = 'namespace';

/** Adds that index. */
export function indexByNamespace<T extends KubernetesObject>(informer: Informer<T>): void {
  informer.addIndex(byNamespace, ({ metadata }) => [metadata.namespace ?? '']);
}

/** Name of the index by which the pods of a node are found. */
export const byNode = 'node';

/** Adds that index. */
export function indexByNode(informer: Informer<Pod>): void {
  informer.addIndex(byNode, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
}

/** The claims that a pod uses, as `namespace/name`. */
export function claimKeysOf({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [`${metadata.namespace}/${persistentVolumeClaim.claimName}`];
    return ephemeral ? [`${metadata.namespace}/${metadata.name}-${name}`] : [];
  });
}

/** Name of the index by which the pods that use a claim are found, by the claim's `namespace/name`. */
export const byClaim = 'claim';

/** Adds that index. */
export function indexByClaim(informer: Informer<Pod>): void {
  informer.addIndex(byClaim, claimKeysOf);
}
