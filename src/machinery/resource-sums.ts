import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type ParsedQuantity,
  parseQuantity,
  quantityOf,
  subtractQuantities,
} from './quantity.ts';

/** Amounts by resource name, such as `requests.cpu`. */
export type Sums = ReadonlyMap<string, ParsedQuantity>;

export const zero: ParsedQuantity = quantityOf(0);
export const one: ParsedQuantity = quantityOf(1);

/** Amounts from how the API writes them. */
export function readSums(list: Readonly<Record<string, string>> | undefined): Map<string, ParsedQuantity> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

/** Amounts as the API writes them. */
export function writeSums(sums: Sums): Record<string, string> {
  return Object.fromEntries([...sums].map(([name, quantity]) => [name, formatQuantity(quantity)]));
}

export function addSums(a: Sums, b: Sums): Map<string, ParsedQuantity> {
  const result = new Map(a);
  for (const [name, quantity] of b) result.set(name, addQuantities(result.get(name) ?? zero, quantity));
  return result;
}

/** `a` less `b`; what `b` alone has is left out, and nothing falls below zero. */
export function subtractSums(a: Sums, b: Sums): Map<string, ParsedQuantity> {
  const result = new Map<string, ParsedQuantity>();
  for (const [name, quantity] of a) {
    const rest = subtractQuantities(quantity, b.get(name) ?? zero);
    result.set(name, compareQuantities(rest, zero) < 0 ? zero : rest);
  }
  return result;
}

/** The larger amount of each resource. */
export function maxSums(a: Sums, b: Sums): Map<string, ParsedQuantity> {
  const result = new Map(a);
  for (const [name, quantity] of b) {
    const known = result.get(name);
    if (!known || compareQuantities(quantity, known) > 0) result.set(name, quantity);
  }
  return result;
}

/** The amounts of these resources alone. */
export function maskSums(sums: Sums, names: { has(name: string): boolean }): Map<string, ParsedQuantity> {
  return new Map([...sums].filter(([name]) => names.has(name)));
}
