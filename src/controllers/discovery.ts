import type { Resource } from '../api/resource.ts';

/** A resource that is served, with the verbs it knows. */
export interface ServedResource extends Resource {
  verbs: readonly string[];
}

/**
 * Asks what is served now: each resource once, in the version that is preferred. `undiscovered` is told of each group
 * and version that another server answers for and of which it cannot be told now what it serves.
 */
export type Discover = (options?: {
  undiscovered?(groupVersion: string): void;
}) => Promise<readonly ServedResource[]>;

/** What is served now, and what of `known` may still be, since the server that answers for it does not say. */
export async function servedStill(
  discover: Discover,
  known: Iterable<ServedResource>,
): Promise<readonly ServedResource[]> {
  const silent = new Set<string>();
  const rows = await discover({ undiscovered: (groupVersion) => silent.add(groupVersion) });
  return [...rows, ...[...known].filter(({ group, version }) => silent.has(`${group}/${version}`))];
}

/** One row for each resource that has all of the verbs; further versions of the same are left out. */
export function servingVerbs(
  rows: readonly ServedResource[],
  verbs: readonly string[],
): readonly ServedResource[] {
  const found = new Map<string, ServedResource>();
  for (const row of rows) {
    const key = `${row.plural}.${row.group}`;
    if (!found.has(key) && verbs.every((verb) => row.verbs.includes(verb))) found.set(key, row);
  }
  return [...found.values()];
}
