import type { Pod, PodStatus } from '../../api/core/v1.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { formatQuantity, milliValue, quantityOf, quantityValue } from '../../machinery/quantity.ts';
import { type Sums, writeSums } from '../../machinery/resource-sums.ts';
import { milliCpuToQuotaUs, milliCpuToShares, quotaToMilliCpu, sharesToMilliCpu } from '../cgroups/cpu.ts';
import { type CgroupLimits, isLimited } from '../cgroups/pod-cgroup.ts';

/**
 * What the node has set aside for a pod as a whole, and what is in force: that of the pod's cgroup wherever it is something else
 * than what is set aside comes to, as while a resize is under way. Where nothing is said for the whole, it is what the containers
 * come to; limits only of what all of them limit. (KEP-5419)
 */
export function podResourcesStatus(
  pod: Pod,
  cgroup: CgroupLimits | undefined,
): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  const requests = specSums(pod.spec, 'requests');
  const limits = new Map([...specSums(pod.spec, 'limits')].filter(([name]) => isLimited(pod, name)));
  const inForce = { requests: writeSums(requests), limits: writeSums(limits) };
  if (cgroup) correct(inForce, { requests, limits, cgroup });
  return {
    ...(requests.size > 0 && { allocatedResources: writeSums(requests) }),
    resources: {
      ...(limits.size > 0 && { limits: inForce.limits }),
      ...(requests.size > 0 && { requests: inForce.requests }),
    },
  };
}

type Lists = Record<'requests' | 'limits', Record<string, string>>;

function correct(
  lists: Lists,
  { requests, limits, cgroup }: { requests: Sums; limits: Sums; cgroup: CgroupLimits },
): void {
  const { cpuShares, cpuQuotaUs, memoryBytes } = cgroup;
  const [cpu, cpuLimit, memory] = [requests.get('cpu'), limits.get('cpu'), limits.get('memory')];
  if (cpu && milliCpuToShares(milliValue(cpu)) !== cpuShares)
    lists.requests.cpu = formatMilli(sharesToMilliCpu(cpuShares));
  if (cpuLimit && cpuQuotaUs && milliCpuToQuotaUs(milliValue(cpuLimit)) !== cpuQuotaUs)
    lists.limits.cpu = formatMilli(quotaToMilliCpu(cpuQuotaUs));
  if (memory && memoryBytes && quantityValue(memory) !== memoryBytes)
    lists.limits.memory = formatQuantity(quantityOf(memoryBytes, 'BinarySI'));
}

const formatMilli = (milli: number) => formatQuantity(quantityOf(milli, 'DecimalSI', -3));
