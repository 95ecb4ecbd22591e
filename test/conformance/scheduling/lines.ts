import type { Line } from '../support/lines.ts';

/** The lines of the list's section for scheduling, in its order. */
export const lines: readonly Line[] = [
  { id: 'limits-defaults', title: 'a LimitRange gives defaults and refuses what is outside' },
  { id: 'limits-collection', title: 'LimitRanges are listed, patched, deleted by label' },
  { id: 'fit', title: 'a pod that asks for more than is left waits' },
  { id: 'selector-match', title: 'a pod goes to the node that its selector names' },
  { id: 'selector-none', title: 'a pod whose selector no node fits waits' },
  { id: 'host-port', title: 'one port of all addresses and of one never share a node' },
  { id: 'preemption-path', title: 'ReplicaSets of four priorities: no more is taken than has to be' },
  { id: 'priority-classes', title: 'PriorityClasses are listed, patched, updated where they may be' },
  { id: 'preemption', title: 'a pod of high priority takes the place of a lower one' },
  { id: 'preemption-critical', title: 'a critical pod takes the place of a lower one' },
  { id: 'preemption-condition', title: 'who is preempted says so until a finalizer lets it go' },
];
