import type { Pod } from '../../api/core/v1.ts';
import type { Container } from '../runtimes/types.ts';
import { containerNameLabel, readMarks } from './labels.ts';
import type { PodName } from './runtime-view.ts';

/**
 * A pod that only the runtime remembers, as far as what was written on its containers tells: enough to end it the way it
 * wanted to be ended.
 */
export function orphanPod({ uid, name, namespace }: PodName, containers: Container[], nowIso: string): Pod {
  const names = new Map(
    containers.map((c) => [c.labels[containerNameLabel] ?? c.container.name, readMarks(c.annotations)]),
  );
  const grace = [...names.values()].map((m) => m.terminationGracePeriodSeconds).find((g) => g !== undefined);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { uid, name, namespace, deletionTimestamp: nowIso },
    spec: {
      terminationGracePeriodSeconds: grace,
      containers: [...names].map(([container, marks]) => ({
        name: container,
        ...(marks.preStop && { lifecycle: { preStop: marks.preStop } }),
      })),
    },
  };
}
