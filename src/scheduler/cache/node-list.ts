import type { NodeInfo } from './node-info.ts';
import { zoneOf } from '../../machinery/node-zone.ts';

/** Nodes stand in blocks, so that a change copies one block and not the whole list. */
const blockBits = 6;
export const blockSize = 1 << blockBits;

/** The number of the block in which a place is. */
export const blockOf = (place: number) => place >> blockBits;

/** Where in its block a place is. */
export const placeInBlock = (place: number) => place & (blockSize - 1);

/** An immutable list of nodes, which can also be found by name. */
export class NodeList {
  readonly size: number;
  readonly #blocks: readonly (readonly NodeInfo[])[];
  readonly #places: ReadonlyMap<string, number>;

  constructor(blocks: readonly (readonly NodeInfo[])[], places: ReadonlyMap<string, number>) {
    this.#blocks = blocks;
    this.#places = places;
    this.size = places.size;
  }

  at(index: number): NodeInfo {
    return (this.#blocks[blockOf(index)] as readonly NodeInfo[])[placeInBlock(index)] as NodeInfo;
  }

  /** The nodes from place `number * blockSize` on; the same value as long as none of them changes. */
  block(number: number): readonly NodeInfo[] {
    return this.#blocks[number] as readonly NodeInfo[];
  }

  /** Where a node stands, or undefined. */
  placeOf(name: string): number | undefined {
    return this.#places.get(name);
  }

  get(name: string): NodeInfo | undefined {
    const place = this.#places.get(name);
    return place === undefined ? undefined : this.at(place);
  }

  *[Symbol.iterator](): Iterator<NodeInfo> {
    for (const block of this.#blocks) yield* block;
  }
}

/** Puts something at the place of a node. An array that is written to far behind its end would become a slow table. */
export function putAt<T>(values: (T | undefined)[], place: number, value: T): void {
  while (values.length < place) values.push(undefined);
  values[place] = value;
}

/** One node of each zone in turn, so that whoever looks at a part of the list sees all zones. */
function takeTurns(infos: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const info of infos) {
    const zone = zoneOf(info.node);
    const nodes = zones.get(zone);
    if (nodes) nodes.push(info);
    else zones.set(zone, [info]);
  }
  const queues = [...zones.values()];
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  const out: NodeInfo[] = [];
  for (let i = 0; i < longest; i++) for (const queue of queues) if (queue[i]) out.push(queue[i] as NodeInfo);
  return out;
}

/** The nodes as they change; gives lists that stay as they were. */
export class NodeTable {
  readonly #infos = new Map<string, NodeInfo>();
  #blocks: NodeInfo[][] = [];
  #places: ReadonlyMap<string, number> = new Map();
  /** Blocks that no list shares yet, so that they may be written into. */
  readonly #own = new Set<number>();
  #ordered = true;
  #list: NodeList | undefined = new NodeList([], this.#places);

  get(name: string): NodeInfo | undefined {
    return this.#infos.get(name);
  }

  get size(): number {
    return this.#infos.size;
  }

  values(): IterableIterator<NodeInfo> {
    return this.#infos.values();
  }

  set(info: NodeInfo): void {
    const old = this.#infos.get(info.name);
    this.#infos.set(info.name, info);
    this.#list = undefined;
    if (!old || (old.node !== info.node && zoneOf(old.node) !== zoneOf(info.node))) this.#ordered = false;
    if (!this.#ordered) return;
    const place = this.#places.get(info.name) as number;
    const block = blockOf(place);
    if (!this.#own.has(block)) {
      this.#blocks[block] = [...(this.#blocks[block] as NodeInfo[])];
      this.#own.add(block);
    }
    (this.#blocks[block] as NodeInfo[])[placeInBlock(place)] = info;
  }

  delete(name: string): void {
    if (!this.#infos.delete(name)) return;
    this.#ordered = false;
    this.#list = undefined;
  }

  /** All nodes as they are now; the same value until something changes. */
  list(): NodeList {
    if (this.#list) return this.#list;
    if (!this.#ordered) this.#order();
    this.#own.clear();
    this.#list = new NodeList([...this.#blocks], this.#places);
    return this.#list;
  }

  #order(): void {
    const nodes = takeTurns(this.#infos.values());
    this.#blocks = [];
    for (let i = 0; i < nodes.length; i += blockSize) this.#blocks.push(nodes.slice(i, i + blockSize));
    this.#places = new Map(nodes.map(({ name }, i) => [name, i]));
    this.#ordered = true;
  }
}
