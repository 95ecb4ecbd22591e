/** Deeper than any API type nests, and far from what would end the stack. */
export const maxDepth = 500;

/** Whether a value nests no deeper than an object may; walks no deeper itself. */
export function withinDepth(value: unknown, depth = maxDepth): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  for (const key in value) if (!withinDepth((value as Record<string, unknown>)[key], depth - 1)) return false;
  return true;
}
