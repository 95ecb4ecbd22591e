import type { Container, EphemeralContainer, Pod } from '../../api/core/v1.ts';
import { containerHash } from './labels.ts';
import { planInit } from './plan-init.ts';
import { restartsAfter } from '../../machinery/restart-rules.ts';
import { wantsStart } from './restart.ts';
import { toClear } from './restart-all.ts';
import { newestOf, type RuntimeContainer, type RuntimePod } from './runtime-pod.ts';

/** What the probes of a container say: undefined while they have not decided. */
export interface ProbeView {
  liveness(containerId: string): boolean | undefined;
  startup(containerId: string): boolean | undefined;
}

/** Why a container is killed by a plan; decides which grace period counts. */
export type KillReason = 'LivenessProbe' | 'StartupProbe' | 'Changed' | 'Unknown';

export interface ContainerToKill {
  id: string;
  container: Container;
  /** One sentence for the event. */
  message: string;
  reason: KillReason;
}

export interface SandboxPlan {
  create: boolean;
  /** The newest sandbox there is. */
  id?: string;
  /** Of the sandbox in use, or of the one to create. */
  attempt: number;
}

/** What is to be done for a pod, in this order; lists are in the order of the pod's spec. */
export interface PodPlan {
  /** End all containers and the sandbox, before anything else or for good. */
  killPod: boolean;
  sandbox: SandboxPlan;
  /** Ended at once and removed, one after the other; nothing else happens in the round. */
  clear: RuntimeContainer[];
  kill: ContainerToKill[];
  startEphemeral: EphemeralContainer[];
  /** Started one after the other; a plain one that does not start ends the round. */
  startInit: Container[];
  start: Container[];
}

export interface PlanInput {
  pod: Pod;
  runtime: RuntimePod;
  probes: ProbeView;
  /** All containers are to start over, whatever became of them. */
  restartAll?: boolean;
}

/** The next steps that bring what runs closer to what the pod wants. */
export function planPod(input: PlanInput): PodPlan {
  const sandbox = planSandbox(input.pod, input.runtime);
  const clear = input.restartAll ? toClear(input.pod, input.runtime) : [];
  if (clear.length > 0) return { ...emptyPlan({ ...sandbox, create: false }), clear };
  return sandbox.create ? planAnew(input, sandbox) : planOn(input, sandbox);
}

/** Whether the pod needs a new sandbox: it has none, it has lost it, or it wants another network. */
export function planSandbox(pod: Pod, runtime: RuntimePod): SandboxPlan {
  const newest = runtime.sandboxes[0];
  if (!newest) return { create: true, attempt: 0 };
  const ready = runtime.sandboxes.filter((s) => s.state === 'ready').length;
  const hostNetwork = pod.spec.hostNetwork === true;
  const addressed = hostNetwork || newest.ips.length > 0;
  const usable = ready === 1 && newest.state === 'ready' && newest.hostNetwork === hostNetwork && addressed;
  return { create: !usable, id: newest.id, attempt: usable ? newest.attempt : newest.attempt + 1 };
}

const emptyPlan = (sandbox: SandboxPlan): PodPlan => ({
  killPod: false,
  sandbox,
  clear: [],
  kill: [],
  startEphemeral: [],
  startInit: [],
  start: [],
});

/** Without a sandbox everything starts over, unless the pod has come to its end. */
function planAnew({ pod, runtime }: PlanInput, sandbox: SandboxPlan): PodPlan {
  const plan = { ...emptyPlan(sandbox), killPod: true };
  const keep = { ...plan, sandbox: { ...sandbox, create: false } };
  const ended = pod.spec.containers.map((c) => lastExit(runtime, c));
  const ranBefore = sandbox.attempt !== 0 && runtime.containers.length > 0;
  const canRestart = pod.spec.containers.some((c) => restartsAfter(pod, c, 1));
  if (ranBefore && !canRestart) return keep;
  const start = pod.spec.containers.filter(
    (c, i) => ended[i] === undefined || restartsAfter(pod, c, ended[i]),
  );
  if (start.length === 0 && hasRegular(pod, runtime)) return keep;
  const firstInit = pod.spec.initContainers?.[0];
  return firstInit ? { ...plan, startInit: [firstInit] } : { ...plan, start };
}

function lastExit(runtime: RuntimePod, container: Container): number | undefined {
  const last = newestOf(runtime, container.name);
  return last?.state === 'exited' ? (last.exitCode ?? 0) : undefined;
}

/** Whether a regular container was ever made; in this sandbox, where one is given. What an earlier one held says nothing. */
function hasRegular(pod: Pod, runtime: RuntimePod, sandboxId?: string): boolean {
  return pod.spec.containers.some((c) => {
    const last = newestOf(runtime, c.name);
    return last && (sandboxId === undefined || last.sandboxId === sandboxId);
  });
}

/** With a sandbox: ephemeral containers at any time, init containers in order, then all others together. */
function planOn(input: PlanInput, sandbox: SandboxPlan): PodPlan {
  const { pod, runtime } = input;
  const plan = emptyPlan(sandbox);
  plan.startEphemeral = (pod.spec.ephemeralContainers ?? []).filter((c) => !newestOf(runtime, c.name));
  const init = planInit(input, hasRegular(pod, runtime, sandbox.id));
  if (init.failed) return { ...plan, killPod: true };
  plan.kill.push(...init.kill);
  plan.startInit = init.start;
  if (!init.done) return plan;
  const kept = planRegular(input, plan);
  if (kept > 0 || plan.start.length > 0) return plan;
  return { ...plan, killPod: true, startInit: [] };
}

/** Adds to the plan what the regular containers need; gives how many go on as they are. */
function planRegular(input: PlanInput, plan: PodPlan): number {
  let kept = 0;
  for (const container of input.pod.spec.containers) {
    const last = newestOf(input.runtime, container.name);
    const kill = last && last.state !== 'exited' ? killOf(input, container, last) : undefined;
    if (last?.state === 'running' && !kill) kept++;
    if (kill) plan.kill.push(kill.kill);
    if (kill ? kill.restart : wantsStart(input.pod, container, input.runtime)) plan.start.push(container);
  }
  return kept;
}

/** Why a container that may run must end, and whether it then starts again. */
function killOf(
  { pod, probes }: PlanInput,
  container: Container,
  last: RuntimeContainer,
): { kill: ContainerToKill; restart: boolean } | undefined {
  const { name } = container;
  const because = (what: string, reason: KillReason, restart: boolean) => ({
    kill: { id: last.id, container, reason, message: restart ? `${what}, will be restarted` : what },
    restart,
  });
  if (last.state === 'unknown') {
    const message = 'Container is in "unknown" state, try killing it before restart';
    return {
      kill: { id: last.id, container, reason: 'Unknown', message },
      restart: wantsRestart(pod, container),
    };
  }
  if (last.state !== 'running') return undefined;
  if (last.hash && last.hash !== containerHash(container))
    return because(`Container ${name} definition changed`, 'Changed', true);
  if (probes.liveness(last.id) === false)
    return because(`Container ${name} failed liveness probe`, 'LivenessProbe', wantsRestart(pod, container));
  if (probes.startup(last.id) === false)
    return because(`Container ${name} failed startup probe`, 'StartupProbe', wantsRestart(pod, container));
  return undefined;
}

/** A kill is a failure, so what restarts on failure restarts. 137 is what SIGKILL leaves. */
const wantsRestart = (pod: Pod, container: Container) => restartsAfter(pod, container, 137);
