import type { ContainerStats } from '../types.ts';
import type { SimulatedContainer } from './world.ts';

/** What a container has used by `timeMs`: as much of each as its behaviour says, since it started. */
export function containerStats(c: SimulatedContainer, timeMs: number): ContainerStats {
  const ranMs = timeMs - (c.startedAtMs ?? timeMs);
  const { cpuMillicores, memoryBytes } = c.behaviour;
  const limit = c.resources.memoryLimitBytes;
  return {
    id: c.id,
    container: c.spec.container,
    labels: c.spec.labels,
    cpu: { timeMs, usageCoreNanoseconds: ranMs * cpuMillicores * 1000, usageNanoCores: cpuMillicores * 1e6 },
    memory: {
      timeMs,
      workingSetBytes: memoryBytes,
      usageBytes: memoryBytes,
      rssBytes: memoryBytes,
      availableBytes: limit && Math.max(0, limit - memoryBytes),
    },
    writableLayer: { timeMs, mountpoint: '/', usedBytes: 0, inodesUsed: 0 },
  };
}
