import type { NodeAffinity, NodeSelectorTerm, TopologySpreadConstraint } from '../../api/core/v1.ts';
import { parseDuration } from '../../machinery/duration.ts';
import {
  allErrors,
  duplicate,
  errorsOf,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  notSupported,
  renderErrors,
  required,
} from '../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';
import { termErrors } from '../../machinery/node-selection.ts';
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
  objectsAt,
  stringAt,
  type Untyped,
} from './reading.ts';

/* What `pluginConfig` may tell each plugin: upstream's *Args kinds, checked. */

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new ConfigurationError('', renderErrors(errors));
}

function resourcesAt(parent: Untyped, path: string): WeighedResource[] | undefined {
  const list = listAt(parent, 'resources', path);
  if (list.length === 0) return undefined;
  return list.map((entry, i) => {
    const at = `${path ? `${path}.` : ''}resources[${i}]`;
    const resource = objectAt({ '': entry }, '', at);
    expectKeys(resource, ['name', 'weight'], at);
    const name = stringAt(resource, 'name', at);
    if (!name) throw new ConfigurationError(`${at}.name`, 'Required value');
    return { name, weight: numberAt(resource, 'weight', { path: at, range: [0, 100] }) || 1 };
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
    ignoredResources: namesAt(args, 'ignoredResources'),
    ignoredResourceGroups: namesAt(args, 'ignoredResourceGroups'),
  };
  refuse(
    errorsOf(lists.ignoredResourceGroups, (group, i) => {
      const why = "resource group name can't contain '/'";
      return group.includes('/') ? [invalid(`ignoredResourceGroups[${i}]`, group, why)] : noErrors;
    }),
  );
  if (args.scoringStrategy === undefined) return lists;
  const strategy = objectAt(args, 'scoringStrategy', '');
  expectKeys(strategy, ['type', 'resources', 'requestedToCapacityRatio'], 'scoringStrategy');
  const type = strategies.find((known) => known === (strategy.type ?? 'LeastAllocated'));
  if (!type)
    throw new ConfigurationError(
      'scoringStrategy.type',
      `Unsupported value: "${strategy.type}": supported values: ${strategies.map((s) => `"${s}"`).join(', ')}`,
    );
  if (type !== 'RequestedToCapacityRatio' && strategy.requestedToCapacityRatio) {
    const why = 'must be nil when type is not RequestedToCapacityRatio';
    refuse([forbiddenField('scoringStrategy.requestedToCapacityRatio', why)]);
  }
  const common = ['cpu', 'memory'].map((name) => ({ name, weight: 1 }));
  const resources = resourcesAt(strategy, 'scoringStrategy') ?? common;
  const shape = type === 'RequestedToCapacityRatio' ? shapeAt(strategy) : undefined;
  return { ...lists, scoring: { type, resources, shape } };
}

function namesAt(args: Untyped, key: string): string[] {
  const names = listAt(args, key, '').map(String);
  refuse(errorsOf(names, (name, i) => invalids(`${key}[${i}]`, name, qualifiedNameErrors(name))));
  return names;
}

export function balancedAllocationArgs(args: Untyped): { resources?: WeighedResource[] } {
  expectKeys(args, ['resources'], '');
  const resources = resourcesAt(args, '');
  const names = resources?.map(({ name }) => name) ?? [];
  refuse(
    errorsOf(resources ?? [], ({ name, weight }, i) =>
      allErrors(
        names.indexOf(name) < i ? [duplicate(`resources[${i}].name`, name)] : noErrors,
        weight === 1 ? noErrors : [invalid(`resources[${i}].weight`, weight, 'must be 1')],
      ),
    ),
  );
  return { resources };
}

const [always, preferred] = [
  'requiredDuringSchedulingIgnoredDuringExecution',
  'preferredDuringSchedulingIgnoredDuringExecution',
] as const;

export function nodeAffinityArgs(args: Untyped): NodeAffinityArgs {
  expectKeys(args, ['addedAffinity'], '');
  if (!args.addedAffinity) return {};
  const at = 'addedAffinity';
  const affinity = objectAt(args, at, '');
  expectKeys(affinity, [always, preferred], at);
  const demand = objectAt(affinity, always, at);
  const terms = objectsAt(demand, 'nodeSelectorTerms', `${at}.${always}`) as NodeSelectorTerm[];
  const wishes = objectsAt(affinity, preferred, at);
  const wished = (wish: Untyped, i: number) =>
    objectAt(wish, 'preference', `${at}.${preferred}[${i}]`) as NodeSelectorTerm;
  refuse(
    allErrors(
      errorsOf(terms, (term, i) => termErrors(`${at}.${always}.nodeSelectorTerms[${i}]`, term)),
      // A wish of no weight is not looked at.
      errorsOf(wishes, (wish, i) =>
        wish.weight ? termErrors(`${at}.${preferred}[${i}].preference`, wished(wish, i)) : noErrors,
      ),
    ),
  );
  return { addedAffinity: affinity as NodeAffinity };
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
  const constraints = objectsAt(args, 'defaultConstraints', '') as unknown as TopologySpreadConstraint[];
  const type = args.defaultingType ?? 'System';
  if (type === 'List') {
    refuse(errorsOf(constraints, (_, i) => constraintErrors(constraints, i)));
    return { defaultConstraints: constraints };
  }
  if (type !== 'System') throw new ConfigurationError('defaultingType', `Unsupported value: "${type}"`);
  if (constraints.length > 0)
    throw new ConfigurationError(
      'defaultConstraints',
      'when .defaultingType is System, no constraints can be given',
    );
  return {};
}

const actions = ['DoNotSchedule', 'ScheduleAnyway'];

/** As those of pods, but that whom they count is deduced from each pod. */
function constraintErrors(all: readonly TopologySpreadConstraint[], i: number): readonly FieldError[] {
  const at = `defaultConstraints[${i}]`;
  const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', labelSelector } = all[i] ?? {};
  const empty = (field: string) => [required(`${at}.${field}`, 'can not be empty')];
  const isSame = (other: TopologySpreadConstraint) =>
    other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable;
  return allErrors(
    maxSkew > 0 ? noErrors : [invalid(`${at}.maxSkew`, maxSkew, 'not in valid range (0, inf)')],
    topologyKey
      ? invalids(`${at}.topologyKey`, topologyKey, qualifiedNameErrors(topologyKey))
      : empty('topologyKey'),
    whenUnsatisfiable ? noErrors : empty('whenUnsatisfiable'),
    whenUnsatisfiable && !actions.includes(whenUnsatisfiable)
      ? [notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, actions)]
      : noErrors,
    labelSelector
      ? [
          forbiddenField(
            `${at}.labelSelector`,
            'constraint must not define a selector, as they deduced for each pod',
          ),
        ]
      : noErrors,
    all.slice(0, i).some(isSame) ? [duplicate(at, `{${topologyKey}, ${whenUnsatisfiable}}`)] : noErrors,
  );
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
