import type { Container, Pod, PodCondition } from '../../api/core/v1.ts';
import { containerResources } from '../cgroups/container-resources.ts';
import type { NodeHost } from '../node/node-host.ts';
import type { LinuxResources } from '../runtimes/types.ts';
import { resizeInProgress } from './allocations.ts';
import type { NodeContext } from './context.ts';
import type { Killer } from './killer.ts';
import type { NodeFacts } from './node-facts.ts';
import { planResize, type Resize } from './plan-resize.ts';
import type { RuntimePod } from './runtime-pod.ts';

/** Gives running containers the limits that their pod now has. */
export class Resizer {
  readonly #options: { context: NodeContext; host: NodeHost; facts: NodeFacts; killer: Killer };
  readonly #given = new Map<string, LinuxResources>();
  readonly #troubles = new Map<string, string>();

  constructor(options: { context: NodeContext; host: NodeHost; facts: NodeFacts; killer: Killer }) {
    this.#options = options;
  }

  /** Why the pod's containers do not have yet what they should. */
  progress(podUid: string): PodCondition | undefined {
    const message = this.#troubles.get(podUid);
    return message === undefined
      ? undefined
      : { type: resizeInProgress, status: 'True', reason: 'Error', message };
  }

  async resize(pod: Pod, runtime: RuntimePod, signal: AbortSignal): Promise<void> {
    const { facts, host } = this.#options;
    const node = { memoryBytes: facts.memoryBytes, cgroupVersion: host.cgroups.version };
    const made = (id: string) => runtime.containers.find((c) => c.id === id)?.madeWith;
    const plan = planResize({
      pod,
      runtime,
      wanted: (container: Container) => containerResources(pod, container, node),
      given: (id) => this.#given.get(id) ?? made(id),
    });
    this.#forgetGone(runtime);
    this.#troubles.delete(pod.metadata.uid as string);
    for (const step of plan) await this.#apply(step, { pod, runtime, signal });
  }

  forget(podUid: string): void {
    this.#troubles.delete(podUid);
  }

  async #apply(step: Resize, target: { pod: Pod; runtime: RuntimePod; signal: AbortSignal }): Promise<void> {
    const { context, killer } = this.#options;
    const { container, id, resources } = step;
    const running = target.runtime.containers.find((c) => c.id === id);
    if (step.restart && running) {
      const message = `Container ${container.name} resize requires restart, will be restarted`;
      return killer.kill({ ...target, target: running, message });
    }
    try {
      await context.runtime.containers.update(id, resources);
      this.#given.set(id, resources);
    } catch (error) {
      const message = `container ${container.name} not resized: ${(error as Error).message}`;
      this.#troubles.set(target.pod.metadata.uid as string, message);
    }
  }

  #forgetGone(runtime: RuntimePod): void {
    for (const { id, state } of runtime.containers) if (state === 'exited') this.#given.delete(id);
  }
}
