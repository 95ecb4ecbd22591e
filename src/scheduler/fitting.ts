import type { NodeInfo } from './cache/node-info.ts';
import type { NodeList } from './cache/node-list.ts';
import type { BlockVerdicts } from './framework/memory.ts';

/** Neighbours within one block of nodes: those from one place up to another that are not refused fit. */
export interface Stretch {
  readonly block: BlockVerdicts;
  /** The place of the block's first node. */
  readonly first: number;
  readonly from: number;
  readonly to: number;
}

/** The nodes that a pod fits on, in the order in which they were looked at. */
export class Fitting {
  readonly size: number;
  /** Where they stand, if they were looked at block by block: then most pods need no list of them. */
  readonly stretches: readonly Stretch[] | undefined;
  readonly #all: NodeList;
  #places: readonly number[] | undefined;
  #nodes: readonly NodeInfo[] | undefined;

  private constructor(
    all: NodeList,
    found: { places?: readonly number[]; stretches?: readonly Stretch[]; size: number },
  ) {
    this.#all = all;
    this.#places = found.places;
    this.stretches = found.stretches;
    this.size = found.size;
  }

  /** The nodes at these places. */
  static at(all: NodeList, places: readonly number[]): Fitting {
    return new Fitting(all, { places, size: places.length });
  }

  /** All nodes of these stretches that are not refused, which are so many. */
  static within(all: NodeList, stretches: readonly Stretch[], size: number): Fitting {
    return new Fitting(all, { stretches, size });
  }

  /** Where each stands in the list of all nodes. */
  get places(): readonly number[] {
    this.#places ??= (this.stretches ?? []).flatMap(placesOf);
    return this.#places;
  }

  get nodes(): readonly NodeInfo[] {
    this.#nodes ??= this.places.map((place) => this.#all.at(place));
    return this.#nodes;
  }
}

/** Whether a node of a block fits, by its number there. */
export const fits = ({ verdicts }: BlockVerdicts, number: number) => verdicts[number] === undefined;

function placesOf({ block, first, from, to }: Stretch): number[] {
  const places: number[] = [];
  for (let place = from; place < to; place++) if (fits(block, place - first)) places.push(place);
  return places;
}
