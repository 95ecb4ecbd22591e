import type { ObjectMeta } from '../../../api/meta/v1.ts';

const keptFields = ['generation', 'labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** Puts the metadata back that a subresource does not touch. */
export function keepMeta(meta: ObjectMeta, old: Readonly<ObjectMeta>): void {
  const [target, source] = [meta as Record<string, unknown>, old as Record<string, unknown>];
  for (const name of keptFields) {
    if (source[name] === undefined) delete target[name];
    else target[name] = source[name];
  }
}
