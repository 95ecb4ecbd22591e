import type { Container, ContainerStatus, Pod } from '../../api/core/v1.ts';
import { isSidecar, isStaticPod } from '../pods/pod-kinds.ts';
import { restartsAfter } from '../../machinery/restart-rules.ts';
import { restartingAll } from './container-statuses.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseInput {
  pod: Pod;
  init: ContainerStatus[];
  regular: ContainerStatus[];
  /** Nothing of the pod will be started again. */
  ending: boolean;
}

interface InitCount {
  pending: number;
  pendingSidecars: number;
  failed: number;
}

interface RegularCount {
  unknown: number;
  waiting: number;
  running: number;
  stopped: number;
  succeeded: number;
  restarting: number;
}

/** The last known end of a container, whether it waits to be started again or not. */
const lastEnd = (s: ContainerStatus) => s.state?.terminated ?? (s.state?.waiting && s.lastState?.terminated);

/** One word for where the pod stands, from the statuses of its containers. */
export function podPhase({ pod, init, regular, ending }: PhaseInput): PodPhase {
  const i = countInit(pod, init);
  const r = countRegular(pod, regular);
  if (i.failed > 0) return 'Failed';
  if (i.pending > 0 || (i.pendingSidecars > 0 && !anyStarted(regular))) return 'Pending';
  if (r.waiting > 0) return 'Pending';
  if (r.unknown > 0) return 'Pending';
  if (r.running > 0) return 'Running';
  if (r.stopped === 0) return 'Pending';
  const end = r.stopped === r.succeeded ? 'Succeeded' : 'Failed';
  if (ending && !isStaticPod(pod)) return end;
  return r.restarting > 0 ? 'Running' : end;
}

/** Whether any regular container has ever run. */
export function anyStarted(regular: ContainerStatus[]): boolean {
  return regular.some((s) => s.state?.running || s.state?.terminated || s.lastState?.terminated);
}

function countInit(pod: Pod, statuses: ContainerStatus[]): InitCount {
  const count = { pending: 0, pendingSidecars: 0, failed: 0 };
  for (const container of pod.spec.initContainers ?? []) {
    const status = statuses.find((s) => s.name === container.name);
    if (isSidecar(container)) {
      if (!status?.state?.terminated && !(status?.state?.running && status.started)) count.pendingSidecars++;
      continue;
    }
    const end = status && lastEnd(status);
    if (!end) count.pending++;
    else if (end.exitCode !== 0 && end.reason !== restartingAll) {
      if (restartsAfter(pod, container, end.exitCode)) count.pending++;
      else count.failed++;
    }
  }
  return count;
}

function countRegular(pod: Pod, statuses: ContainerStatus[]): RegularCount {
  const count = { unknown: 0, waiting: 0, running: 0, stopped: 0, succeeded: 0, restarting: 0 };
  for (const container of pod.spec.containers) {
    const status = statuses.find((s) => s.name === container.name);
    if (!status?.state) count.unknown++;
    else countOne(pod, container, status, count);
  }
  return count;
}

function countOne(pod: Pod, container: Container, status: ContainerStatus, count: RegularCount): void {
  const end = lastEnd(status);
  if (status.state?.running) count.running++;
  else if (!end) count.waiting++;
  else {
    count.stopped++;
    if (status.state?.terminated?.exitCode === 0) count.succeeded++;
    if (status.state?.waiting || restartsAfter(pod, container, end.exitCode)) count.restarting++;
  }
}
