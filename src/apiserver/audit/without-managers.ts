import type { KubernetesObject } from '../../api/resource.ts';

/** What lists and tables hold objects in. */
interface Holder extends Partial<KubernetesObject> {
  items?: unknown;
  rows?: unknown;
}

/** Takes the managed fields out of an object, or out of all that a list or a table holds. */
export function withoutManagers(object: object): object {
  const { metadata, items, rows, kind } = object as Holder;
  delete metadata?.managedFields;
  if (Array.isArray(items) && kind?.endsWith('List')) items.forEach(withoutManagers);
  if (Array.isArray(rows) && kind === 'Table')
    for (const { object: shown } of rows) if (shown) withoutManagers(shown);
  return object;
}
