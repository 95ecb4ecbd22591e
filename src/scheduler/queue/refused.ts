import type { QueuedPod } from '../framework/framework.ts';

export interface Waiting extends QueuedPod {
  /** How often it was refused so far. */
  refusals: number;
  /** How often something has gone wrong since it was last refused. */
  errors: number;
  /** When it may be tried again. */
  notBeforeMs: number;
  /** The plugin that holds it back before it is tried. */
  gate?: string;
  /** Something happened that would have woken it, had no plugin held it back. */
  missed?: boolean;
}

/** Pods that wait for an event, found by the plugins that refused them: an event looks only at those it may help. */
export class Refused {
  readonly #pods = new Map<string, Waiting>();
  readonly #byPlugin = new Map<string, Set<Waiting>>();

  get size(): number {
    return this.#pods.size;
  }

  get(uid: string): Waiting | undefined {
    return this.#pods.get(uid);
  }

  add(waiting: Waiting): void {
    this.delete(waiting.pod.metadata.uid);
    this.#pods.set(waiting.pod.metadata.uid, waiting);
    for (const plugin of waiting.refusedBy) this.#find(waiting, plugin);
  }

  delete(uid: string): void {
    const waiting = this.#pods.get(uid);
    if (!waiting) return;
    this.#pods.delete(uid);
    for (const plugin of waiting.refusedBy) this.#byPlugin.get(plugin)?.delete(waiting);
  }

  /** From now on the pod is found by one plugin alone, which holds it back: what would help it otherwise does not yet. */
  hold(waiting: Waiting, plugin: string): void {
    for (const other of waiting.refusedBy) if (other !== plugin) this.#byPlugin.get(other)?.delete(waiting);
    if (!waiting.refusedBy.has(plugin)) this.#find(waiting, plugin);
    waiting.refusedBy = new Set([plugin]);
  }

  /** May be changed while it is gone through. */
  by(plugin: string): Iterable<Waiting> {
    return this.#byPlugin.get(plugin) ?? [];
  }

  all(): Iterable<Waiting> {
    return this.#pods.values();
  }

  /** Lets the pod be found by a plugin. */
  #find(waiting: Waiting, plugin: string): void {
    const pods = this.#byPlugin.get(plugin);
    if (pods) pods.add(waiting);
    else this.#byPlugin.set(plugin, new Set([waiting]));
  }
}
