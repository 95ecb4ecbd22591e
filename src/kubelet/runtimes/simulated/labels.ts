/** Whether all that is wanted is there. Asked of each container of a node for each look at a pod. */
export function hasLabels(labels: Record<string, string>, wanted: Record<string, string>): boolean {
  for (const name in wanted) if (labels[name] !== wanted[name]) return false;
  return true;
}
