/**
 * What stands in a map under a name that somebody chose. What every object has by birth (`constructor`, `toString`) is
 * none of it.
 */
export function own<V>(map: Readonly<Record<string, V>> | undefined, name: string): V | undefined {
  const value = map?.[name];
  return value !== undefined && Object.hasOwn(map as object, name) ? value : undefined;
}
