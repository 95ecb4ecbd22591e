import type { ContainerStatus, Pod, PodStatus } from '../../api/core/v1.ts';
import { anyStarted } from '../status/phase.ts';
import { isStaticPod, isTerminalPhase } from './pod-kinds.ts';

const unknownEnd = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
};

/** The last word on a pod of which nothing runs any more: no container is left without an end, nor the pod itself. */
export function finalStatus(pod: Pod, status: PodStatus): PodStatus {
  const regular = status.containerStatuses ?? [];
  const ended = anyStarted(regular) ? regular.map(withEnd) : regular;
  const phase = isTerminalPhase(status.phase) || isStaticPod(pod) ? status.phase : 'Failed';
  return { ...status, phase, containerStatuses: ended };
}

function withEnd(status: ContainerStatus): ContainerStatus {
  if (status.state?.terminated) return status;
  return { ...status, ready: false, started: false, state: { terminated: unknownEnd } };
}

/** What a pod says that was not let in. */
export function rejectedStatus(pod: Pod, why: { reason: string; message: string }, now: string): PodStatus {
  return {
    phase: 'Failed',
    reason: why.reason,
    message: `Pod was rejected: ${why.message}`,
    startTime: pod.status?.startTime ?? now,
    qosClass: pod.status?.qosClass,
    conditions: pod.status?.conditions,
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
  };
}
