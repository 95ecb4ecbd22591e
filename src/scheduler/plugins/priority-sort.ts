import type { Plugin } from '../framework/framework.ts';

/** The more important pod first; of equals the one that came first. */
export function prioritySort(): Plugin {
  return {
    name: 'PrioritySort',
    queueSort: (a, b) => (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.arrivedMs - b.arrivedMs,
  };
}
