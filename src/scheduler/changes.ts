import type { Node, Pod } from '../api/core/v1.ts';
import { deepEqual } from '../machinery/equal.ts';
import { holdsTheSame } from './cache/resources.ts';
import type { Action } from './framework/events.ts';

/** Which parts of a node that plugins look at have changed. */
export function changesOfNode(node: Node, old: Node): Action[] {
  const actions: Action[] = [];
  if (!deepEqual(node.status?.allocatable, old.status?.allocatable)) actions.push('UpdateAllocatable');
  if (!deepEqual(node.metadata.labels, old.metadata.labels)) actions.push('UpdateLabel');
  const taints = ({ spec }: Node) => [spec?.taints ?? [], spec?.unschedulable ?? false];
  if (!deepEqual(taints(node), taints(old))) actions.push('UpdateTaint');
  if (!deepEqual(node.status?.declaredFeatures, old.status?.declaredFeatures))
    actions.push('UpdateDeclaredFeatures');
  return actions;
}

/** Whether a node says something new that only extenders may look at. */
export function saysMore(node: Node, old: Node): boolean {
  const view = ({ metadata, status }: Node) => [
    metadata.annotations ?? {},
    status?.conditions?.map((condition) => [condition.type, condition.status]),
  ];
  return !deepEqual(view(node), view(old));
}

/** Whether nothing has changed that the scheduler looks at. */
export function sameForScheduling(pod: Pod, old: Pod): boolean {
  const view = ({ metadata, spec, status }: Pod) => [
    metadata.labels,
    metadata.deletionTimestamp,
    spec,
    // Claims made from templates let a pod go on that waited for them.
    status?.resourceClaimStatuses,
  ];
  return deepEqual(view(pod), view(old)) && holdsTheSame(pod, old);
}

const nominatedNode = ({ status }: Pod) => status?.nominatedNodeName || undefined;

/** The node that is kept for a pod by what the API says now and said before; `known` is what was decided here, which it may not show yet. */
export function keptNode(pod: Pod, old: Pod | undefined, known: string | undefined): string | undefined {
  const isSilent = old !== undefined && !nominatedNode(old);
  return nominatedNode(pod) ?? (isSilent ? known : undefined);
}

/** Whether what was kept for a pod on a node is free for others. */
export function gaveUpNode(pod: Pod, old: Pod | undefined): boolean {
  const before = old && nominatedNode(old);
  return before !== undefined && before !== nominatedNode(pod);
}
