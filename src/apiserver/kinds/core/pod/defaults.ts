import type { Container, Pod, PodSpec } from '../../../../api/core/v1.ts';
import { defaultPodSpec } from '../../pod-spec/defaults.ts';

/** Fills in a pod: what every pod spec gets, and what templates do not get. */
export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] };
  defaultPodSpec(pod.spec);
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  for (const container of containers) requestWhatIsLimited(container);
  pod.spec.enableServiceLinks ??= true;
  if (pod.spec.hostNetwork) publishPorts(pod.spec);
  pod.status ??= {};
  syncAddresses(pod);
}

function requestWhatIsLimited({ resources }: Container): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}

/** On the node's network a container's ports are the node's. */
function publishPorts(spec: PodSpec): void {
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
}

/** `podIP` is the first of `podIPs`, whichever of the two is given. */
function syncAddresses({ status }: Pod): void {
  if (!status) return;
  const first = status.podIPs?.[0]?.ip;
  if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }];
  else if (!status.podIP && first) status.podIP = first;
}
