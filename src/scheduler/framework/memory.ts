import type { NodeInfo } from '../cache/node-info.ts';
import type { Decision, Refusal } from './framework.ts';

/** Something about each node, by its place in the list of nodes. It is known as long as the same node stands there. */
export class PerNode<T> {
  readonly #nodes: NodeInfo[] = [];
  readonly #values: T[] = [];

  get(place: number, node: NodeInfo): T | undefined {
    return this.#nodes[place] === node ? this.#values[place] : undefined;
  }

  set(place: number, node: NodeInfo, value: T): void {
    this.#nodes[place] = node;
    this.#values[place] = value;
  }
}

/** What has been found out about pods that are alike. */
export class Known {
  /** What the filters said of each node; null: nothing. */
  readonly verdicts = new PerNode<Refusal | null>();
  readonly #parts = new Map<string, unknown>();

  /** What a plugin keeps here. */
  part<T>(plugin: string, make: () => T): T {
    if (!this.#parts.has(plugin)) this.#parts.set(plugin, make());
    return this.#parts.get(plugin) as T;
  }
}

/** Of so many kinds of pods something is known; of others it is found out anew. */
const mostKinds = 8;

/**
 * A node answers pods that are alike in the same way until it changes. Pods are alike where all filters that have something to say
 * about them sign the same; where one does not sign, nothing is remembered.
 */
export class Memory {
  readonly #known = new Map<string, Known>();

  of({ filters, pod, profile }: Pick<Decision, 'filters' | 'pod' | 'profile'>): Known | undefined {
    const signs: unknown[] = [profile.schedulerName];
    for (const { name, sign } of filters) {
      if (!sign) return undefined;
      signs.push(name, sign(pod));
    }
    const signature = JSON.stringify(signs);
    const known = this.#known.get(signature) ?? new Known();
    // The last one used stands at the end.
    this.#known.delete(signature);
    this.#known.set(signature, known);
    if (this.#known.size > mostKinds) this.#known.delete(this.#known.keys().next().value as string);
    return known;
  }
}
