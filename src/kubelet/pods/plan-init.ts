import type { Container, Pod } from '../../api/core/v1.ts';
import { containerHash } from './labels.ts';
import type { ContainerToKill, PlanInput } from './plan.ts';
import { isSidecar } from './pod-kinds.ts';
import { restartsAfter } from '../../machinery/restart-rules.ts';
import { newestOf, type RuntimeContainer, type RuntimePod } from './runtime-pod.ts';

export interface InitPlan {
  start: Container[];
  kill: ContainerToKill[];
  /** Regular containers may start. */
  done: boolean;
  /** An init container failed for good, and the pod with it. */
  failed: boolean;
}

/** Where one init container stands. */
type Step = 'start' | 'wait' | 'passed' | 'failed';

/**
 * The init containers in order: a plain one must end well before the next starts, a sidecar must have started. What
 * stands last counts, since those before it may have been cleaned away. Sidecars left behind are kept running.
 */
export function planInit(input: PlanInput, initialized: boolean): InitPlan {
  const containers = input.pod.spec.initContainers ?? [];
  const plan: InitPlan = { start: [], kill: [], done: false, failed: false };
  const frontier = initialized ? containers.length : frontierOf(containers, input.runtime);
  for (const container of containers.slice(0, frontier))
    if (isSidecar(container)) keepUp(input, container, plan);
  const current = containers[frontier];
  if (!current) return { ...plan, done: true };
  const step = stepOf(input, current, plan);
  if (step === 'failed') return { start: [], kill: [], done: false, failed: true };
  if (step === 'start') plan.start.push(current);
  if (step !== 'passed') return plan;
  const next = containers[frontier + 1];
  if (next) plan.start.push(next);
  return { ...plan, done: next === undefined };
}

/** The last init container that the runtime has, or the first of all. */
function frontierOf(containers: Container[], runtime: RuntimePod): number {
  for (let i = containers.length - 1; i > 0; i--) {
    if (newestOf(runtime, (containers[i] as Container).name)) return i;
  }
  return 0;
}

/** A sidecar that has been passed is started again whenever it is not running. */
function keepUp(input: PlanInput, container: Container, plan: InitPlan): void {
  const last = newestOf(input.runtime, container.name);
  const step = last ? stepOfExisting(input, container, last, plan) : 'start';
  if (step === 'start') plan.start.push(container);
}

function stepOf(input: PlanInput, container: Container, plan: InitPlan): Step {
  const last = newestOf(input.runtime, container.name);
  return last ? stepOfExisting(input, container, last, plan) : 'start';
}

function stepOfExisting(
  input: PlanInput,
  container: Container,
  last: RuntimeContainer,
  plan: InitPlan,
): Step {
  if (last.state === 'created') return 'start';
  if (last.state === 'exited') return afterExit(input.pod, container, last);
  if (last.state === 'unknown') {
    const message = 'Init container is in "unknown" state, try killing it before restart';
    plan.kill.push({ id: last.id, container, message, reason: 'Unknown' });
    return 'start';
  }
  return isSidecar(container) ? runningSidecar(input, container, last, plan) : 'wait';
}

function afterExit(pod: Pod, container: Container, last: RuntimeContainer): Step {
  if (isSidecar(container)) return 'start';
  const exitCode = last.exitCode ?? 0;
  if (exitCode === 0) return 'passed';
  // An init container of a pod that always restarts is done once it succeeded, so the policy reads as OnFailure.
  return restartsAfter(pod, container, exitCode) ? 'start' : 'failed';
}

function runningSidecar(
  { probes }: PlanInput,
  container: Container,
  last: RuntimeContainer,
  plan: InitPlan,
): Step {
  const kill = (message: string, reason: ContainerToKill['reason']): Step => {
    plan.kill.push({ id: last.id, container, message, reason });
    return 'start';
  };
  const { name } = container;
  if (last.hash && last.hash !== containerHash(container))
    return kill(`Init container ${name} definition changed, will be restarted`, 'Changed');
  const startup = container.startupProbe ? probes.startup(last.id) : true;
  if (startup === false) return kill(`Init container ${name} failed startup probe`, 'StartupProbe');
  if (container.livenessProbe && probes.liveness(last.id) === false)
    return kill(`Init container ${name} failed liveness probe`, 'LivenessProbe');
  return startup ? 'passed' : 'wait';
}
