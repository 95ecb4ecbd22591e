import type { NodeInfo, PodInfo } from '../cache/node-info.ts';
import { putAt } from '../cache/node-list.ts';
import type { Decision, Plugin, Refusal } from './framework.ts';

/** Something about each node, by its place in the list of nodes. It is known as long as the same node stands there. */
export class PerNode<T> {
  readonly #nodes: (NodeInfo | undefined)[] = [];
  readonly #values: (T | undefined)[] = [];

  get(place: number, node: NodeInfo): T | undefined {
    return this.#nodes[place] === node ? this.#values[place] : undefined;
  }

  set(place: number, node: NodeInfo, value: T): void {
    putAt(this.#nodes, place, node);
    putAt(this.#values, place, value);
  }
}

/** Something about nodes that are kept for others: known as long as they are kept for the same, and for pods that matter as much. */
export class PerKeptNode<T> {
  readonly #found = new PerNode<{ value: T; others: readonly PodInfo[]; priority: number }>();

  /** What is known, or what `find` makes of it. */
  get(at: { place: number; node: NodeInfo }, { pod, nominated }: Decision, find: () => T): T {
    const others = nominated.on(at.node.name);
    // A pod does not keep its own node from itself.
    if (others.some((other) => other.pod.metadata.uid === pod.pod.metadata.uid)) return find();
    const { priority } = pod;
    const known = this.#found.get(at.place, at.node);
    if (known?.others === others && known.priority === priority) return known.value;
    const value = find();
    this.#found.set(at.place, at.node, { value, others, priority });
    return value;
  }
}

/** What has been found out about pods that are alike. */
export class Known {
  /** How many of the filters, the first ones, sign. */
  readonly signed: number;
  /** What those said of each node; null: nothing. */
  readonly verdicts = new PerNode<Refusal | null>();
  /** What all of them say of nodes that are kept for others, where all sign. */
  readonly keptVerdicts = new PerKeptNode<Refusal | undefined>();
  readonly #parts = new Map<string, unknown>();

  constructor(signed: number) {
    this.signed = signed;
  }

  /** What somebody else keeps here. */
  part<T>(name: string, make: () => T): T {
    if (!this.#parts.has(name)) this.#parts.set(name, make());
    return this.#parts.get(name) as T;
  }
}

/** Of so many kinds of pods something is known; of others it is found out anew. */
const mostKinds = 8;

/** Whether a plugin's score is one that a node gives to pods that are alike. */
export const signsScore = ({ sign, normalize }: Plugin) => sign !== undefined && normalize === undefined;

/**
 * A node answers pods that are alike in the same way until it changes. Pods are alike where the filters that have something to say about
 * them sign the same, and so do the plugins that score. From the first filter on that does not sign, each pod is looked at for itself.
 */
export class Memory {
  readonly #known = new Map<string, Known>();

  of({ filters, pod, profile }: Pick<Decision, 'filters' | 'pod' | 'profile'>): Known {
    const unsigned = filters.findIndex(({ sign }) => !sign);
    const signed = unsigned < 0 ? filters.length : unsigned;
    const signs: unknown[] = [profile.schedulerName, signed];
    for (let i = 0; i < signed; i++) signs.push(filters[i]?.name, filters[i]?.sign?.(pod));
    for (const plugin of profile.at.score) if (signsScore(plugin)) signs.push(plugin.sign?.(pod));
    const signature = JSON.stringify(signs);
    const known = this.#known.get(signature) ?? new Known(signed);
    // The last one used stands at the end.
    this.#known.delete(signature);
    this.#known.set(signature, known);
    if (this.#known.size > mostKinds) this.#known.delete(this.#known.keys().next().value as string);
    return known;
  }
}
