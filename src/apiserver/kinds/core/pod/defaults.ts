import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../../api/core/v1.ts';
import { formatQuantity } from '../../../../machinery/quantity.ts';
import { containerSum } from '../../pod-spec/container-sum.ts';
import { defaultPodSpec } from '../../pod-spec/defaults.ts';
import type { ResourceList } from '../../pod-spec/resource-lists.ts';
import { isHugePages } from '../../pod-spec/validation/resource-names.ts';

/** Fills in a pod: what every pod spec gets, and what templates do not get. */
export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] };
  defaultPodSpec(pod.spec);
  allowGrace(pod.spec);
  for (const container of workers(pod.spec)) requestWhatIsLimited(container);
  defaultPodResources(pod.spec);
  pod.spec.enableServiceLinks ??= true;
  if (pod.spec.hostNetwork) publishPorts(pod.spec);
  defaultPodStatus(pod);
}

/** A negative grace period counts as one second. Templates keep what they say: a change would roll everything out anew. */
function allowGrace(spec: PodSpec): void {
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
}

const workers = (spec: PodSpec): Container[] => [...(spec.initContainers ?? []), ...spec.containers];

function requestWhatIsLimited({ resources }: Container): void {
  if (resources && has(resources.limits)) resources.requests = { ...resources.limits, ...resources.requests };
}

const forPods = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name);

/** Where a pod as a whole is limited, or requests: what is left out follows from its containers. */
function defaultPodResources(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  limitHugePages(spec, resources);
  if (has(resources.limits)) requestForPod(spec, resources);
  else if (has(resources.requests)) limitForPod(spec, resources);
}

const has = (list: ResourceList | undefined): list is ResourceList => Object.keys(list ?? {}).length > 0;

function limitHugePages(spec: PodSpec, resources: ResourceRequirements): void {
  if (!has(resources.limits) && !has(resources.requests)) return;
  for (const [name, sum] of containerSum(spec, 'limits')) {
    if (
      !isHugePages(name) ||
      resources.requests?.[name] !== undefined ||
      resources.limits?.[name] !== undefined
    )
      continue;
    resources.limits = { ...resources.limits, [name]: formatQuantity(sum) };
  }
}

function requestForPod(spec: PodSpec, resources: ResourceRequirements): void {
  const requests: ResourceList = { ...resources.requests };
  for (const [name, sum] of containerSum(spec, 'requests')) {
    if (forPods(name) && !isHugePages(name)) requests[name] ??= formatQuantity(sum);
  }
  for (const [name, limit] of Object.entries(resources.limits ?? {}))
    if (forPods(name)) requests[name] ??= limit;
  if (has(requests)) resources.requests = requests;
}

function limitForPod(spec: PodSpec, resources: ResourceRequirements): void {
  const everywhere = (name: string) => workers(spec).every((c) => c.resources?.limits?.[name] !== undefined);
  for (const [name, sum] of containerSum(spec, 'limits')) {
    if (!forPods(name) || isHugePages(name) || !everywhere(name)) continue;
    resources.limits = { ...resources.limits, [name]: formatQuantity(sum) };
  }
}

/** On the node's network a container's ports are the node's. */
function publishPorts(spec: PodSpec): void {
  for (const container of workers(spec)) {
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
}

/** `podIP` is the first of `podIPs`, whichever of the two is given. */
export function defaultPodStatus(pod: Pod): void {
  pod.status ??= {};
  const { status } = pod;
  const first = status.podIPs?.[0]?.ip;
  if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }];
  else if (!status.podIP && first) status.podIP = first;
}
