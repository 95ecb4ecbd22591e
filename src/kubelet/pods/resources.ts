import type { Pod, ResourceRequirements } from '../../api/core/v1.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { addSums, readSums, type Sums } from '../../machinery/resource-sums.ts';

type Side = 'requests' | 'limits';

/** What a container asks for; a request that is missing is the limit. */
export function containerAmounts(resources: ResourceRequirements | undefined, side: Side): Sums {
  const limits = readSums(resources?.limits);
  if (side === 'limits') return limits;
  return new Map([...limits, ...readSums(resources?.requests)]);
}

/** What the pod takes up as a whole. */
export const podAmounts = (pod: Pod, side: Side): Sums => specSums(pod.spec, side, containerAmounts);

/** What pods ask for together. */
export const totalRequests = (pods: readonly Pod[]): Sums =>
  pods.map((pod) => podAmounts(pod, 'requests')).reduce<Sums>(addSums, new Map());
