import { replicasets } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import type { ControllerContext } from '../controller.ts';
import { planReplicas } from './plan.ts';
import { createReplicaManager } from './replica-manager.ts';
import { compiledOnce } from '../../machinery/label-selector.ts';

/** Keeps the pods of every ReplicaSet. */
export function createReplicaSetController(context: ControllerContext, plan = planReplicas): Component {
  return createReplicaManager({
    name: 'replicaset-controller',
    queueName: 'replicaset',
    resource: replicasets,
    plan,
    context,
    specOf: (set) => ({
      replicas: set.spec.replicas ?? 1,
      minReadySeconds: set.spec.minReadySeconds ?? 0,
      template: set.spec.template ?? { spec: { containers: [] } },
      deleting: set.metadata.deletionTimestamp !== undefined,
      countsTerminating: true,
    }),
    selectorOf: (set) => compiledOnce(set.spec.selector),
  });
}
