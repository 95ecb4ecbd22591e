import { type NodeList, putAt } from '../cache/node-list.ts';
import type { Refusal } from './framework.ts';

/** What is said where there is nothing to choose from. */
export const noNodes = 'no nodes available to schedule pods';

/** What each node's verdict on a pod was. */
export class Refusals {
  readonly #nodes: NodeList;
  readonly #byPlace: (Refusal | undefined)[] = [];
  #explicit = 0;
  /** The verdict of every node that has none of its own. */
  rest: Refusal | undefined;

  constructor(nodes: NodeList, rest?: Refusal) {
    this.#nodes = nodes;
    this.rest = rest;
  }

  get size(): number {
    return this.#nodes.size;
  }

  set(place: number, refusal: Refusal): void {
    if (!this.#byPlace[place]) this.#explicit++;
    putAt(this.#byPlace, place, refusal);
  }

  at(place: number): Refusal | undefined {
    return this.#byPlace[place] ?? this.rest;
  }

  of(node: string): Refusal | undefined {
    const place = this.#nodes.placeOf(node);
    return place === undefined ? undefined : this.at(place);
  }

  /** Places of the nodes on which making room could help. */
  resolvable(): number[] {
    const places: number[] = [];
    for (let i = 0; i < this.size; i++) if (this.at(i)?.unresolvable === false) places.push(i);
    return places;
  }

  /** Names of all plugins that refused. */
  plugins(): Set<string> {
    const names = new Set<string>();
    for (const { refusal } of this.#distinct()) names.add(refusal.plugin);
    return names;
  }

  /** Upstream's one line: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).` */
  summary(): string {
    if (this.size === 0) return noNodes;
    const counts = new Map<string, number>();
    for (const { refusal, count } of this.#distinct())
      for (const reason of refusal.reasons) counts.set(reason, (counts.get(reason) ?? 0) + count);
    const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
    const head = `0/${this.size} nodes are available:`;
    return parts.length > 0 ? `${head} ${parts.join(', ')}.` : head;
  }

  /** Plugins hand out the same refusal again and again: there are few, however many nodes there are. */
  *#distinct(): Iterable<{ refusal: Refusal; count: number }> {
    const counts = new Map<Refusal, number>();
    // Neighbours are mostly refused in the same way.
    let last: Refusal | undefined;
    let run = 0;
    const count = () => last && counts.set(last, (counts.get(last) ?? 0) + run);
    for (const refusal of this.#byPlace) {
      if (refusal !== last) {
        count();
        last = refusal;
        run = 0;
      }
      run++;
    }
    count();
    for (const [refusal, count] of counts) yield { refusal, count };
    const left = this.size - this.#explicit;
    if (this.rest && left > 0) yield { refusal: this.rest, count: left };
  }
}

/** Refusals by their reasons, so that the same one is handed out again. */
export function refusalsOf(plugin: string): (reasons: readonly string[], unresolvable: boolean) => Refusal {
  const known = new Map<string, Refusal>();
  return (reasons, unresolvable) => {
    const key = `${unresolvable} ${reasons.join()}`;
    let refusal = known.get(key);
    if (!refusal) {
      refusal = { plugin, reasons, unresolvable };
      known.set(key, refusal);
    }
    return refusal;
  };
}
