import type {
  ContainerStats as CriContainerStats,
  CpuUsage as CriCpuUsage,
  FilesystemUsage as CriFilesystemUsage,
  MemoryUsage as CriMemoryUsage,
  NetworkInterfaceUsage,
  NetworkUsage,
  PodSandboxStats,
} from '../generated/runtime/v1/stats_pb.js';
import type { UInt64Value } from '../generated/runtime/v1/values_pb.js';
import type {
  ContainerStats,
  CpuUsage,
  FilesystemUsage,
  InterfaceUsage,
  MemoryUsage,
  SandboxStats,
} from '../types.ts';
import { milliseconds, podIdentity } from './from-cri.ts';

/** What the runtime interface tells of usage, in the seam's values. */

const count = (value: UInt64Value | undefined) => Number(value?.value ?? 0n);
const counted = (value: UInt64Value | undefined) => (value ? Number(value.value) : undefined);

function cpu(c: CriCpuUsage | undefined): CpuUsage | undefined {
  return (
    c && {
      timeMs: milliseconds(c.timestamp),
      usageCoreNanoseconds: count(c.usageCoreNanoSeconds),
      usageNanoCores: counted(c.usageNanoCores),
    }
  );
}

function memory(m: CriMemoryUsage | undefined): MemoryUsage | undefined {
  return (
    m && {
      timeMs: milliseconds(m.timestamp),
      workingSetBytes: count(m.workingSetBytes),
      availableBytes: counted(m.availableBytes),
      usageBytes: counted(m.usageBytes),
      rssBytes: counted(m.rssBytes),
      pageFaults: counted(m.pageFaults),
      majorPageFaults: counted(m.majorPageFaults),
    }
  );
}

export function filesystem(f: CriFilesystemUsage): FilesystemUsage {
  return {
    timeMs: milliseconds(f.timestamp),
    mountpoint: f.fsId?.mountpoint ?? '',
    usedBytes: count(f.usedBytes),
    inodesUsed: counted(f.inodesUsed),
  };
}

export function containerStats(s: CriContainerStats): ContainerStats {
  return {
    id: s.attributes?.id ?? '',
    container: { name: s.attributes?.metadata?.name ?? '', attempt: s.attributes?.metadata?.attempt ?? 0 },
    labels: s.attributes?.labels ?? {},
    cpu: cpu(s.cpu),
    memory: memory(s.memory),
    writableLayer: s.writableLayer && filesystem(s.writableLayer),
  };
}

function networkInterface(i: NetworkInterfaceUsage): InterfaceUsage {
  return {
    name: i.name,
    rxBytes: count(i.rxBytes),
    rxErrors: count(i.rxErrors),
    txBytes: count(i.txBytes),
    txErrors: count(i.txErrors),
  };
}

function network(n: NetworkUsage): NonNullable<SandboxStats['network']> {
  const all = n.defaultInterface ? [n.defaultInterface, ...n.interfaces] : n.interfaces;
  return { timeMs: milliseconds(n.timestamp), interfaces: all.map(networkInterface) };
}

export function sandboxStats(s: PodSandboxStats): SandboxStats {
  return {
    id: s.attributes?.id ?? '',
    pod: podIdentity(s.attributes?.metadata),
    labels: s.attributes?.labels ?? {},
    cpu: cpu(s.linux?.cpu),
    memory: memory(s.linux?.memory),
    network: s.linux?.network && network(s.linux.network),
    processes: counted(s.linux?.process?.processCount),
    containers: (s.linux?.containers ?? []).map(containerStats),
  };
}
