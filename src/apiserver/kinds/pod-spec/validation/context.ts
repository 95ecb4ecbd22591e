import type { Container, EphemeralContainer, PodSpec, Volume } from '../../../../api/core/v1.ts';

/** What the parts of a pod's spec have to know of the rest of it. */
export interface SpecContext {
  /** Whether the spec is that of a pod, not that of a template. */
  isPod: boolean;
  /** Volumes that can be mounted: one that is wrong in itself is none of them. */
  volumes: ReadonlyMap<string, Volume>;
  claimNames: ReadonlySet<string>;
  restartPolicy: string | undefined;
  gracePeriodSeconds: number | undefined;
  /** Whether users of the pod are users of the node. */
  hostUsers: boolean;
}

export type AnyContainer = Container | EphemeralContainer;

const noClaims: ReadonlySet<string> = new Set();

/** What is to be known of a spec; `volumes` are those of it that are well-formed. */
export function specContext(
  spec: PodSpec,
  volumes: ReadonlyMap<string, Volume>,
  pod: { name?: string } | undefined,
): SpecContext {
  return {
    isPod: pod !== undefined,
    volumes,
    claimNames: spec.resourceClaims
      ? new Set(spec.resourceClaims.map((c) => c.name).filter(Boolean))
      : noClaims,
    restartPolicy: spec.restartPolicy,
    gracePeriodSeconds: spec.terminationGracePeriodSeconds,
    hostUsers: spec.hostUsers ?? true,
  };
}

const sorts = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Whether any container of a spec is such. */
export function someContainer(spec: PodSpec, is: (container: AnyContainer) => boolean): boolean {
  for (const sort of sorts) {
    const list: readonly AnyContainer[] | undefined = spec[sort];
    if (list?.some(is)) return true;
  }
  return false;
}

/** Every container of a spec with the path it stands at. */
export function containersWithPaths(
  spec: PodSpec,
  field: string,
): { container: AnyContainer; field: string }[] {
  const found: { container: AnyContainer; field: string }[] = [];
  for (const name of sorts) {
    const list: readonly AnyContainer[] | undefined = spec[name];
    list?.forEach((container, i) => found.push({ container, field: `${field}.${name}[${i}]` }));
  }
  return found;
}
