import type { NodeList } from '../cache/node-list.ts';
import type { Refusal } from './framework.ts';

/** What is said where there is nothing to choose from. */
export const noNodes = 'no nodes available to schedule pods';

/** One of the refusals, and of how many nodes it is the verdict. */
interface Counted {
  refusal: Refusal;
  count: number;
}

/**
 * What each node's verdict on a pod was. Plugins hand out the same refusal again and again: there are few, however many nodes there
 * are, and of each node only the number of its refusal is kept.
 */
export class Refusals {
  readonly #nodes: NodeList;
  /** The number of each node's refusal, by place; 0: none of its own. */
  #numbers: Uint32Array | undefined;
  /** By number less one. */
  readonly #all: Counted[] = [];
  readonly #numberOf = new Map<Refusal, number>();
  /** The number that was asked for last: neighbours are mostly refused in the same way. */
  #last = 0;
  #explicit = 0;
  /** The verdict of every node that has none of its own. */
  rest: Refusal | undefined;
  /** Names of the plugins that left only some nodes in question: with each of them others may come back. */
  readonly narrowedBy: string[] = [];

  constructor(nodes: NodeList, rest?: Refusal) {
    this.#nodes = nodes;
    this.rest = rest;
  }

  get size(): number {
    return this.#nodes.size;
  }

  set(place: number, refusal: Refusal): void {
    this.setAll(place, place + 1, refusal);
  }

  /** Says the same of all nodes from one place up to another. */
  setAll(from: number, to: number, refusal: Refusal): void {
    this.#numbers ??= new Uint32Array(this.size);
    const number = this.#numbered(refusal);
    for (let place = from; place < to; place++) {
      const before = this.#numbers[place] as number;
      if (before === 0) this.#explicit++;
      else (this.#all[before - 1] as Counted).count--;
      this.#numbers[place] = number;
    }
    (this.#all[number - 1] as Counted).count += to - from;
  }

  #numbered(refusal: Refusal): number {
    if (this.#all[this.#last - 1]?.refusal === refusal) return this.#last;
    this.#last = this.#numberOf.get(refusal) ?? this.#all.push({ refusal, count: 0 });
    this.#numberOf.set(refusal, this.#last);
    return this.#last;
  }

  at(place: number): Refusal | undefined {
    const number = this.#numbers?.[place] ?? 0;
    return number > 0 ? this.#all[number - 1]?.refusal : this.rest;
  }

  of(node: string): Refusal | undefined {
    const place = this.#nodes.placeOf(node);
    return place === undefined ? undefined : this.at(place);
  }

  /** Places of the nodes on which making room could help. */
  resolvable(): Uint32Array {
    const places = new Uint32Array(this.size);
    const numbers = this.#numbers;
    let count = 0;
    const helps = [this.rest, ...this.#all.map(({ refusal }) => refusal)].map(
      (r) => r?.unresolvable === false,
    );
    for (let i = 0; i < this.size; i++) if (helps[numbers ? (numbers[i] as number) : 0]) places[count++] = i;
    return places.subarray(0, count);
  }

  /** Names of all plugins that refused. */
  plugins(): Set<string> {
    const names = new Set(this.narrowedBy);
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

  #distinct(): Counted[] {
    const left = this.rest ? this.size - this.#explicit : 0;
    const all = left > 0 ? [...this.#all, { refusal: this.rest as Refusal, count: left }] : this.#all;
    return all.filter(({ count }) => count > 0);
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
