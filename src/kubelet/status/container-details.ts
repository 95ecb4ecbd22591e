import type { Container, ContainerStatus, VolumeMountStatus } from '../../api/core/v1.ts';
import { formatQuantity, milliValue, quantityOf, quantityValue } from '../../machinery/quantity.ts';
import { readSums } from '../../machinery/resource-sums.ts';
import { milliCpuToQuotaUs, milliCpuToShares, quotaToMilliCpu, sharesToMilliCpu } from '../cgroups/cpu.ts';
import type { RuntimeContainer } from '../pods/runtime-pod.ts';

type Details = Pick<ContainerStatus, 'allocatedResources' | 'resources'>;

/**
 * What the node has set aside for the container, and what is in force: that of the runtime wherever it is something else than
 * the container's own quantities come to, as while a change of them is under way.
 */
export function resourcesStatus(container: Container, from: RuntimeContainer): Details {
  if (from.state !== 'running') return container.resources ? { resources: container.resources } : {};
  const requests = readSums(container.resources?.requests);
  if (requests.size === 0) return { resources: container.resources ?? {} };
  const allocatedResources = Object.fromEntries([...requests].map(([name, q]) => [name, formatQuantity(q)]));
  const inForce = { requests: { ...allocatedResources }, limits: { ...container.resources?.limits } };
  const { cpuShares, cpuQuotaUs, memoryLimitBytes } = from.resources ?? {};
  const [requestedMilli, limitMilli] = [inForce.requests.cpu, inForce.limits.cpu].map(milliOf);
  if (requestedMilli && cpuShares && milliCpuToShares(requestedMilli) !== cpuShares)
    inForce.requests.cpu = formatMilli(sharesToMilliCpu(cpuShares));
  if (limitMilli && cpuQuotaUs && milliCpuToQuotaUs(limitMilli) !== cpuQuotaUs) {
    if (cpuQuotaUs > 0)
      inForce.limits.cpu = formatMilli(quotaToMilliCpu(cpuQuotaUs, from.resources?.cpuPeriodUs));
    else delete inForce.limits.cpu;
  }
  const { memory } = inForce.limits;
  if (memory !== undefined && memoryLimitBytes && quantityValue(memory) !== memoryLimitBytes)
    inForce.limits.memory = formatQuantity(quantityOf(memoryLimitBytes, 'BinarySI'));
  const hasLimits = Object.keys(inForce.limits).length > 0;
  return {
    allocatedResources,
    resources: { ...(hasLimits && { limits: inForce.limits }), requests: inForce.requests },
  };
}

const milliOf = (quantity: string | undefined) => (quantity === undefined ? undefined : milliValue(quantity));

const formatMilli = (milli: number) => formatQuantity(quantityOf(milli, 'DecimalSI', -3));

/** How each of the container's volumes is mounted. */
export function mountStatuses(container: Container): Pick<ContainerStatus, 'volumeMounts'> {
  const volumeMounts = (container.volumeMounts ?? []).map(
    ({ name, mountPath, readOnly, recursiveReadOnly }): VolumeMountStatus => ({
      name,
      mountPath,
      ...(readOnly && {
        readOnly: true,
        recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled',
      }),
    }),
  );
  return volumeMounts.length > 0 ? { volumeMounts } : {};
}
