import {
  namespaces,
  replicasets,
  replicationcontrollers,
  services,
  statefulsets,
} from '../../api/generated/resources.ts';
import type { PluginFactory } from '../framework/framework.ts';
import type { Handle } from '../framework/handle.ts';
import { defaultBinder } from '../plugins/default-binder.ts';
import { DynamicResources } from '../plugins/dynamic-resources/dynamic-resources.ts';
import { classBehind } from '../plugins/dynamic-resources/extended-resources.ts';
import { imageLocality } from '../plugins/image-locality.ts';
import { interPodAffinity } from '../plugins/inter-pod-affinity.ts';
import { nodeAffinity } from '../plugins/node-affinity.ts';
import { nodeDeclaredFeatures } from '../plugins/node-declared-features.ts';
import { nodeName } from '../plugins/node-name.ts';
import { nodePorts } from '../plugins/node-ports.ts';
import { nodeResourcesBalancedAllocation } from '../plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFit } from '../plugins/node-resources-fit.ts';
import { nodeUnschedulable } from '../plugins/node-unschedulable.ts';
import { ownerSelector } from '../plugins/owner-selector.ts';
import { PodTopologySpread } from '../plugins/topology-spread/pod-topology-spread.ts';
import { defaultPreemption } from '../plugins/preemption/default-preemption.ts';
import { prioritySort } from '../plugins/priority-sort.ts';
import { schedulingGates } from '../plugins/scheduling-gates.ts';
import { taintToleration } from '../plugins/taint-toleration.ts';
import { storageListers } from '../plugins/volumes/claims.ts';
import { nodeVolumeLimits } from '../plugins/volumes/node-volume-limits.ts';
import { VolumeBinding } from '../plugins/volumes/volume-binding.ts';
import { volumeRestrictions } from '../plugins/volumes/volume-restrictions.ts';
import { volumeZone } from '../plugins/volumes/volume-zone.ts';
import {
  balancedAllocationArgs,
  bindingArgs,
  dynamicResourcesArgs,
  fitArgs,
  interPodAffinityArgs,
  nodeAffinityArgs,
  preemptionArgs,
  spreadArgs,
} from './plugin-args.ts';

/** How plugins are made, by their names. */
export type Registry = Readonly<Record<string, PluginFactory>>;

const ownersOf = ({ lister }: Handle) =>
  ownerSelector({
    services: lister(services),
    replicationControllers: lister(replicationcontrollers),
    replicaSets: lister(replicasets),
    statefulSets: lister(statefulsets),
  });

/** The plugins that come with the scheduler. */
export const builtInPlugins: Registry = {
  SchedulingGates: schedulingGates,
  PrioritySort: prioritySort,
  NodeUnschedulable: nodeUnschedulable,
  NodeName: nodeName,
  TaintToleration: taintToleration,
  NodeAffinity: (_, args) => nodeAffinity(nodeAffinityArgs(args)),
  NodePorts: nodePorts,
  NodeResourcesFit: (handle, args) => nodeResourcesFit(fitArgs(args), classBehind(handle)),
  VolumeRestrictions: (handle) => volumeRestrictions(storageListers(handle)),
  NodeVolumeLimits: (handle) => nodeVolumeLimits(storageListers(handle)),
  VolumeBinding: (handle, args) => new VolumeBinding(handle, storageListers(handle), bindingArgs(args)),
  VolumeZone: (handle) => volumeZone(storageListers(handle)),
  PodTopologySpread: (handle, args) => new PodTopologySpread(ownersOf(handle), spreadArgs(args)),
  InterPodAffinity: (handle, args) => interPodAffinity(handle.lister(namespaces), interPodAffinityArgs(args)),
  DynamicResources: (handle, args) => new DynamicResources(handle, dynamicResourcesArgs(args)),
  DefaultPreemption: (handle, args) => defaultPreemption(handle, preemptionArgs(args)),
  NodeResourcesBalancedAllocation: (_, args) => nodeResourcesBalancedAllocation(balancedAllocationArgs(args)),
  ImageLocality: imageLocality,
  DefaultBinder: ({ client }) => defaultBinder(client),
  NodeDeclaredFeatures: nodeDeclaredFeatures,
};
