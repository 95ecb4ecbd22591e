import { type FieldSet, hasChildren, leaf } from './field-set.ts';
import { type Managers, withFields } from './managers.ts';
import { shapeIn, type WriteContext } from './ownership.ts';
import { childShape } from './set-of.ts';
import type { Shape } from './shape.ts';

/** Who owned parts of what has become one value since, owns it whole. Gives the same set where nothing has. */
function collapse(set: FieldSet, shape: Shape | undefined): FieldSet {
  if (shape?.kind === 'atomic' && hasChildren(set)) return leaf;
  let result: Record<string, FieldSet> | undefined;
  for (const key in set) {
    if (key === '.') continue;
    const child = set[key] as FieldSet;
    const next = collapse(child, childShape(shape, key));
    if (next !== child) (result ??= { ...set })[key] = next;
  }
  return result ?? set;
}

/** Brings what managers own in line with a schema that has changed since they wrote. Changes `managers`. */
export function reconcile(managers: Managers, context: WriteContext): void {
  for (const [key, manager] of managers) {
    const shape = shapeIn(context, manager.entry.apiVersion ?? '');
    if (!shape) continue;
    const fields = collapse(manager.fields, shape);
    if (fields !== manager.fields) managers.set(key, withFields(manager, fields));
  }
}
