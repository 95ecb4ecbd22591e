import type { Container, Lifecycle, Pod } from '../../api/core/v1.ts';
import type { LinuxResources } from '../runtimes/types.ts';

/** Labels and annotations under which the kubelet finds its sandboxes and containers again. Upstream's names. */
export const podNameLabel = 'io.kubernetes.pod.name';
export const podNamespaceLabel = 'io.kubernetes.pod.namespace';
export const podUidLabel = 'io.kubernetes.pod.uid';
export const containerNameLabel = 'io.kubernetes.container.name';

const hashAnnotation = 'io.kubernetes.container.hash';
const restartCountAnnotation = 'io.kubernetes.container.restartCount';
const messagePathAnnotation = 'io.kubernetes.container.terminationMessagePath';
const messagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy';
const podGraceAnnotation = 'io.kubernetes.pod.terminationGracePeriod';
const preStopAnnotation = 'io.kubernetes.container.preStopHandler';
const resourcesAnnotation = 'k8ts.dev/container-resources';

/** What the kubelet wrote on a container when it made it. */
export interface ContainerMarks {
  hash: string;
  restartCount: number;
  terminationMessagePath: string;
  terminationMessagePolicy: string;
  /** The pod's grace period, for when the pod itself is no longer known. */
  terminationGracePeriodSeconds?: number;
  preStop?: Lifecycle['preStop'];
  /** The limits that the container was made with. */
  resources?: LinuxResources;
}

/** Labels of everything that belongs to the pod. */
export function podLabels(pod: Pod): Record<string, string> {
  return {
    [podNameLabel]: pod.metadata.name ?? '',
    [podNamespaceLabel]: pod.metadata.namespace ?? '',
    [podUidLabel]: pod.metadata.uid ?? '',
  };
}

/** The 32-bit FNV-1a hash, in hexadecimal. */
export function fnv32a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16);
}

/** Changes when the container must be made anew: only name and image count, as upstream. */
export function containerHash(container: Container): string {
  return fnv32a(JSON.stringify({ image: container.image ?? '', name: container.name }));
}

/** What the kubelet writes on a container to know it again. */
export function containerAnnotations(
  pod: Pod,
  container: Container,
  made: { restartCount: number; resources: LinuxResources },
): Record<string, string> {
  const grace = pod.spec.terminationGracePeriodSeconds;
  const preStop = container.lifecycle?.preStop;
  return {
    [hashAnnotation]: containerHash(container),
    [restartCountAnnotation]: String(made.restartCount),
    [resourcesAnnotation]: JSON.stringify(made.resources),
    [messagePathAnnotation]: container.terminationMessagePath ?? '',
    [messagePolicyAnnotation]: container.terminationMessagePolicy ?? 'File',
    ...(grace !== undefined && { [podGraceAnnotation]: String(grace) }),
    ...(preStop && { [preStopAnnotation]: JSON.stringify(preStop) }),
  };
}

/** Reads back what `containerAnnotations` wrote. */
export function readMarks(annotations: Record<string, string>): ContainerMarks {
  const grace = annotations[podGraceAnnotation];
  const preStop = annotations[preStopAnnotation];
  const resources = annotations[resourcesAnnotation];
  return {
    hash: annotations[hashAnnotation] ?? '',
    restartCount: Number(annotations[restartCountAnnotation] ?? 0),
    terminationMessagePath: annotations[messagePathAnnotation] ?? '',
    terminationMessagePolicy: annotations[messagePolicyAnnotation] ?? 'File',
    terminationGracePeriodSeconds: grace === undefined ? undefined : Number(grace),
    preStop: preStop ? (JSON.parse(preStop) as Lifecycle['preStop']) : undefined,
    resources: resources ? (JSON.parse(resources) as LinuxResources) : undefined,
  };
}
