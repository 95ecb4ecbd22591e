import type { ContainerImage, Node, NodeCondition, NodeStatus, NodeSystemInfo } from '../../api/core/v1.ts';
import {
  canonicalQuantity,
  formatQuantity,
  parseQuantity,
  quantityOf,
  quantitySign,
  subtractQuantities,
} from '../../machinery/quantity.ts';
import { kubernetesVersion } from '../../machinery/kubernetes-version.ts';
import type { NodeIdentity } from '../config.ts';
import type { Image, RuntimeStatus, RuntimeVersion } from '../runtimes/types.ts';
import type { FileSystemSpace } from '../../platform/host-calls.ts';
import type { HostFacts } from './node-host.ts';

const defaultMaxPods = 110;
const mostImages = 50;
const mostNamesPerImage = 5;

type Resources = Record<string, string>;

/**
 * Everything there is of each resource. What the node's settings say wins. In the form in which the API server gives
 * quantities back, so that what has not changed looks the same.
 */
export function nodeCapacity(facts: HostFacts, disk: FileSystemSpace, identity: NodeIdentity): Resources {
  const capacity = {
    cpu: String(facts.cpus),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(disk.capacityBytes / 1024)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: String(identity.maxPods ?? defaultMaxPods),
    ...identity.capacity,
  };
  return Object.fromEntries(
    Object.entries(capacity).map(([name, amount]) => [name, canonicalQuantity(amount)]),
  );
}

/** What others say that the node has, such as dongles: resources of a domain that is not Kubernetes' own. */
export function foreignCapacity(capacity: NodeStatus['capacity'] = {}): Resources {
  const isForeign = (name: string) => name.includes('/') && !name.includes('kubernetes.io/');
  return Object.fromEntries(
    Object.entries(capacity).flatMap(([name, amount]) => (isForeign(name) ? [[name, String(amount)]] : [])),
  );
}

/** What pods may ask for: capacity less what is kept back, never below nothing. */
export function nodeAllocatable(capacity: Resources, reserved: Resources = {}): Resources {
  const left = Object.entries(capacity).map(([name, total]) => {
    const kept = reserved[name];
    if (kept === undefined) return [name, total];
    const rest = subtractQuantities(parseQuantity(total), parseQuantity(kept));
    return [name, formatQuantity(quantitySign(rest) < 0 ? quantityOf(0) : rest)];
  });
  return Object.fromEntries(left) as Resources;
}

/** The labels that every node carries. */
export function nodeLabels(
  nodeName: string,
  facts: HostFacts,
  identity: NodeIdentity,
): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': facts.operatingSystem,
    'kubernetes.io/arch': facts.architecture,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': facts.operatingSystem,
    ...identity.labels,
  };
}

/** The node as it is first registered; `status` is what is known by then. */
export function newNode(input: {
  nodeName: string;
  facts: HostFacts;
  identity: NodeIdentity;
  status: NodeStatus;
}): Node {
  const { nodeName, facts, identity, status } = input;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      labels: nodeLabels(nodeName, facts, identity),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {
      ...(identity.providerId && { providerID: identity.providerId }),
      ...(identity.taints && identity.taints.length > 0 && { taints: identity.taints }),
    },
    status,
  };
}

export function systemInfo(facts: HostFacts, runtime: RuntimeVersion): NodeSystemInfo {
  return {
    machineID: facts.machineId,
    systemUUID: facts.systemUuid,
    bootID: facts.bootId,
    kernelVersion: facts.kernelVersion,
    osImage: facts.osImage,
    containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
    kubeletVersion: kubernetesVersion,
    kubeProxyVersion: '',
    operatingSystem: facts.operatingSystem,
    architecture: facts.architecture,
  };
}

/** The largest images first, as many as upstream lists. */
export function imageList(images: Image[]): ContainerImage[] {
  const bySize = [...images].sort((a, b) => b.sizeBytes - a.sizeBytes);
  return bySize.slice(0, mostImages).map(({ digests, tags, sizeBytes }) => ({
    names: [...digests, ...tags].slice(0, mostNamesPerImage),
    sizeBytes,
  }));
}

/** What the conditions of a node follow from. */
export interface NodeHealth {
  /** Why pods cannot run, sentence by sentence; none when they can. */
  troubles: string[];
  memoryPressure: boolean;
  diskPressure: boolean;
  pidPressure: boolean;
}

/** The conditions of a node; each keeps the time of its last change. */
export function nodeConditions(
  health: NodeHealth,
  old: NodeCondition[] | undefined,
  now: string,
): NodeCondition[] {
  const ready = health.troubles.length === 0;
  const conditions: Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>[] = [
    { type: 'MemoryPressure', ...pressures.memory[yesNo(health.memoryPressure)] },
    { type: 'DiskPressure', ...pressures.disk[yesNo(health.diskPressure)] },
    { type: 'PIDPressure', ...pressures.pid[yesNo(health.pidPressure)] },
    {
      type: 'Ready',
      status: ready ? 'True' : 'False',
      reason: ready ? 'KubeletReady' : 'KubeletNotReady',
      message: ready ? 'kubelet is posting ready status' : health.troubles.join(', '),
    },
  ];
  return conditions.map((condition) => {
    const before = old?.find((c) => c.type === condition.type);
    const same = before?.status === condition.status && before.lastTransitionTime;
    return { ...condition, lastHeartbeatTime: now, lastTransitionTime: same || now };
  });
}

const yesNo = (is: boolean) => (is ? 'yes' : 'no');
const said = (status: string, reason: string, message: string) => ({ status, reason, message });

/** In upstream's words. */
const pressures = {
  memory: {
    yes: said('True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'),
    no: said('False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
  },
  disk: {
    yes: said('True', 'KubeletHasDiskPressure', 'kubelet has disk pressure'),
    no: said('False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
  },
  pid: {
    yes: said('True', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available'),
    no: said('False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
  },
};

/** Why the runtime is not ready for pods. */
export function runtimeTroubles(status: RuntimeStatus | undefined): { runtime?: string; network?: string } {
  if (!status) return { runtime: 'container runtime is down' };
  const of = (type: string) => status.conditions.find((c) => c.type === type);
  const words = (type: string, name: string) => {
    const condition = of(type);
    if (condition?.status) return undefined;
    if (!condition) return `${name} not ready: condition ${type} is missing`;
    return `${name} not ready: ${type}=false reason:${condition.reason} message:${condition.message}`;
  };
  return {
    runtime: words('RuntimeReady', 'container runtime'),
    network: words('NetworkReady', 'container runtime network'),
  };
}
