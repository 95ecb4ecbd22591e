import type { NodeAffinity, TopologySpreadConstraint } from '../../api/core/v1.ts';
import { parseDuration } from '../../machinery/duration.ts';
import type { DynamicResourcesArgs } from '../plugins/dynamic-resources/dynamic-resources.ts';
import type { InterPodAffinityArgs } from '../plugins/inter-pod-affinity.ts';
import type { NodeAffinityArgs } from '../plugins/node-affinity.ts';
import type { NodeResourcesFitArgs, ShapePoint } from '../plugins/node-resources-fit.ts';
import type { PodTopologySpreadArgs } from '../plugins/topology-spread/pod-topology-spread.ts';
import type { DefaultPreemptionArgs } from '../plugins/preemption/default-preemption.ts';
import type { WeighedResource } from '../plugins/resource-use.ts';
import type { VolumeBindingArgs } from '../plugins/volumes/volume-binding.ts';
import {
  ConfigurationError,
  expectKeys,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  type Untyped,
} from './reading.ts';

/* What `pluginConfig` may tell each plugin: upstream's *Args kinds, checked. */

function resourcesAt(parent: Untyped, path: string): WeighedResource[] | undefined {
  const list = listAt(parent, 'resources', path);
  if (list.length === 0) return undefined;
  return list.map((entry, i) => {
    const at = `${path ? `${path}.` : ''}resources[${i}]`;
    const resource = objectAt({ '': entry }, '', at);
    expectKeys(resource, ['name', 'weight'], at);
    const name = stringAt(resource, 'name', at);
    if (!name) throw new ConfigurationError(`${at}.name`, 'Required value');
    return { name, weight: numberAt(resource, 'weight', { path: at, range: [1, 100] }) ?? 1 };
  });
}

function shapeAt(strategy: Untyped): ShapePoint[] {
  const path = 'scoringStrategy.requestedToCapacityRatio';
  const points = listAt(objectAt(strategy, 'requestedToCapacityRatio', 'scoringStrategy'), 'shape', path);
  if (points.length === 0)
    throw new ConfigurationError(`${path}.shape`, 'at least one point must be specified');
  const shape = points.map((entry, i) => {
    const at = `${path}.shape[${i}]`;
    const point = objectAt({ '': entry }, '', at);
    expectKeys(point, ['utilization', 'score'], at);
    return {
      utilization: numberAt(point, 'utilization', { path: at, range: [0, 100] }) ?? 0,
      score: numberAt(point, 'score', { path: at, range: [0, 10] }) ?? 0,
    };
  });
  shape.forEach(({ utilization }, i) => {
    if (i > 0 && utilization <= (shape[i - 1] as ShapePoint).utilization)
      throw new ConfigurationError(
        `${path}.shape[${i}]`,
        'utilization values must be sorted in increasing order',
      );
  });
  return shape;
}

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'] as const;

export function fitArgs(args: Untyped): NodeResourcesFitArgs {
  expectKeys(args, ['scoringStrategy', 'ignoredResources', 'ignoredResourceGroups'], '');
  const lists = {
    ignoredResources: listAt(args, 'ignoredResources', '').map(String),
    ignoredResourceGroups: listAt(args, 'ignoredResourceGroups', '').map(String),
  };
  if (args.scoringStrategy === undefined) return lists;
  const strategy = objectAt(args, 'scoringStrategy', '');
  expectKeys(strategy, ['type', 'resources', 'requestedToCapacityRatio'], 'scoringStrategy');
  const type = strategies.find((known) => known === (strategy.type ?? 'LeastAllocated'));
  if (!type)
    throw new ConfigurationError(
      'scoringStrategy.type',
      `Unsupported value: "${strategy.type}": supported values: ${strategies.map((s) => `"${s}"`).join(', ')}`,
    );
  const common = ['cpu', 'memory'].map((name) => ({ name, weight: 1 }));
  const resources = resourcesAt(strategy, 'scoringStrategy') ?? common;
  const shape = type === 'RequestedToCapacityRatio' ? shapeAt(strategy) : undefined;
  return { ...lists, scoring: { type, resources, shape } };
}

export function balancedAllocationArgs(args: Untyped): { resources?: WeighedResource[] } {
  expectKeys(args, ['resources'], '');
  return { resources: resourcesAt(args, '') };
}

export function nodeAffinityArgs(args: Untyped): NodeAffinityArgs {
  expectKeys(args, ['addedAffinity'], '');
  return args.addedAffinity ? { addedAffinity: objectAt(args, 'addedAffinity', '') as NodeAffinity } : {};
}

export function interPodAffinityArgs(args: Untyped): InterPodAffinityArgs {
  expectKeys(args, ['hardPodAffinityWeight', 'ignorePreferredTermsOfExistingPods'], '');
  const weight = numberAt(args, 'hardPodAffinityWeight', { path: '', range: [0, 100] });
  return {
    ...(weight !== undefined && { hardPodAffinityWeight: weight }),
    ignorePreferredTermsOfExistingPods: args.ignorePreferredTermsOfExistingPods === true,
  };
}

export function spreadArgs(args: Untyped): PodTopologySpreadArgs {
  expectKeys(args, ['defaultConstraints', 'defaultingType'], '');
  const constraints = listAt(args, 'defaultConstraints', '') as TopologySpreadConstraint[];
  const type = args.defaultingType ?? 'System';
  if (type === 'List') return { defaultConstraints: constraints };
  if (type !== 'System') throw new ConfigurationError('defaultingType', `Unsupported value: "${type}"`);
  if (constraints.length > 0)
    throw new ConfigurationError(
      'defaultConstraints',
      'when .defaultingType is System, no constraints can be given',
    );
  return {};
}

export function bindingArgs(args: Untyped): VolumeBindingArgs {
  expectKeys(args, ['bindTimeoutSeconds'], '');
  const range: [number, number] = [0, 2 ** 31 - 1];
  return { bindTimeoutSeconds: numberAt(args, 'bindTimeoutSeconds', { path: '', range }) ?? 600 };
}

function durationAt(args: Untyped, key: string): number | undefined {
  const text = stringAt(args, key, '');
  if (text === undefined) return undefined;
  try {
    return parseDuration(text) / 1e6;
  } catch {
    throw new ConfigurationError(key, `Invalid value: "${text}": must be a duration`);
  }
}

export function dynamicResourcesArgs(args: Untyped): DynamicResourcesArgs {
  expectKeys(args, ['filterTimeout', 'bindingTimeout'], '');
  // What it takes to look at one node is bounded in another way.
  if ((durationAt(args, 'filterTimeout') ?? 0) < 0)
    throw new ConfigurationError('filterTimeout', 'must be zero or positive');
  const bindingTimeoutMs = durationAt(args, 'bindingTimeout') ?? 600_000;
  if (bindingTimeoutMs < 1000) throw new ConfigurationError('bindingTimeout', 'must be at least 1 second');
  return { bindingTimeoutMs };
}

export function preemptionArgs(args: Untyped): DefaultPreemptionArgs {
  expectKeys(args, ['minCandidateNodesPercentage', 'minCandidateNodesAbsolute'], '');
  const percentage = numberAt(args, 'minCandidateNodesPercentage', { path: '', range: [0, 100] }) ?? 10;
  const range: [number, number] = [0, 2 ** 31 - 1];
  const absolute = numberAt(args, 'minCandidateNodesAbsolute', { path: '', range }) ?? 100;
  if (percentage === 0 && absolute === 0)
    throw new ConfigurationError(
      'minCandidateNodesAbsolute',
      'cannot be zero at the same time as the percentage',
    );
  return { minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute };
}
