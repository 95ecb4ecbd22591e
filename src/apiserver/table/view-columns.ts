import type { KubernetesObject } from '../../api/resource.ts';
import type { Kind } from '../registry/kind.ts';

/** How tables show the objects of a view: with the columns of the kind behind it. */
export function shownKind(view: Kind, stored: Kind): Kind {
  const { storedAs } = view;
  if (!storedAs) return stored;
  const made = new WeakMap<KubernetesObject, KubernetesObject>();
  const behind = (object: KubernetesObject): KubernetesObject => {
    const known = made.get(object) ?? storedAs.toStored(object);
    made.set(object, known);
    return known;
  };
  const columns = stored.columns.map((column) => ({
    ...column,
    cell: (object: KubernetesObject, nowMs: number) => column.cell(behind(object), nowMs),
  }));
  const { rowConditions } = stored;
  return {
    ...view,
    columns,
    ...(rowConditions && { rowConditions: (object) => rowConditions(behind(object)) }),
  };
}
