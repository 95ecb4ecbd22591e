import type { Container, Pod, PodCondition } from '../../api/core/v1.ts';
import { containerResources } from '../cgroups/container-resources.ts';
import type { PodCgroups } from '../cgroups/pod-cgroups.ts';
import type { NodeHost } from '../node/node-host.ts';
import type { LinuxResources } from '../runtimes/types.ts';
import { resizeInProgress } from './allocations.ts';
import { type NodeContext, podEvent } from './context.ts';
import type { Killer } from './killer.ts';
import type { NodeFacts } from './node-facts.ts';
import { planResize, type Resize } from './plan-resize.ts';
import { resizeMessage } from './resize-message.ts';
import type { RuntimePod } from './runtime-pod.ts';

export interface ResizerOptions {
  context: NodeContext;
  host: NodeHost;
  facts: NodeFacts;
  killer: Killer;
  podCgroups: PodCgroups;
}

/** A resize that the node has granted and that has not reached the containers yet. */
interface Progress {
  /** The pod's when it was granted. */
  generation: number;
  /** Why it has not. */
  trouble?: string;
}

interface Target {
  pod: Pod;
  runtime: RuntimePod;
  signal: AbortSignal;
}

/** Gives running containers, and the pod around them, the limits that the pod now has. */
export class Resizer {
  readonly #options: ResizerOptions;
  readonly #given = new Map<string, LinuxResources>();
  readonly #progress = new Map<string, Progress>();

  constructor(options: ResizerOptions) {
    this.#options = options;
  }

  /** The node has granted the pod other resources than it had. */
  begin(pod: Pod): void {
    const generation = pod.metadata.generation ?? 0;
    this.#progress.set(pod.metadata.uid as string, { generation });
    const message = resizeMessage('Pod resize started', pod, { generation });
    podEvent(this.#options.context, pod, { reason: 'ResizeStarted', message });
  }

  /** That the pod's containers do not have yet what they should, and why where that is known. */
  progress(podUid: string): PodCondition | undefined {
    const progress = this.#progress.get(podUid);
    if (!progress) return undefined;
    const { generation, trouble } = progress;
    return {
      type: resizeInProgress,
      ...(generation > 0 && { observedGeneration: generation }),
      status: 'True',
      ...(trouble !== undefined && { reason: 'Error', message: trouble }),
    };
  }

  async resize(pod: Pod, runtime: RuntimePod, signal: AbortSignal): Promise<void> {
    const { facts, host, podCgroups } = this.#options;
    const node = { memoryBytes: facts.memoryBytes, cgroupVersion: host.cgroups.version };
    const made = (id: string) => runtime.containers.find((c) => c.id === id)?.madeWith;
    const plan = planResize({
      pod,
      runtime,
      wanted: (container: Container) => containerResources(pod, container, node),
      given: (id) => this.#given.get(id) ?? made(id),
    });
    this.#forgetGone(runtime);
    const target = { pod, runtime, signal };
    const trouble = (await this.#tooSmall(plan, target)) ?? (await this.#applyAll(plan, target));
    if (trouble !== undefined) return this.#report(pod, trouble);
    await podCgroups.settle(pod);
    // What begins anew is there with its new limits the next time.
    if (!plan.some(({ restart }) => restart)) this.#complete(pod);
  }

  forget(podUid: string): void {
    this.#progress.delete(podUid);
  }

  /** Why the memory of some of it cannot shrink to what it should have; a process would be killed for it. */
  async #tooSmall(plan: readonly Resize[], { pod, runtime }: Target): Promise<string | undefined> {
    const { context, podCgroups } = this.#options;
    const shrinking = plan.filter(({ shrinks, restart }) => shrinks && !restart);
    const podLimit = podCgroups.lessMemory(pod);
    if (shrinking.length === 0 && podLimit === undefined) return undefined;
    const own = new Set(runtime.containers.map(({ id }) => id));
    const used = new Map<string, number>();
    for (const { id, memory } of await context.runtime.containers.stats())
      if (own.has(id) && memory) used.set(id, memory.usageBytes ?? memory.workingSetBytes);
    return tooSmall({ shrinking, podLimit, used });
  }

  /** Gives what went wrong. */
  async #applyAll(plan: readonly Resize[], target: Target): Promise<string | undefined> {
    let trouble: string | undefined;
    for (const step of plan) trouble = (await this.#apply(step, target)) ?? trouble;
    return trouble;
  }

  async #apply(step: Resize, target: Target): Promise<string | undefined> {
    const { context, killer } = this.#options;
    const { container, id, resources } = step;
    const running = target.runtime.containers.find((c) => c.id === id);
    if (step.restart && running) {
      const message = `Container ${container.name} resize requires restart`;
      await killer.kill({ ...target, target: running, message });
      return undefined;
    }
    try {
      await context.runtime.containers.update(id, resources);
      this.#given.set(id, resources);
      return undefined;
    } catch (error) {
      return `container ${container.name} not resized: ${(error as Error).message}`;
    }
  }

  #report(pod: Pod, trouble: string): void {
    const uid = pod.metadata.uid as string;
    const generation = this.#progress.get(uid)?.generation ?? pod.metadata.generation ?? 0;
    const isNews = this.#progress.get(uid)?.trouble !== trouble;
    this.#progress.set(uid, { generation, trouble });
    if (!isNews) return;
    const message = resizeMessage('Pod resize error', pod, { generation, error: trouble });
    podEvent(this.#options.context, pod, { type: 'Warning', reason: 'ResizeError', message });
  }

  #complete(pod: Pod): void {
    const progress = this.#progress.get(pod.metadata.uid as string);
    if (!progress) return;
    this.#progress.delete(pod.metadata.uid as string);
    const message = resizeMessage('Pod resize completed', pod, { generation: progress.generation });
    podEvent(this.#options.context, pod, { reason: 'ResizeCompleted', message });
  }

  #forgetGone(runtime: RuntimePod): void {
    for (const { id, state } of runtime.containers) if (state === 'exited') this.#given.delete(id);
  }
}

interface Shrinking {
  shrinking: readonly Resize[];
  /** The pod's new limit where that is less than it was. */
  podLimit: number | undefined;
  /** Bytes in use by each of the pod's containers. */
  used: ReadonlyMap<string, number>;
}

function tooSmall({ shrinking, podLimit, used }: Shrinking): string | undefined {
  const podUsed = [...used.values()].reduce((sum, bytes) => sum + bytes, 0);
  const told = shrinking.flatMap(({ container, id, resources }) => {
    const limit = resources.memoryLimitBytes ?? 0;
    const now = used.get(id) ?? 0;
    const name = JSON.stringify(container.name);
    return now > limit
      ? [`attempting to set container ${name} memory limit (${limit}) below current usage (${now})`]
      : [];
  });
  if (podLimit !== undefined && podUsed > podLimit)
    told.unshift(`attempting to set pod memory limit (${podLimit}) below current usage (${podUsed})`);
  if (told.length === 0) return undefined;
  return `cannot decrease memory limits: ${told.length === 1 ? told[0] : `[${told.join(', ')}]`}`;
}
