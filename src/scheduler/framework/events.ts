import type { Pod } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';

/** What happened to an object. The last four say which part of a node has changed. */
export type Action =
  | 'Add'
  | 'Update'
  | 'Delete'
  | 'UpdateAllocatable'
  | 'UpdateLabel'
  | 'UpdateTaint'
  | 'UpdateDeclaredFeatures';

/** A change of an object that the scheduler has seen. For pods: of one that is on a node. */
export interface ClusterEvent<T extends KubernetesObject = KubernetesObject> {
  resource: Resource<T>;
  action: Action;
  object: Stored<T>;
  /** As it was before an update. */
  old?: Stored<T>;
}

/** Which events may help pods that a plugin has refused. */
export interface EventInterest {
  readonly resource: Resource;
  readonly actions: readonly Action[];
  /** Whether this very change may help this pod; every one may where absent. */
  helps?(pod: Stored<Pod>, event: ClusterEvent): boolean;
}

/** One entry of a plugin's `events`. */
export function interestIn<T extends KubernetesObject>(
  resource: Resource<T>,
  actions: readonly Action[],
  helps?: (pod: Stored<Pod>, object: Stored<T>, old: Stored<T> | undefined) => boolean,
): EventInterest {
  if (!helps) return { resource, actions };
  return {
    resource,
    actions,
    helps: (pod, event) => helps(pod, event.object as Stored<T>, event.old as Stored<T> | undefined),
  };
}

/** The same where the change alone says whether it helps, whichever pod waits: that is found once for all of them. */
export function interestInChange<T extends KubernetesObject>(
  resource: Resource<T>,
  actions: readonly Action[],
  helps: (object: Stored<T>, old: Stored<T> | undefined) => boolean,
): EventInterest {
  let last: { event: ClusterEvent; isHelp: boolean } | undefined;
  return {
    resource,
    actions,
    helps(_, event) {
      if (last?.event !== event) {
        const isHelp = helps(event.object as Stored<T>, event.old as Stored<T> | undefined);
        last = { event, isHelp };
      }
      return last.isHelp;
    },
  };
}

/** Upstream's names of what has changed of a node. */
const nodeActions: Partial<Record<Action, string>> = {
  UpdateAllocatable: 'UpdateNodeAllocatable',
  UpdateLabel: 'UpdateNodeLabel',
  UpdateTaint: 'UpdateNodeTaint',
  UpdateDeclaredFeatures: 'UpdateNodeDeclaredFeature',
};

/** What upstream calls an event, such as `NodeAdd` or `AssignedPodDelete`. */
export function eventLabel({ resource, action }: Pick<ClusterEvent, 'resource' | 'action'>): string {
  return `${resource === pods ? 'AssignedPod' : resource.kind}${nodeActions[action] ?? action}`;
}

/** The key that event and interest meet under. */
export function eventKey({ plural, group }: Resource, action: Action): string {
  return `${plural}.${group}/${action}`;
}
