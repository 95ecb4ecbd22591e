import type { Container, EphemeralContainer, PodSpec, Volume } from '../../../../api/core/v1.ts';

/** What the parts of a pod's spec have to know of the rest of it. */
export interface SpecContext {
  /** Whether the spec is that of a pod, not that of a template. */
  isPod: boolean;
  /** Name of the pod, where it is one and has one. */
  podName: string | undefined;
  volumes: ReadonlyMap<string, Volume>;
  claimNames: ReadonlySet<string>;
  restartPolicy: string | undefined;
  gracePeriodSeconds: number | undefined;
  /** Whether users of the pod are users of the node. */
  hostUsers: boolean;
}

export type AnyContainer = Container | EphemeralContainer;

export function specContext(spec: PodSpec, pod?: { name?: string }): SpecContext {
  return {
    isPod: pod !== undefined,
    podName: pod?.name,
    volumes: new Map((spec.volumes ?? []).map((v) => [v.name, v])),
    claimNames: new Set((spec.resourceClaims ?? []).map((c) => c.name).filter(Boolean)),
    restartPolicy: spec.restartPolicy,
    gracePeriodSeconds: spec.terminationGracePeriodSeconds,
    hostUsers: spec.hostUsers ?? true,
  };
}

/** Every container of a spec with the path it stands at. */
export function containersWithPaths(
  spec: PodSpec,
  field: string,
): { container: AnyContainer; field: string }[] {
  const lists: [string, readonly AnyContainer[] | undefined][] = [
    ['initContainers', spec.initContainers],
    ['containers', spec.containers],
    ['ephemeralContainers', spec.ephemeralContainers],
  ];
  return lists.flatMap(([name, list]) =>
    (list ?? []).map((container, i) => ({ container, field: `${field}.${name}[${i}]` })),
  );
}
