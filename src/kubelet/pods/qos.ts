import type { Container, Pod, ResourceRequirements } from '../../api/core/v1.ts';
import { compareQuantities, quantitySign } from '../../machinery/quantity.ts';
import type { Sums } from '../../machinery/resource-sums.ts';
import { containerAmounts } from './resources.ts';

/** How well a pod is served when the node runs short. */
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const computeResources = ['cpu', 'memory'];

const given = (amounts: Sums): Sums =>
  new Map([...amounts].filter(([name, q]) => computeResources.includes(name) && quantitySign(q) > 0));

/** Whether each of cpu and memory is limited and asked for in full. */
function isGuaranteed(resources: ResourceRequirements | undefined): boolean {
  const limits = given(containerAmounts(resources, 'limits'));
  const requests = given(containerAmounts(resources, 'requests'));
  return computeResources.every((name) => {
    const limit = limits.get(name);
    const request = requests.get(name);
    return limit !== undefined && request !== undefined && compareQuantities(limit, request) === 0;
  });
}

function asksForNothing(resources: ResourceRequirements | undefined): boolean {
  return (
    given(containerAmounts(resources, 'limits')).size +
      given(containerAmounts(resources, 'requests')).size ===
    0
  );
}

/** The class as the API server gave it, or as it follows from what the pod asks for. */
export function qosClassOf(pod: Pod): QosClass {
  if (pod.status?.qosClass) return pod.status.qosClass as QosClass;
  const own = pod.spec.resources;
  const containers: Pick<Container, 'resources'>[] =
    own && !asksForNothing(own)
      ? [{ resources: own }]
      : [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  if (containers.every((c) => asksForNothing(c.resources))) return 'BestEffort';
  return containers.every((c) => isGuaranteed(c.resources)) ? 'Guaranteed' : 'Burstable';
}
