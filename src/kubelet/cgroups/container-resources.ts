import type { Container, Pod } from '../../api/core/v1.ts';
import { milliValue, quantitySign, quantityValue } from '../../machinery/quantity.ts';
import { readSums } from '../../machinery/resource-sums.ts';
import type { LinuxResources } from '../runtimes/types.ts';
import { cpuPeriodUs, milliCpuToQuotaUs, milliCpuToShares } from './cpu.ts';
import { oomScoreAdj } from './oom-score.ts';

/** What a container may take, in the kernel's units. Swap is never given: memory with swap equals memory. */
export function containerResources(
  pod: Pod,
  container: Container,
  node: { memoryBytes: number; cgroupVersion: 1 | 2 },
): LinuxResources {
  const requests = readSums(container.resources?.requests);
  const limits = readSums(container.resources?.limits);
  const cpu = requests.get('cpu');
  // A container without a limit of its own is held by that of the pod.
  const whole = readSums(pod.spec.resources?.limits);
  const limitOf = (resource: string) => {
    const own = limits.get(resource);
    return own && quantitySign(own) > 0 ? own : whole.get(resource);
  };
  const cpuLimit = limitOf('cpu');
  const memory = limitOf('memory');
  const memoryLimitBytes = memory ? quantityValue(memory) : 0;
  return {
    cpuShares: milliCpuToShares(cpu ? milliValue(cpu) : 0),
    cpuPeriodUs,
    cpuQuotaUs: milliCpuToQuotaUs(cpuLimit ? milliValue(cpuLimit) : 0),
    oomScoreAdj: oomScoreAdj(pod, container, node.memoryBytes),
    ...(memoryLimitBytes > 0 && { memoryLimitBytes, memorySwapLimitBytes: memoryLimitBytes }),
    ...(node.cgroupVersion === 2 && { unified: { 'memory.oom.group': '1' } }),
  };
}
