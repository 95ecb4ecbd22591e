import type { KubernetesObject } from '../../api/resource.ts';

/** What lists and tables hold objects in. */
interface Holder extends Partial<KubernetesObject> {
  items?: unknown;
  rows?: unknown;
  object?: unknown;
}

/** Takes the managed fields out of an object, or out of all that a list or a table holds; custom kinds may be called like those. */
export function withoutManagers<T>(value: T): T {
  if (!isHolder(value)) return value;
  const { metadata, items, rows, kind } = value;
  delete metadata?.managedFields;
  if (Array.isArray(items) && kind?.endsWith('List')) items.forEach(withoutManagers);
  if (Array.isArray(rows) && kind === 'Table')
    for (const row of rows) if (isHolder(row)) withoutManagers(row.object);
  return value;
}

const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null;
