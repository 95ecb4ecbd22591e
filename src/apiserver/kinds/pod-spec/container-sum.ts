import type { PodSpec } from '../../../api/core/v1.ts';
import {
  addQuantities,
  compareQuantities,
  isQuantity,
  type ParsedQuantity,
} from '../../../machinery/quantity.ts';
import type { ResourceList } from './resource-lists.ts';

type Sums = Map<string, ParsedQuantity>;

function add(sums: Sums, list: ResourceList | undefined): void {
  for (const [name, amount] of Object.entries(list ?? {})) {
    if (isQuantity(amount)) sums.set(name, addQuantities(sums.get(name) ?? '0', amount));
  }
}

function raise(sums: Sums, floor: Sums): void {
  for (const [name, amount] of floor) {
    const sum = sums.get(name);
    if (!sum || compareQuantities(amount, sum) > 0) sums.set(name, amount);
  }
}

/**
 * What all containers of a pod need together: those that run side by side are added up; an init container needs its own
 * beside the sidecars before it, and what is highest counts.
 */
export function containerSum(spec: PodSpec, of: 'requests' | 'limits'): Sums {
  const sums: Sums = new Map();
  for (const container of spec.containers ?? []) add(sums, container.resources?.[of]);
  const sidecars: Sums = new Map();
  const highest: Sums = new Map();
  for (const container of spec.initContainers ?? []) {
    const list = container.resources?.[of];
    if (container.restartPolicy === 'Always') {
      add(sums, list);
      add(sidecars, list);
      raise(highest, sidecars);
    } else {
      const beside: Sums = new Map(sidecars);
      add(beside, list);
      raise(highest, beside);
    }
  }
  raise(sums, highest);
  return sums;
}
