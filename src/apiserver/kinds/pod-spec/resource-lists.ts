import type { Quantity } from '../../../api/meta/v1.ts';
import {
  formatQuantity,
  isQuantity,
  parseQuantity,
  quantityOf,
  scaledValue,
} from '../../../machinery/quantity.ts';

/** Amounts of resources by name. */
export type ResourceList = Record<string, Quantity>;

/** Rounds amounts up to thousandths: nothing smaller is accounted for. */
export function roundResources(list: ResourceList | undefined): void {
  if (!list) return;
  for (const [name, amount] of Object.entries(list)) {
    if (isQuantity(amount)) list[name] = roundToMilli(amount);
  }
}

function roundToMilli(amount: Quantity): Quantity {
  const quantity = parseQuantity(amount);
  if (quantity.exponent >= -3) return amount;
  return formatQuantity(quantityOf(scaledValue(quantity, -3), quantity.format, -3));
}
