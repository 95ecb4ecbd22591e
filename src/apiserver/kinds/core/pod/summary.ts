import type { ContainerState, ContainerStatus, Pod } from '../../../../api/core/v1.ts';

/** What `kubectl get pods` says of a pod. */
export interface PodSummary {
  ready: number;
  total: number;
  status: string;
  restarts: number;
  /** When a container last ended that was started again. */
  lastRestart: string | undefined;
}

interface Restarts {
  restarts: number;
  lastRestart: string | undefined;
}

const lastEnd = (c: ContainerStatus) => c.lastState?.terminated?.finishedAt ?? undefined;
const later = (a: string | undefined, b: string | undefined) => (a && (!b || a >= b) ? a : b);

function addRestarts(sum: Restarts, c: ContainerStatus): Restarts {
  return { restarts: sum.restarts + c.restartCount, lastRestart: later(sum.lastRestart, lastEnd(c)) };
}

const none: Restarts = { restarts: 0, lastRestart: undefined };

/** How init containers stand: the first that is not done decides, sidecars that run do not hold up. */
function summarizeInit(pod: Pod) {
  const sidecars = new Set(
    (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name),
  );
  const sum = {
    ready: 0,
    blocked: undefined as string | undefined,
    all: none,
    sidecars: none,
    total: sidecars.size,
  };
  for (const [i, c] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(c.name);
    sum.all = addRestarts(sum.all, c);
    if (sidecar) sum.sidecars = addRestarts(sum.sidecars, c);
    if (c.state?.terminated?.exitCode === 0) continue;
    if (sidecar && c.started) {
      if (c.ready) sum.ready++;
      continue;
    }
    sum.blocked = initState(c.state, `${i}/${pod.spec.initContainers?.length ?? 0}`);
    break;
  }
  return sum;
}

function initState(state: ContainerState | undefined, progress: string): string {
  if (state?.terminated) return `Init:${ended(state.terminated)}`;
  const waiting = state?.waiting?.reason;
  return `Init:${waiting && waiting !== 'PodInitializing' ? waiting : progress}`;
}

function ended({ reason, signal, exitCode }: NonNullable<ContainerState['terminated']>): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

/** Why a container does not run; undefined if it runs or if nobody knows. */
function trouble({ state }: ContainerStatus): string | undefined {
  if (state?.waiting?.reason) return state.waiting.reason;
  return state?.terminated ? ended(state.terminated) : undefined;
}

const conditionHolds = (pod: Pod, type: string) =>
  pod.status?.conditions?.find((c) => c.type === type)?.status === 'True';

/** Gathers the state of all containers into a few words. */
export function summarize(pod: Pod): PodSummary {
  const init = summarizeInit(pod);
  let status = phaseText(pod);
  let [ready, sum] = [init.ready, init.all];
  if (init.blocked !== undefined) status = init.blocked;
  if (init.blocked === undefined || conditionHolds(pod, 'Initialized')) {
    const main = pod.status?.containerStatuses ?? [];
    const running = main.filter((c) => trouble(c) === undefined && c.ready && c.state?.running).length;
    sum = main.reduce(addRestarts, init.sidecars);
    status = main.map(trouble).find((t) => t !== undefined) ?? status;
    if (status === 'Completed' && running > 0) status = conditionHolds(pod, 'Ready') ? 'Running' : 'NotReady';
    ready += running;
  }
  return {
    ready,
    total: pod.spec.containers.length + init.total,
    status: deletionText(pod) ?? status,
    ...sum,
  };
}

function phaseText({ status }: Pod): string {
  const gated = status?.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated');
  return gated ? 'SchedulingGated' : status?.reason || status?.phase || '';
}

function deletionText({ metadata, status }: Pod): string | undefined {
  if (!metadata.deletionTimestamp) return undefined;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? undefined : 'Terminating';
}
