import type { PodSpec } from '../../../api/core/v1.ts';
import { containerSums } from '../../../machinery/pod-sums.ts';
import { isQuantity } from '../../../machinery/quantity.ts';
import { readSums, type Sums } from '../../../machinery/resource-sums.ts';

/** What all containers of a pod need together at their hungriest moment; what is no quantity does not count. */
export function containerSum(spec: PodSpec, of: 'requests' | 'limits'): Sums {
  return containerSums(spec, ({ resources }) => {
    const valid = Object.entries(resources?.[of] ?? {}).filter(([, amount]) => isQuantity(amount));
    return readSums(Object.fromEntries(valid));
  });
}
