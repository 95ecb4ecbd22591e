/** Below this stands every object. */
export const root = '/registry/';

/** What there is for the resource of a key, by the prefixes of resources: these have one segment below the root, or two. */
export function ofKey<T>(byPrefix: ReadonlyMap<string, T>, key: string): T | undefined {
  const first = key.indexOf('/', root.length) + 1;
  return byPrefix.get(key.slice(0, first)) ?? byPrefix.get(key.slice(0, key.indexOf('/', first) + 1));
}
