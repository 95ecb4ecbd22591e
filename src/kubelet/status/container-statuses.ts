import type {
  Container,
  ContainerState,
  ContainerStatus,
  EphemeralContainer,
  Pod,
} from '../../api/core/v1.ts';
import { formatTime } from '../../platform/clock.ts';
import { isSidecar } from '../pods/pod-kinds.ts';
import { wantsStart } from '../pods/restart.ts';
import type { RuntimeContainer, RuntimePod } from '../pods/runtime-pod.ts';
import { mountStatuses, resourcesStatus } from './container-details.ts';

/** Why a container was last not started: the reason and message that its waiting state shows. */
export interface StartFailure {
  reason: string;
  message: string;
}

/** Which of the three lists of a pod. */
export type ContainerKind = 'init' | 'regular' | 'ephemeral';

export interface StatusInput {
  pod: Pod;
  runtime: RuntimePod;
  /** What the API has, or what was last made for it. */
  old: ContainerStatus[] | undefined;
  /** Such as `containerd`: the scheme of container ids. */
  runtimeName: string;
  failureOf(containerName: string): StartFailure | undefined;
  /** All containers are being cleared away, to start over. */
  restartsAll: boolean;
}

/** Why a container is not there whose pod starts over as a whole, and how its last run ended. */
export const restartingAll = 'RestartingAllContainers';
const cleared = {
  reason: restartingAll,
  message: 'The container is removed because RestartAllContainers in place',
};

const listOf = (pod: Pod, kind: ContainerKind): (Container | EphemeralContainer)[] => {
  if (kind === 'init') return pod.spec.initContainers ?? [];
  return kind === 'regular' ? pod.spec.containers : (pod.spec.ephemeralContainers ?? []);
};

/** The statuses of one of the pod's lists, in the order of the spec. Readiness is filled in later. */
export function containerStatuses(input: StatusInput, kind: ContainerKind): ContainerStatus[] {
  return listOf(input.pod, kind).map((container) => containerStatus(input, container, kind));
}

function containerStatus(input: StatusInput, container: Container, kind: ContainerKind): ContainerStatus {
  const old = input.old?.find((s) => s.name === container.name);
  const instances = input.runtime.containers.filter((c) => c.name === container.name);
  const [newest, previous] = instances;
  const status = newest ? fromRuntime(input, container, newest) : fromOld(input, container, old);
  if (newest && previous && hasEnded(previous)) status.lastState = stateOf(previous, input.runtimeName);
  else if (newest && old?.lastState && sameRun(old, newest)) status.lastState = old.lastState;
  return kind === 'ephemeral' ? status : withFailure(input, container, kind, status);
}

const hasInit = (pod: Pod) => (pod.spec.initContainers?.length ?? 0) > 0;
/** One that the runtime has lost sight of is over as well: another was started in its place. */
const hasEnded = ({ state }: RuntimeContainer) => state === 'exited' || state === 'unknown';
const sameRun = (old: ContainerStatus, newest: RuntimeContainer) => old.restartCount === newest.restartCount;

function fromRuntime(input: StatusInput, container: Container, from: RuntimeContainer): ContainerStatus {
  const { runtimeName } = input;
  return {
    name: container.name,
    state: stateOf(from, runtimeName),
    lastState: {},
    ready: false,
    restartCount: from.restartCount,
    image: from.image || (container.image ?? ''),
    imageID: from.imageRef,
    containerID: `${runtimeName}://${from.id}`,
    ...(container.lifecycle?.stopSignal && { stopSignal: container.lifecycle.stopSignal }),
    ...resourcesStatus(container, from),
    ...mountStatuses(container),
    ...(from.user && { user: { linux: from.user } }),
  };
}

/** Nothing in the runtime: still to come, or gone. */
function fromOld(
  { pod, restartsAll }: StatusInput,
  container: Container,
  old: ContainerStatus | undefined,
): ContainerStatus {
  const isCleared = restartsAll && old?.containerID !== undefined;
  if (old?.state?.terminated && !isCleared) return { ...old, ready: false };
  const status: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason: hasInit(pod) ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: old?.lastState ?? {},
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
    ...mountStatuses(container),
  };
  if (isCleared)
    return {
      ...status,
      state: { waiting: cleared },
      lastState: { terminated: { exitCode: 137, ...cleared } },
      restartCount: status.restartCount + 1,
    };
  if (!old?.state?.running || old.lastState?.terminated) return status;
  const gone = {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was deleted.  The container used to be Running',
    startedAt: undefined,
    finishedAt: undefined,
  };
  const restarted = pod.metadata.deletionTimestamp ? 0 : 1;
  return { ...status, lastState: { terminated: gone }, restartCount: status.restartCount + restarted };
}

function stateOf(from: RuntimeContainer, runtimeName: string): ContainerState {
  const time = (ms: number | undefined) => (ms ? formatTime(ms) : undefined);
  if (from.state === 'running') return { running: { startedAt: time(from.startedAtMs) } };
  if (from.state === 'created') return { waiting: {} };
  // What never ran started at the epoch: so runtimes tell it, and so it is shown.
  const times = { startedAt: formatTime(from.startedAtMs ?? 0), finishedAt: time(from.finishedAtMs) };
  const containerID = `${runtimeName}://${from.id}`;
  if (from.state === 'unknown') {
    const message = 'The container could not be located when the pod was terminated';
    return {
      terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message, ...times, containerID },
    };
  }
  const exitCode = from.exitCode ?? 0;
  const reason = from.reason || (exitCode === 0 ? 'Completed' : 'Error');
  const message = from.message || undefined;
  return { terminated: { exitCode, reason, ...(message && { message }), ...times, containerID } };
}

/** A container that is to be started but could not be shows why, and its last end beside that. */
function withFailure(
  input: StatusInput,
  container: Container,
  kind: ContainerKind,
  status: ContainerStatus,
): ContainerStatus {
  const endedWell = kind === 'init' && !isSidecar(container) && status.state?.terminated?.exitCode === 0;
  if (endedWell || !wantsStart(input.pod, container, input.runtime)) return status;
  const failure = input.failureOf(container.name);
  if (!failure) return status;
  const lastState = status.state?.terminated ? { terminated: status.state.terminated } : status.lastState;
  return { ...status, lastState, state: { waiting: { ...failure } } };
}
