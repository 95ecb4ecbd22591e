import type { Plugin } from '../framework/framework.ts';

/** The more important pod first; of equals the one that has waited longest since it came or was refused. */
export function prioritySort(): Plugin {
  return {
    name: 'PrioritySort',
    queueSort: (a, b) => (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.sinceMs - b.sinceMs,
  };
}
