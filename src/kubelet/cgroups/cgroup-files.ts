import { cpuPeriodUs, sharesToWeight } from './cpu.ts';
import type { CgroupLimits } from './pod-cgroup.ts';

/** One file of a cgroup to write: the hierarchy's controller (version 1 only), its name, its content. */
export interface CgroupFile {
  controller: string;
  name: string;
  text: string;
}

/** The controllers of version 1 whose hierarchies the kubelet writes to. */
export const limitedControllers = ['cpu', 'memory', 'pids'];

/** What to write for limits in the old hierarchies. What has no limit is opened again. */
export function filesV1(limits: CgroupLimits): CgroupFile[] {
  const { cpuShares, cpuQuotaUs, memoryBytes, pids } = limits;
  return [
    { controller: 'cpu', name: 'cpu.shares', text: String(cpuShares) },
    { controller: 'cpu', name: 'cpu.cfs_period_us', text: String(cpuPeriodUs) },
    { controller: 'cpu', name: 'cpu.cfs_quota_us', text: String(cpuQuotaUs ?? -1) },
    { controller: 'memory', name: 'memory.limit_in_bytes', text: String(memoryBytes ?? -1) },
    ...(pids === undefined ? [] : [{ controller: 'pids', name: 'pids.max', text: String(pids) }]),
  ];
}

/** What to write for limits in the unified hierarchy. */
export function filesV2(limits: CgroupLimits): CgroupFile[] {
  const { cpuShares, cpuQuotaUs, memoryBytes, pids } = limits;
  const quota = cpuQuotaUs === undefined || cpuQuotaUs < 0 ? 'max' : String(cpuQuotaUs);
  return [
    { controller: '', name: 'cpu.weight', text: String(sharesToWeight(cpuShares)) },
    { controller: '', name: 'cpu.max', text: `${quota} ${cpuPeriodUs}` },
    { controller: '', name: 'memory.max', text: memoryBytes === undefined ? 'max' : String(memoryBytes) },
    ...(pids === undefined ? [] : [{ controller: '', name: 'pids.max', text: String(pids) }]),
  ];
}
