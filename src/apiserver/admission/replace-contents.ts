import { setOwn } from '../../machinery/clone.ts';

/** Makes one object equal to another that nobody else holds, for whoever holds the first. */
export function replaceContents(object: object, other: object): void {
  const target = object as Record<string, unknown>;
  for (const key of Object.keys(target)) if (!Object.hasOwn(other, key)) delete target[key];
  for (const [key, value] of Object.entries(other)) setOwn(target, key, value);
}
