import { replicationcontrollers } from '../../api/generated/resources.ts';
import type { Component } from '../../client/component.ts';
import { exactlyOnce } from '../../machinery/label-selector.ts';
import type { ControllerContext } from '../controller.ts';
import { createReplicaManager } from './replica-manager.ts';

/** Keeps the pods of every ReplicationController. */
export function createReplicationController(context: ControllerContext): Component {
  return createReplicaManager({
    name: 'replication-controller',
    queueName: 'replicationmanager',
    resource: replicationcontrollers,
    context,
    specOf: (controller) => ({
      replicas: controller.spec?.replicas ?? 1,
      minReadySeconds: controller.spec?.minReadySeconds ?? 0,
      template: controller.spec?.template ?? { spec: { containers: [] } },
      deleting: controller.metadata.deletionTimestamp !== undefined,
      countsTerminating: false,
    }),
    // An empty selector would match everything; it selects nothing here.
    selectorOf: (controller) => {
      const selector = exactlyOnce(controller.spec?.selector ?? {});
      return selector.length > 0 ? selector : undefined;
    },
  });
}
