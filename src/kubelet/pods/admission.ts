import type { Node, Pod } from '../../api/core/v1.ts';
import { featuresToRun, undeclared } from '../../machinery/node-features.ts';
import { matchesNode } from '../../machinery/node-selection.ts';
import {
  addQuantities,
  compareQuantities,
  milliValue,
  type ParsedQuantity,
  quantityOf,
  quantityValue,
} from '../../machinery/quantity.ts';
import { isDeviceResource } from '../../machinery/resource-claims.ts';
import { isRepelled, tolerates } from '../../machinery/tolerations.ts';
import { readSums, type Sums, zero } from '../../machinery/resource-sums.ts';
import { declaredFeatures } from '../config.ts';
import { isCriticalPod, isStaticPod } from './pod-kinds.ts';
import { qosClassOf } from '../../machinery/qos.ts';
import { specSums, totalRequests } from '../../machinery/pod-sums.ts';
import { sysctlTrouble } from './sysctls.ts';

/** Why a node does not take a pod in. */
export interface Rejection {
  reason: string;
  message: string;
}

export interface AdmissionInput {
  pod: Pod;
  node: Node;
  /** The pods that the node has taken in and that have not ended. */
  others: Pod[];
  /** How many devices of each resource pods have, this one too: so many the node has, whatever it says of those that have failed. */
  devices?: ReadonlyMap<string, number> | undefined;
}

/** Why a pod is turned away that cannot have the devices it asks for. */
export const withoutDevices = (error: Error): Rejection => ({
  reason: 'UnexpectedAdmissionError',
  message: `Allocate failed due to ${error.message}, which is unexpected`,
});

/** Whether the node can take the pod in, whoever sent it here. */
export function admitPod(input: AdmissionInput): Rejection | undefined {
  return (
    underPressure(input) ??
    forbiddenSysctl(input.pod) ??
    unsupported(input.pod) ??
    wrongGroups(input) ??
    outOfResources(input) ??
    mismatch(input) ??
    portConflict(input) ??
    untolerated(input)
  );
}

function forbiddenSysctl(pod: Pod): Rejection | undefined {
  const message = sysctlTrouble(pod);
  return message === undefined ? undefined : { reason: 'SysctlForbidden', message };
}

function unsupported({ spec }: Pod): Rejection | undefined {
  const missing = undeclared(featuresToRun(spec), declaredFeatures);
  if (missing.length === 0) return undefined;
  const message = `Pod requires node features that are not available: ${missing.join(', ')}`;
  return { reason: 'PodFeatureUnsupported', message };
}

/** Without the runtime's help the groups that an image names would come along after all. */
function wrongGroups({ pod, node }: AdmissionInput): Rejection | undefined {
  const policy = pod.spec.securityContext?.supplementalGroupsPolicy;
  if (policy !== 'Strict' || node.status?.features?.supplementalGroupsPolicy) return undefined;
  const message = `SupplementalGroupsPolicy=${policy} is not supported in this node`;
  return { reason: 'SupplementalGroupsPolicyNotSupported', message };
}

/** A node that is short of something takes no more in, but for what it cannot do without, or what asks for its share. */
function underPressure({ pod, node }: AdmissionInput): Rejection | undefined {
  if (isCriticalPod(pod)) return undefined;
  const is = (type: string) => node.status?.conditions?.some((c) => c.type === type && c.status === 'True');
  const short = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].filter(is);
  const memoryOnly = short.length === 1 && short[0] === 'MemoryPressure';
  const taint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };
  const tolerated = tolerates(pod.spec.tolerations, taint);
  if (short.length === 0 || (memoryOnly && (qosClassOf(pod) !== 'BestEffort' || tolerated))) return undefined;
  return { reason: 'Evicted', message: `The node had condition: [${short.join(' ')}]. ` };
}

function outOfResources({ pod, node, others, devices = new Map() }: AdmissionInput): Rejection | undefined {
  const allocatable = withAtLeast(readSums(node.status?.allocatable), devices);
  const podsAllowed = allocatable.get('pods');
  if (podsAllowed && others.length + 1 > quantityValue(podsAllowed))
    return shortOf('pods', quantityOf(1), quantityOf(others.length), podsAllowed);
  if (isCriticalPod(pod) && isStaticPod(pod)) return undefined;
  const taken = totalRequests(others);
  for (const [name, request] of specSums(pod.spec, 'requests')) {
    if (request.unscaled === 0n) continue;
    const has = allocatable.get(name) ?? quantityOf(0);
    // What the node does not have itself, claims for devices may serve.
    if (has.unscaled === 0n && isDeviceResource(name)) continue;
    const before = taken.get(name) ?? quantityOf(0);
    if (compareQuantities(addQuantities(before, request), has) > 0)
      return shortOf(name, request, before, has);
  }
  return undefined;
}

function withAtLeast(sums: Sums, counts: ReadonlyMap<string, number>): Sums {
  const more = [...counts].flatMap(([name, count]) => {
    const least = quantityOf(count);
    return compareQuantities(sums.get(name) ?? zero, least) < 0 ? [[name, least] as const] : [];
  });
  return more.length > 0 ? new Map([...sums, ...more]) : sums;
}

function shortOf(
  name: string,
  requested: ParsedQuantity,
  inUse: ParsedQuantity,
  capacity: ParsedQuantity,
): Rejection {
  const value = (q: ParsedQuantity) => (name === 'cpu' ? milliValue(q) : quantityValue(q));
  const message = `Node didn't have enough resource: ${name}, requested: ${value(requested)}, used: ${value(inUse)}, capacity: ${value(capacity)}`;
  return { reason: `OutOf${name}`, message };
}

const affinityRejection: Rejection = {
  reason: 'NodeAffinity',
  message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
};

function mismatch({ pod, node }: AdmissionInput): Rejection | undefined {
  const os = pod.spec.os?.name;
  const nodeOs = node.metadata.labels?.['kubernetes.io/os'];
  if (os && nodeOs && os !== nodeOs)
    return {
      reason: 'PodOSNotSupported',
      message: "Failed to admit pod as the OS field doesn't match node OS",
    };
  const name = node.metadata.name ?? '';
  if (pod.spec.nodeName && pod.spec.nodeName !== name)
    return {
      reason: 'NodeName',
      message: "Predicate NodeName failed: node(s) didn't match the requested node name",
    };
  return matchesNode(pod, node) ? undefined : affinityRejection;
}

function hostPortsOf(pod: Pod): { ip: string; port: number; protocol: string }[] {
  const containers = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
  ];
  return containers.flatMap((c) =>
    (c.ports ?? []).flatMap(({ hostPort, hostIP, protocol = 'TCP' }) =>
      hostPort ? [{ ip: hostIP || '0.0.0.0', port: hostPort, protocol }] : [],
    ),
  );
}

function portConflict({ pod, others }: AdmissionInput): Rejection | undefined {
  const wanted = hostPortsOf(pod);
  const taken = others.flatMap(hostPortsOf);
  const clash = wanted.some((w) =>
    taken.some(
      (t) =>
        t.port === w.port &&
        t.protocol === w.protocol &&
        (t.ip === w.ip || t.ip === '0.0.0.0' || w.ip === '0.0.0.0'),
    ),
  );
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
  return clash ? { reason: 'NodePorts', message } : undefined;
}

/** Only taints that drive pods away count here; whether a pod should come at all was the scheduler's to say. */
function untolerated({ pod, node }: AdmissionInput): Rejection | undefined {
  if (isStaticPod(pod)) return undefined;
  if (!isRepelled(node.spec.taints, pod.spec.tolerations, ['NoExecute'])) return undefined;
  const message = `Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate`;
  return { reason: 'TaintToleration', message };
}
