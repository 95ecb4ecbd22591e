import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
  ResourceStatus,
} from '../../api/core/v1.ts';
import type { CgroupLimits } from '../cgroups/pod-cgroup.ts';
import { isSidecar, isTerminalPhase } from '../pods/pod-kinds.ts';
import { qosClassOf } from '../../machinery/qos.ts';
import { hostNetworkIps, inNodeOrder } from '../pods/pod-ips.ts';
import { podIpsOf, type RuntimePod } from '../pods/runtime-pod.ts';
import { planSandbox } from '../pods/plan.ts';
import { mayRestartAll, restartsAll, toClear } from '../pods/restart-all.ts';
import {
  disruptionTarget,
  ownConditions,
  passingConditions,
  podConditions,
  restartingVerdict,
} from './conditions.ts';
import { type ContainerKind, containerStatuses, type StartFailure } from './container-statuses.ts';
import { type PodPhase, podPhase } from './phase.ts';
import { podResourcesStatus } from './pod-resources.ts';

/** What the probes and hooks know of running containers; undefined while they have not decided. */
export interface ReadinessView {
  startup(containerId: string): boolean | undefined;
  readiness(containerId: string): boolean | undefined;
}

export interface PodStatusInput {
  pod: Pod;
  runtime: RuntimePod;
  /** What was last made of it, or what the API has. */
  previous: PodStatus;
  readiness: ReadinessView;
  failureOf(containerName: string): StartFailure | undefined;
  /** Such as `containerd`. */
  runtimeName: string;
  hostIps: string[];
  /** Nothing of the pod will be started again. */
  ending: boolean;
  /** Drivers still have devices set up for it: who waits for its end may want these. */
  holdsClaims?: boolean;
  /** What there is to say about a change of the pod's resources. */
  resize?: PodCondition[];
  /** What the pod's cgroup holds; undefined where there is none. */
  cgroup?: CgroupLimits;
  /** How the devices of a container are. */
  devicesOf?(containerName: string): ResourceStatus[];
  /** The pod was ended for this reason: once nothing of it runs, this wins over what the containers tell. */
  verdict?: { phase: PodPhase; reason: string; message: string; condition?: PodCondition };
}

/** The status of a pod as the API shows it; condition times and `startTime` are set when it is written. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, previous, runtime } = input;
  const isRestarting = restartsAll(pod, runtime, previous);
  const init = statusesOf(input, 'init', isRestarting);
  const regular = statusesOf(input, 'regular', isRestarting).map((status) => withDevices(input, status));
  const ephemeral = statusesOf(input, 'ephemeral', isRestarting);
  // Whoever counts on the end of a pod, such as a Job that replaces it, must not meet its containers still at work, nor its devices in use.
  const isAtWork =
    input.holdsClaims === true || [...init, ...regular, ...ephemeral].some((status) => status.state?.running);
  const verdict = isAtWork ? undefined : input.verdict;
  const phase = phaseOf({ ...input, verdict }, { init, regular, isAtWork });
  const said = verdict ?? (phase === previous.phase ? previous : undefined);
  const existing = conditionsOfOthers(pod, previous);
  const hasSandbox = !planSandbox(pod, runtime).create;
  const wasInitialized = isTrue(previous, 'Initialized');
  const own = podConditions({ pod, phase, init, regular, hasSandbox, wasInitialized, existing });
  if (mayRestartAll(pod.spec))
    own.push(restartingVerdict(phase, isRestarting && toClear(pod, runtime).length > 0));
  return {
    phase,
    conditions: mergeConditions(existing, [...own, ...(input.resize ?? [])], input.verdict?.condition),
    ...(said?.reason && { reason: said.reason }),
    ...(said?.message && { message: said.message }),
    ...addresses(input),
    ...(previous.startTime && { startTime: previous.startTime }),
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: regular,
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
    qosClass: qosClassOf(pod),
    ...podResourcesStatus(pod, input.cgroup),
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  };
}

/** As upstream, only for containers that are there for as long as the pod. (KEP-4680) */
function withDevices({ devicesOf }: PodStatusInput, status: ContainerStatus): ContainerStatus {
  const allocatedResourcesStatus = devicesOf?.(status.name) ?? [];
  return allocatedResourcesStatus.length > 0 ? { ...status, allocatedResourcesStatus } : status;
}

/** What others say of the pod, as the API has it, and what this kubelet said when it ended the pod. */
function conditionsOfOthers(pod: Pod, previous: PodStatus): PodCondition[] {
  const isOther = (c: PodCondition) =>
    ![...ownConditions, ...passingConditions].some((type) => type === c.type);
  const others = (pod.status?.conditions ?? []).filter(isOther);
  const said = (previous.conditions ?? []).filter((c) => c.type === disruptionTarget);
  return [...others.filter((c) => !said.some((s) => s.type === c.type)), ...said];
}

interface Statuses {
  init: ContainerStatus[];
  regular: ContainerStatus[];
  /** Whether any of the pod's containers runs, or devices are set up for them. */
  isAtWork: boolean;
}

/** A pod that has come to its end never goes back; it comes there once nothing of it runs, sidecars neither. */
function phaseOf(input: PodStatusInput, { init, regular, isAtWork }: Statuses): PodPhase {
  const { pod, previous, verdict, ending } = input;
  if (verdict) return verdict.phase;
  const before = [previous.phase, pod.status?.phase].find(isTerminalPhase);
  if (before) return before as PodPhase;
  const phase = podPhase({ pod, init, regular, ending });
  if (!isAtWork || !isTerminalPhase(phase)) return phase;
  return (previous.phase as PodPhase | undefined) ?? 'Running';
}

/** Whether none of a pod's containers is to run any more; sidecars may be left, which nobody needs then. */
export function isOver(pod: Pod, { phase, initContainerStatuses, containerStatuses }: PodStatus): boolean {
  const [init, regular] = [initContainerStatuses ?? [], containerStatuses ?? []];
  return isTerminalPhase(phase) || isTerminalPhase(podPhase({ pod, init, regular, ending: false }));
}

function mergeConditions(
  others: PodCondition[],
  own: PodCondition[],
  extra: PodCondition | undefined,
): PodCondition[] {
  return [...own, ...(extra ? [extra] : []), ...others.filter((c) => c.type !== extra?.type)];
}

const isTrue = ({ conditions }: PodStatus, type: string) =>
  conditions?.some((c) => c.type === type && c.status === 'True') === true;

function statusesOf(input: PodStatusInput, kind: ContainerKind, restartsAll: boolean): ContainerStatus[] {
  const { pod, previous, runtime, runtimeName, failureOf } = input;
  const old = {
    init: previous.initContainerStatuses,
    regular: previous.containerStatuses,
    ephemeral: previous.ephemeralContainerStatuses,
  }[kind];
  const statuses = containerStatuses({ pod, runtime, old, runtimeName, failureOf, restartsAll }, kind);
  if (kind === 'ephemeral') return statuses;
  const containers = kind === 'init' ? (pod.spec.initContainers ?? []) : pod.spec.containers;
  return statuses.map((status, i) =>
    withReadiness(status, containers[i] as Container, kind === 'init', input.readiness),
  );
}

function withReadiness(
  status: ContainerStatus,
  container: Container,
  isInit: boolean,
  view: ReadinessView,
): ContainerStatus {
  if (isInit && !isSidecar(container))
    return { ...status, started: false, ready: status.state?.terminated?.exitCode === 0 };
  const id = status.containerID?.split('://')[1] ?? '';
  const running = status.state?.running !== undefined;
  const started = running && (container.startupProbe ? view.startup(id) === true : true);
  const ready = started && (container.readinessProbe ? view.readiness(id) === true : true);
  return { ...status, started, ready };
}

function addresses({ pod, runtime, previous, hostIps }: PodStatusInput): PodStatus {
  const before = (previous.podIPs ?? []).map((p) => p.ip);
  const own = pod.spec.hostNetwork
    ? hostNetworkIps(before, hostIps)
    : inNodeOrder(podIpsOf(runtime), hostIps);
  const known = own.length > 0 ? own : before;
  return {
    ...(hostIps[0] && { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(known[0] && { podIP: known[0], podIPs: known.map((ip) => ({ ip })) }),
  };
}
