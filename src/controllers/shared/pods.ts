import type { Pod, PodCondition, PodTemplateSpec } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { controllerReference } from './owners.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { semanticEqual } from '../../machinery/equal.ts';

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
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ...(labels && { labels: { ...labels } }),
      ...(annotations && { annotations: { ...annotations } }),
      ...(finalizers && { finalizers: [...finalizers] }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: clone(template.spec) as Pod['spec'],
  };
}

/** Whether both templates make the same pods, in whatever words. */
export const meansSame = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  semanticEqual(a, b, 'io.k8s.api.core.v1.PodTemplateSpec');

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
