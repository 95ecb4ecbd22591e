import type { EnabledPlugin } from './configuration.ts';

const plugin = (name: string, weight = 0): EnabledPlugin => ({ name, weight });

/** Upstream's plugins, in its order and with its weights. */
export const defaultPlugins: readonly EnabledPlugin[] = [
  plugin('SchedulingGates'),
  plugin('PrioritySort'),
  plugin('NodeUnschedulable'),
  plugin('NodeName'),
  plugin('TaintToleration', 3),
  plugin('NodeAffinity', 2),
  plugin('NodePorts'),
  plugin('NodeResourcesFit', 1),
  plugin('VolumeRestrictions'),
  plugin('NodeVolumeLimits'),
  plugin('VolumeBinding'),
  plugin('VolumeZone'),
  plugin('PodTopologySpread', 2),
  plugin('InterPodAffinity', 2),
  // Giving back devices that nobody uses comes before evicting pods that do useful work.
  plugin('DynamicResources'),
  plugin('DefaultPreemption'),
  plugin('NodeResourcesBalancedAllocation', 1),
  plugin('ImageLocality', 1),
  plugin('DefaultBinder'),
  plugin('NodeDeclaredFeatures'),
];
