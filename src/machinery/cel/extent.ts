import type { CelType } from './types.ts';
import type { CelValue } from './values.ts';

/** How large values of a variable can be: elements of a list, entries of a map, characters of a text. */
export interface Extent {
  max: number;
  /** Of the elements of a list or the values of a map. */
  items?: Extent | undefined;
  keys?: Extent | undefined;
  fields?: ReadonlyMap<string, Extent> | undefined;
  /** Of what is selected from a map by name, where that is known too. */
  open?: Extent;
}

/** How large something is, at least and at most; `max` is infinite where nobody knows. */
export interface Size {
  min: number;
  max: number;
}

/** A place within a variable: what a size can be looked up for. Without an extent, nothing is known of the place. */
export interface Place {
  extent: Extent | undefined;
}

/** What is known of the value of a piece of an expression, and of what it costs at most to get it. */
export interface Estimate {
  type: CelType;
  cost: number;
  /** Where the value stands; absent for what was made. */
  place?: Place | undefined;
  /** How large what was made is, where that is known. */
  size?: Size | undefined;
  /** The value itself, where it stands in the expression. */
  literal?: CelValue;
  /** How large a value is that got a name. */
  named?: Size | undefined;
  /** How large the elements of a list or the values of a map are that was made. */
  entries?: Size | undefined;
}

export const exactly = (n: number): Size => ({ min: n, max: n });
export const unknownSize: Size = { min: 0, max: Number.POSITIVE_INFINITY };

/** The product, where nothing of something unbounded is nothing. */
export const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : a * b);
/** A cost of `factor` for each of `n`, in whole units. */
export const costOfEach = (n: number, factor: number) => Math.ceil(times(n, factor));

export const union = (a: Size, b: Size): Size => ({
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
});
export const sum = (a: Size, b: Size): Size => ({ min: a.min + b.min, max: a.max + b.max });
export const product = (a: Size, b: Size): Size => ({ min: times(a.min, b.min), max: times(a.max, b.max) });

const scalars = new Set(['bool', 'int', 'uint', 'double', 'timestamp', 'duration']);

/** How large a value is: as it was made, as its variable says, or as its type or name says. */
export function sizeOf({ size, place, type, named }: Estimate): Size {
  if (size) return size;
  if (place?.extent) return { min: 0, max: place.extent.max };
  return scalars.has(type.kind) ? exactly(1) : (named ?? unknownSize);
}

/** The size of the elements of a list, where it has any. */
export function elementSize({ type, place }: Estimate): Size | undefined {
  if (type.kind !== 'list') return undefined;
  return sizeOfItem(place);
}

function sizeOfItem(place: Place | undefined): Size {
  const items = place?.extent?.items;
  return items ? { min: 0, max: items.max } : unknownSize;
}
