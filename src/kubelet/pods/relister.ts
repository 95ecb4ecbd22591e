import { timestamp } from '../../platform/clock.ts';
import type { NodeContext } from './context.ts';
import { podUidLabel } from './labels.ts';
import { orphanPod } from './orphans.ts';
import type { PodWorkers } from './pod-workers.ts';
import type { PodName, RuntimeView } from './runtime-view.ts';

/** Compares what runs with what is known: for what no event has told, and what was there before this kubelet. */
export class Relister {
  readonly #context: NodeContext;
  readonly #view: RuntimeView;
  readonly #workers: PodWorkers;

  constructor(context: NodeContext, view: RuntimeView, workers: PodWorkers) {
    this.#context = context;
    this.#view = view;
    this.#workers = workers;
  }

  /** Wakes the pods that changed, and ends those that nobody knows any more. */
  async relist(): Promise<void> {
    const { pods, changed } = await this.#view.relist();
    for (const uid of changed) this.#workers.wake(uid);
    for (const name of pods) if (!this.#workers.get(name.uid)) await this.#endUnknown(name);
  }

  async #endUnknown(name: PodName): Promise<void> {
    const { runtime, platform } = this.#context;
    const containers = await runtime.containers.list({ labels: { [podUidLabel]: name.uid } });
    if (this.#workers.get(name.uid)) return;
    this.#workers.update(orphanPod(name, containers, timestamp(platform.clock)));
    this.#workers.orphan(name.uid);
  }
}
