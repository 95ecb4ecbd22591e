import type { Container, Pod, Probe } from '../../api/core/v1.ts';
import type { Timer } from '../../platform/clock.ts';
import { type NodeContext, podEvent } from '../pods/context.ts';
import type { ProbeView } from '../pods/plan.ts';
import { isSidecar } from '../pods/pod-kinds.ts';
import { newestOf, podIpsOf, type RuntimePod } from '../pods/runtime-pod.ts';
import type { ReadinessView } from '../status/pod-status.ts';
import type { Prober } from './prober.ts';
import {
  freshMemory,
  isSettled,
  type ProbeKind,
  type ProbeMemory,
  type ProbeOutcome,
  remember,
} from './verdict.ts';

interface Worker {
  kind: ProbeKind;
  probe: Probe;
  container: Container;
  pod: Pod;
  podIp: string;
  memory: ProbeMemory;
  startedAtMs: number;
  timer: Timer | undefined;
  stopped: boolean;
}

export interface ProbeCount {
  pod: Pod;
  container: string;
  kind: ProbeKind;
  result: 'successful' | 'failed' | 'unknown';
  count: number;
}

const kinds: ProbeKind[] = ['startup', 'readiness', 'liveness'];
const words: Record<ProbeKind, string> = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' };

/** The probes of all running containers: each in its own rhythm; tells when a verdict changes. */
export class ProbeManager implements ProbeView, ReadinessView {
  readonly #options: { context: NodeContext; prober: Prober; onVerdict(podUid: string): void };
  readonly #workers = new Map<string, Worker>();
  readonly #verdicts = new Map<string, boolean | undefined>();
  readonly #counts = new Map<string, ProbeCount>();

  constructor(options: { context: NodeContext; prober: Prober; onVerdict(podUid: string): void }) {
    this.#options = options;
  }

  startup(containerId: string): boolean | undefined {
    return this.#verdicts.get(`startup/${containerId}`);
  }

  readiness(containerId: string): boolean | undefined {
    return this.#verdicts.get(`readiness/${containerId}`);
  }

  liveness(containerId: string): boolean | undefined {
    return this.#verdicts.get(`liveness/${containerId}`);
  }

  /** How often each probe of the pods that are here has gone how. */
  counts(): ProbeCount[] {
    return [...this.#counts.values()];
  }

  /** Probes what runs of the pod, and nothing else of it. */
  observe(pod: Pod, runtime: RuntimePod): void {
    const probed = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
    for (const container of probed) for (const kind of kinds) this.#observeOne(pod, runtime, container, kind);
  }

  /** Ends the probes of a pod: all of them, or (while it is ending) those that would kill what is being ended. */
  remove(podUid: string, which: ProbeKind[] = kinds): void {
    for (const [key, worker] of this.#workers)
      if (worker.pod.metadata.uid === podUid && which.includes(worker.kind)) this.#drop(key, worker);
    if (which !== kinds) return;
    for (const [key, { pod }] of this.#counts) if (pod.metadata.uid === podUid) this.#counts.delete(key);
  }

  stop(): void {
    for (const [key, worker] of this.#workers) this.#drop(key, worker);
  }

  #observeOne(pod: Pod, runtime: RuntimePod, container: Container, kind: ProbeKind): void {
    const probe = container[`${kind}Probe`];
    const last = newestOf(runtime, container.name);
    const key = `${pod.metadata.uid}/${container.name}/${kind}`;
    const worker = this.#workers.get(key);
    const isSame = worker && last?.state === 'running' && worker.memory.containerId === last.id;
    if (isSame) {
      worker.pod = pod;
      worker.podIp = podIpsOf(runtime)[0] ?? worker.podIp;
      return;
    }
    if (worker) this.#drop(key, worker);
    if (!probe || last?.state !== 'running') return;
    const podIp = pod.spec.hostNetwork ? (pod.status?.hostIP ?? '127.0.0.1') : (podIpsOf(runtime)[0] ?? '');
    const memory = { ...freshMemory(kind, last.id), ...adopted(pod, last.id, kind) };
    const startedAtMs = last.startedAtMs ?? this.#now();
    const fresh: Worker = {
      kind,
      probe,
      container,
      pod,
      podIp,
      memory,
      startedAtMs,
      timer: undefined,
      stopped: false,
    };
    this.#workers.set(key, fresh);
    this.#verdicts.set(`${kind}/${last.id}`, memory.verdict);
    if (isSettled(kind, memory)) return;
    const delayMs = (probe.initialDelaySeconds ?? 0) * 1000;
    // A start that is still to come tells that the clock has been set back: nobody waits for that.
    this.#schedule(fresh, Math.min(delayMs, Math.max(0, startedAtMs + delayMs - this.#now())));
  }

  #drop(key: string, worker: Worker): void {
    worker.stopped = true;
    worker.timer?.cancel();
    this.#workers.delete(key);
    this.#verdicts.delete(`${worker.kind}/${worker.memory.containerId}`);
  }

  #schedule(worker: Worker, delayMs: number): void {
    worker.timer = this.#options.context.platform.clock.after(delayMs, () => void this.#tick(worker));
  }

  async #tick(worker: Worker): Promise<void> {
    if (this.#hasStarted(worker)) await this.#try(worker);
    if (worker.stopped || isSettled(worker.kind, worker.memory)) return;
    this.#schedule(worker, (worker.probe.periodSeconds ?? 10) * 1000);
  }

  /** Until its startup probe is content, no other probe of the container counts. */
  #hasStarted({ kind, container, memory }: Worker): boolean {
    return kind === 'startup' || !container.startupProbe || this.startup(memory.containerId) === true;
  }

  async #try(worker: Worker): Promise<void> {
    const { probe, container, podIp, memory, kind } = worker;
    const { containerId } = memory;
    const outcome = await this.#options.prober.try({ probe, container, containerId, podIp });
    if (worker.stopped) return;
    this.#count(worker, outcome);
    this.#tell(worker, outcome);
    const before = worker.memory.verdict;
    worker.memory = remember(worker.memory, outcome, probe);
    if (worker.memory.verdict === before) return;
    this.#verdicts.set(`${kind}/${containerId}`, worker.memory.verdict);
    if (kind === 'startup' && worker.memory.verdict) this.#hasten(worker);
    this.#options.onVerdict(worker.pod.metadata.uid as string);
  }

  #count({ pod, container, kind }: Worker, outcome: ProbeOutcome): void {
    const result = outcome.errored ? 'unknown' : outcome.ok ? 'successful' : 'failed';
    const key = `${pod.metadata.uid}/${container.name}/${kind}/${result}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { pod, container: container.name, kind, result, count });
  }

  /** Once it has started, a container is asked at once whether it is ready. */
  #hasten({ pod, container }: Worker): void {
    const readiness = this.#workers.get(`${pod.metadata.uid}/${container.name}/readiness`);
    if (!readiness) return;
    readiness.timer?.cancel();
    this.#schedule(readiness, 0);
  }

  #tell({ kind, pod, container }: Worker, outcome: ProbeOutcome): void {
    const what = outcome.errored ? 'errored' : outcome.ok ? (outcome.warning ? 'warning' : '') : 'failed';
    if (what === '') return;
    const reason = outcome.warning ? 'ProbeWarning' : 'Unhealthy';
    const message = `${words[kind]} probe ${what}: ${outcome.output}`;
    podEvent(this.#options.context, pod, { type: 'Warning', reason, message, container: container.name });
  }

  #now(): number {
    return this.#options.context.platform.clock.now();
  }
}

/** What the API already says of this very container: a kubelet that has just started does not take it back. */
function adopted(pod: Pod, containerId: string, kind: ProbeKind): { verdict?: true } {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const known = [...containerStatuses, ...initContainerStatuses].find((s) =>
    s.containerID?.endsWith(`//${containerId}`),
  );
  const wasGood = kind === 'startup' ? known?.started : kind === 'readiness' && known?.ready;
  return wasGood ? { verdict: true } : {};
}
