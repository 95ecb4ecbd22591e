import type { EndpointSlice } from '../api/discovery/v1.ts';

/** What a Service's port and those of its slices have in common: `PROTOCOL/name`. */
export const portKey = ({ name, protocol }: { name?: string; protocol?: string }): string =>
  `${protocol ?? 'TCP'}/${name ?? ''}`;

const numbers = new WeakMap<EndpointSlice, ReadonlyMap<string, number>>();

/** The numbers of a slice's ports by their keys, put together once: Services and slices may have thousands of ports. */
export function portNumbers(slice: EndpointSlice): ReadonlyMap<string, number> {
  const known = numbers.get(slice);
  if (known) return known;
  const made = new Map<string, number>();
  for (const port of slice.ports ?? []) {
    const key = portKey(port);
    if (!made.has(key)) made.set(key, port.port ?? 0);
  }
  numbers.set(slice, made);
  return made;
}
