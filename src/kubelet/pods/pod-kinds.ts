import type { Container, EphemeralContainer, Pod } from '../../api/core/v1.ts';

/** Where a pod came from; anything but `api` is a static pod. */
export const configSourceAnnotation = 'kubernetes.io/config.source';
/** On the API's image of a static pod: the hash of the static pod that it mirrors. */
export const configMirrorAnnotation = 'kubernetes.io/config.mirror';
/** The hash of a static pod's manifest. */
export const configHashAnnotation = 'kubernetes.io/config.hash';

/** Pods of at least this priority are never refused or evicted for want of resources. */
const systemCriticalPriority = 2_000_000_000;

/** Whether the pod comes from a manifest on this node. */
export function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata.annotations?.[configSourceAnnotation];
  return source !== undefined && source !== 'api';
}

/** Whether the pod is only the API's image of a static pod. */
export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata.annotations?.[configMirrorAnnotation] !== undefined;
}

/** Whether the pod must run even where that means that others must not. */
export function isCriticalPod(pod: Pod): boolean {
  return isStaticPod(pod) || isMirrorPod(pod) || (pod.spec.priority ?? 0) >= systemCriticalPriority;
}

/** Whether the pod has come to its end: nothing of it will run again. */
export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** An init container that goes on running beside the others: a sidecar. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** Every container of the pod: init, regular, ephemeral. */
export function allContainers(pod: Pod): (Container | EphemeralContainer)[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  return [...initContainers, ...containers, ...ephemeralContainers];
}

/** The path of a container inside its pod, as events name it, such as `spec.containers{web}`. */
export function containerFieldPath(pod: Pod, name: string): string {
  const has = (list?: { name: string }[]) => list?.some((c) => c.name === name);
  if (has(pod.spec.initContainers)) return `spec.initContainers{${name}}`;
  if (has(pod.spec.ephemeralContainers)) return `spec.ephemeralContainers{${name}}`;
  return `spec.containers{${name}}`;
}

/** The pod as messages name it: `name_namespace(uid)`. */
export function podFullName(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
}
