import type { Client } from '../../client/client.ts';
import type { Profile } from '../framework/framework.ts';
import { defaultBinder } from './default-binder.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { prioritySort } from './priority-sort.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';

/** The profile that pods get unless they name another: upstream's plugins, order and weights. */
export function defaultProfile(client: Client): Profile {
  return {
    schedulerName: 'default-scheduler',
    plugins: [
      schedulingGates(),
      prioritySort(),
      nodeUnschedulable(),
      nodeName(),
      taintToleration(),
      nodeAffinity(),
      nodePorts(),
      nodeResourcesFit(),
      nodeResourcesBalancedAllocation(),
      defaultBinder(client),
    ],
    weights: { TaintToleration: 3, NodeAffinity: 2, NodeResourcesFit: 1, NodeResourcesBalancedAllocation: 1 },
  };
}
