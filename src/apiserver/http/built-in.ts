import * as rows from '../../api/generated/resources.ts';
import type { Resource } from '../../api/resource.ts';
import type { RequestInfo } from '../request.ts';

const builtIn = new Set(
  Object.values(rows as unknown as Record<string, Resource>).map((row) => `${row.group}/${row.plural}`),
);

/** Whether the resource is one of those the API server itself brings, not a custom one. */
export function isBuiltIn({ group, resource }: Pick<RequestInfo, 'group' | 'resource'>): boolean {
  return builtIn.has(`${group}/${resource}`);
}
