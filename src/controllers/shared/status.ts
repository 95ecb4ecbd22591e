import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { semanticEqual } from '../../machinery/equal.ts';
import { typeSchema } from '../../machinery/schema.ts';

/** Whether two statuses of a resource say the same: what is zero and what is missing are one where no pointer tells them apart. */
export function saysSame<T extends KubernetesObject>(
  { type }: Resource<T>,
  there: object | undefined,
  wanted: object | undefined,
): boolean {
  const status = typeSchema(type).fields.get('status')?.ref as string;
  return semanticEqual(there ?? {}, wanted ?? {}, status);
}
