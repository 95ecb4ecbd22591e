import type { Pod } from '../../api/core/v1.ts';
import type { HostFacts, NodeHost } from '../node/node-host.ts';
import { containerNameLabel, podUidLabel } from '../pods/labels.ts';
import type { VolumeStats } from '../volumes/volume-meter.ts';
import type { NodeCpu } from './node-cpu.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { ContainerStats, CpuUsage, MemoryUsage, SandboxStats } from '../runtimes/types.ts';

/** Everything that is measured at one moment. */
export interface Measured {
  pods: Pod[];
  containers: ContainerStats[];
  sandboxes: SandboxStats[];
  /** What the node's processors have been used for, in nanoseconds of one core. */
  cpuNanoseconds: number;
  nodeName: string;
  availableMemoryBytes: number;
  facts: HostFacts;
  startedAt: string;
  timeMs: number;
  /** The volumes of a pod that are measured. */
  volumesOf(podUid: string): readonly VolumeStats[];
}

export async function measure(
  input: Pick<Measured, 'pods' | 'nodeName' | 'facts' | 'startedAt' | 'timeMs' | 'volumesOf'> & {
    runtime: Runtime;
    host: NodeHost;
    cpu: NodeCpu;
  },
): Promise<Measured> {
  const { runtime, host, cpu, ...rest } = input;
  const [containers, sandboxes, availableMemoryBytes] = await Promise.all([
    runtime.containers.stats(),
    runtime.sandboxes.stats().catch(() => []),
    host.availableMemoryBytes(),
  ]);
  const cpuNanoseconds = cpu.count(containers, rest.timeMs);
  return { ...rest, containers, sandboxes, availableMemoryBytes, cpuNanoseconds };
}

const iso = (ms: number) => new Date(ms).toISOString();

const cpuJson = (cpu: CpuUsage | undefined) =>
  cpu && {
    time: iso(cpu.timeMs),
    usageNanoCores: cpu.usageNanoCores,
    usageCoreNanoSeconds: cpu.usageCoreNanoseconds,
  };

const memoryJson = (memory: MemoryUsage | undefined) =>
  memory && {
    time: iso(memory.timeMs),
    availableBytes: memory.availableBytes,
    usageBytes: memory.usageBytes,
    workingSetBytes: memory.workingSetBytes,
    rssBytes: memory.rssBytes,
    pageFaults: memory.pageFaults,
    majorPageFaults: memory.majorPageFaults,
  };

/** What was measured of a pod's containers. */
export const containersOf = (measured: Measured, pod: Pod) =>
  measured.containers.filter((c) => c.labels[podUidLabel] === pod.metadata.uid);

const volumeJson = ({ name, claim, timeMs, ...usage }: VolumeStats, namespace: string | undefined) => ({
  time: iso(timeMs),
  ...usage,
  name,
  pvcRef: claim === undefined ? undefined : { name: claim, namespace },
});

/** The sum of what is known; undefined where nothing is. */
export function sum(values: (number | undefined)[]): number | undefined {
  const known = values.filter((v) => v !== undefined);
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : undefined;
}

/** The document of `/stats/summary`. */
export function summaryDocument(measured: Measured): unknown {
  const used = measured.facts.memoryBytes - measured.availableMemoryBytes;
  const time = iso(measured.timeMs);
  return {
    node: {
      nodeName: measured.nodeName,
      startTime: measured.startedAt,
      cpu: {
        time,
        usageNanoCores: sum(measured.containers.map((c) => c.cpu?.usageNanoCores)) ?? 0,
        usageCoreNanoSeconds: measured.cpuNanoseconds,
      },
      memory: {
        time,
        availableBytes: measured.availableMemoryBytes,
        usageBytes: used,
        workingSetBytes: used,
      },
    },
    pods: measured.pods.map((pod) => podSummary(measured, pod)),
  };
}

function podSummary(measured: Measured, pod: Pod): unknown {
  const { name, namespace, uid = '' } = pod.metadata;
  const volumes = measured.volumesOf(uid);
  const containers = containersOf(measured, pod);
  const network = measured.sandboxes.find((s) => s.labels[podUidLabel] === uid)?.network;
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime,
    containers: containers.map((c) => ({
      name: c.labels[containerNameLabel] ?? c.container.name,
      startTime: pod.status?.startTime,
      cpu: cpuJson(c.cpu),
      memory: memoryJson(c.memory),
      rootfs: c.writableLayer && {
        time: iso(c.writableLayer.timeMs),
        usedBytes: c.writableLayer.usedBytes,
        inodesUsed: c.writableLayer.inodesUsed,
      },
    })),
    cpu: {
      time: iso(measured.timeMs),
      usageNanoCores: sum(containers.map((c) => c.cpu?.usageNanoCores)),
      usageCoreNanoSeconds: sum(containers.map((c) => c.cpu?.usageCoreNanoseconds)),
    },
    memory: {
      time: iso(measured.timeMs),
      usageBytes: sum(containers.map((c) => c.memory?.usageBytes)),
      workingSetBytes: sum(containers.map((c) => c.memory?.workingSetBytes)),
      rssBytes: sum(containers.map((c) => c.memory?.rssBytes)),
    },
    network: network && {
      time: iso(network.timeMs),
      ...network.interfaces[0],
      interfaces: network.interfaces,
    },
    volume: volumes.length > 0 ? volumes.map((volume) => volumeJson(volume, namespace)) : undefined,
  };
}
