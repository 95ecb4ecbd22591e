import type { Pod } from '../../api/core/v1.ts';
import { milliValue, quantitySign, quantityValue } from '../../machinery/quantity.ts';
import { type QosClass, qosClassOf } from '../../machinery/qos.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { readSums } from '../../machinery/resource-sums.ts';
import { milliCpuToQuotaUs, milliCpuToShares } from './cpu.ts';

/** What a cgroup may take; an absent limit is none. */
export interface CgroupLimits {
  cpuShares: number;
  cpuQuotaUs?: number;
  memoryBytes?: number;
  pids?: number;
}

/** Where a pod's cgroup stands below the root of all pods. */
export function podCgroupPath(podsRoot: string, uid: string, qos: QosClass): string {
  const parent = qos === 'Guaranteed' ? podsRoot : `${podsRoot}/${qos.toLowerCase()}`;
  return `${parent}/pod${uid}`;
}

/** The cgroups that pods of each class share, and what is written there. */
export function qosCgroups(podsRoot: string, pods: Pod[]): { path: string; limits: CgroupLimits }[] {
  const burstable = pods.filter((p) => qosClassOf(p) === 'Burstable');
  const milli = burstable.reduce((sum, p) => sum + requestedMilliCpu(p), 0);
  return [
    { path: `${podsRoot}/burstable`, limits: { cpuShares: milliCpuToShares(milli) } },
    { path: `${podsRoot}/besteffort`, limits: { cpuShares: milliCpuToShares(0) } },
  ];
}

function requestedMilliCpu(pod: Pod): number {
  const cpu = specSums(pod.spec, 'requests').get('cpu');
  return cpu ? milliValue(cpu) : 0;
}

/** Limits on all of a pod's containers together; a sum counts as a limit only where every container has one. */
export function podCgroupLimits(pod: Pod, maxPids?: number): CgroupLimits {
  const limits = specSums(pod.spec, 'limits');
  const cpu = isLimited(pod, 'cpu') ? limits.get('cpu') : undefined;
  const memory = isLimited(pod, 'memory') ? limits.get('memory') : undefined;
  return {
    cpuShares: milliCpuToShares(requestedMilliCpu(pod)),
    ...(cpu && { cpuQuotaUs: milliCpuToQuotaUs(milliValue(cpu)) }),
    ...(memory && { memoryBytes: quantityValue(memory) }),
    ...(maxPids !== undefined && { pids: maxPids }),
  };
}

/** Whether there is a limit on all of a pod: its own, or one on each of its containers. */
export function isLimited(pod: Pod, resource: string): boolean {
  const own = readSums(pod.spec.resources?.limits).get(resource);
  if (own) return quantitySign(own) > 0;
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return all.every((c) => {
    const limit = readSums(c.resources?.limits).get(resource);
    return limit !== undefined && quantitySign(limit) > 0;
  });
}
