import type { Container, ContainerStatus, VolumeMountStatus } from '../../api/core/v1.ts';
import { formatQuantity, quantityOf } from '../../machinery/quantity.ts';
import { containerAmounts } from '../pods/resources.ts';
import type { RuntimeContainer } from '../pods/runtime-pod.ts';

type Details = Pick<ContainerStatus, 'allocatedResources' | 'resources'>;

/** What the node has set aside for the container, and the limits that are in force. */
export function resourcesStatus(container: Container, from: RuntimeContainer): Details {
  if (from.state !== 'running') return container.resources ? { resources: container.resources } : {};
  const requests = containerAmounts(container.resources, 'requests');
  if (requests.size === 0) return { resources: container.resources ?? {} };
  const allocatedResources = Object.fromEntries([...requests].map(([name, q]) => [name, formatQuantity(q)]));
  const limits = { ...container.resources?.limits };
  const memory = from.resources?.memoryLimitBytes;
  if (memory && limits.memory !== undefined && !sameBytes(limits.memory, memory))
    limits.memory = formatQuantity(quantityOf(memory, 'BinarySI'));
  const hasLimits = Object.keys(limits).length > 0;
  return { allocatedResources, resources: { ...(hasLimits && { limits }), requests: allocatedResources } };
}

const sameBytes = (quantity: string, bytes: number): boolean =>
  formatQuantity(quantityOf(bytes, 'BinarySI')) === quantity ||
  containerAmounts({ limits: { memory: quantity } }, 'limits').get('memory')?.unscaled === BigInt(bytes);

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
