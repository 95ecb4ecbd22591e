import type { Node, Pod } from '../../api/core/v1.ts';
import { deviceclasses, nodes, pods } from '../../api/generated/resources.ts';
import type { DeviceClass } from '../../api/resource/v1.ts';
import { isDeviceResource, isExtendedResource, resourcesOfClass } from '../../machinery/resource-claims.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { amountOf, amountsOf, isNothing, type Resources, requestsOf } from '../cache/resources.ts';
import { interestIn, interestInChange } from '../framework/events.ts';
import { maxScore, type Plugin } from '../framework/framework.ts';
import { refusalsOf } from '../framework/refusals.ts';
import { type ClassBehind, deviceResourcesOf } from './dynamic-resources/extended-resources.ts';
import { signedUse, useAfter, type WeighedResource } from './resource-use.ts';

const name = 'NodeResourcesFit';

/** A point of the line that RequestedToCapacityRatio scores by; both in 0..100 and 0..10, as upstream has it. */
export interface ShapePoint {
  utilization: number;
  score: number;
}

export interface NodeResourcesFitArgs {
  scoring?: {
    type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
    resources: readonly WeighedResource[];
    shape?: readonly ShapePoint[];
  };
  /** Extended resources that somebody else takes care of. */
  ignoredResources?: readonly string[];
  /** The same for all resources before the slash. */
  ignoredResourceGroups?: readonly string[];
}

const commonResources: readonly WeighedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

type Lacking = { reasons: string[]; unresolvable: boolean };

/** Whether somebody else takes care of a resource on a node. */
type Ignored = (resource: string, node: NodeInfo) => boolean;

/** Whether all fits; the fast answer, without words. */
function fits(node: NodeInfo, requests: Resources, ignored: Ignored): boolean {
  if (node.pods.length + 1 > node.podLimit) return false;
  const { allocatable, requested } = node;
  if (requests.cpu > 0 && requests.cpu > allocatable.cpu - requested.cpu) return false;
  if (requests.memory > 0 && requests.memory > allocatable.memory - requested.memory) return false;
  if (requests.storage > 0 && requests.storage > allocatable.storage - requested.storage) return false;
  if (requests.others.size === 0) return true;
  for (const [resource, wanted] of requests.others)
    if (wanted > free(node, resource) && !ignored(resource, node)) return false;
  return true;
}

const free = ({ allocatable, requested }: NodeInfo, resource: string) =>
  amountOf(allocatable, resource) - amountOf(requested, resource);

/** What is lacking, in upstream's words and order. */
function lacking(node: NodeInfo, requests: Resources, ignored: Ignored): Lacking {
  const reasons: string[] = [];
  let unresolvable = false;
  if (node.pods.length + 1 > node.podLimit) reasons.push('Too many pods');
  for (const resource of ['cpu', 'memory', 'ephemeral-storage', ...requests.others.keys()]) {
    const wanted = amountOf(requests, resource);
    if (wanted === 0 || wanted <= free(node, resource) || ignored(resource, node)) continue;
    reasons.push(`Insufficient ${resource}`);
    unresolvable ||= wanted > amountOf(node.allocatable, resource);
  }
  return { reasons, unresolvable };
}

function ignoredBy(
  { ignoredResources = [], ignoredResourceGroups = [] }: NodeResourcesFitArgs,
  behind: ClassBehind,
): Ignored {
  // Devices serve what nodes do not have themselves.
  const isServed: Ignored = (resource, { allocatable }) =>
    !allocatable.others.has(resource) && behind(resource) !== undefined;
  if (ignoredResources.length + ignoredResourceGroups.length === 0) return isServed;
  const groupOf = (resource: string) => resource.slice(0, Math.max(0, resource.indexOf('/')));
  return (resource, node) =>
    (isExtendedResource(resource) &&
      (ignoredResources.includes(resource) || ignoredResourceGroups.includes(groupOf(resource)))) ||
    isServed(resource, node);
}

type ScoreOfUse = (used: number, capacity: number) => number;

/** Follows the line through the points; shares are whole percent, as upstream has them. */
function alongShape(shape: readonly ShapePoint[]): ScoreOfUse {
  const at = (share: number): number => {
    const next = shape.findIndex((point) => share <= point.utilization);
    if (next < 0) return (shape.at(-1) as ShapePoint).score * 10;
    const [to, from] = [shape[next] as ShapePoint, shape[next - 1]];
    if (!from) return to.score * 10;
    const rise = (to.score - from.score) * 10 * (share - from.utilization);
    return from.score * 10 + Math.trunc(rise / (to.utilization - from.utilization));
  };
  return (used, capacity) =>
    at(capacity === 0 || used > capacity ? 100 : Math.floor((used * maxScore) / capacity));
}

function scoreOfUse({ type, shape }: NonNullable<NodeResourcesFitArgs['scoring']>): ScoreOfUse {
  switch (type) {
    case 'LeastAllocated':
      return (used, capacity) =>
        used > capacity ? 0 : Math.floor(((capacity - used) * maxScore) / capacity);
    case 'MostAllocated':
      return (used, capacity) => Math.floor((Math.min(used, capacity) * maxScore) / capacity);
    case 'RequestedToCapacityRatio':
      return alongShape(shape ?? []);
  }
}

const allocatableOf = ({ status }: Node) => amountsOf(status?.allocatable ?? status?.capacity);
const namesIn = ({ others }: Resources) => ['cpu', 'memory', 'ephemeral-storage', ...others.keys()];

/** Whether the node as it is now may take the pod, which it did not as it was before. */
function nodeHelps(pod: Pod, { node, old }: { node: Node; old?: Node }, behind: ClassBehind): boolean {
  const requests = requestsOf(pod);
  const wanted = namesIn(requests).filter((resource) => amountOf(requests, resource) > 0);
  const all = allocatableOf(node);
  const isServed = (resource: string) =>
    isDeviceResource(resource) && amountOf(all, resource) === 0 && behind(resource) !== undefined;
  const couldFit = wanted.every(
    (resource) => amountOf(requests, resource) <= amountOf(all, resource) || isServed(resource),
  );
  if (!couldFit || amountOf(all, 'pods') < 1) return false;
  if (!old) return true;
  const before = allocatableOf(old);
  const isMore = (resource: string) => amountOf(all, resource) > amountOf(before, resource);
  return isMore('pods') || wanted.some((resource) => isMore(resource) || isServed(resource));
}

/** Whether a class is new behind what a pod asks for. */
function classHelps(pod: Pod, now: DeviceClass, old: DeviceClass | undefined): boolean {
  if (old && old.spec.extendedResourceName === now.spec.extendedResourceName) return false;
  const { others } = requestsOf(pod);
  const { extendedResourceName: resource = '' } = now.spec;
  return (old ? [resource] : resourcesOfClass(now)).some((name) => others.has(name));
}

const frees = (pod: Pod) => !isNothing(requestsOf(pod));

/** A node must have room for what the pod asks; emptier nodes are better unless told otherwise. */
export function nodeResourcesFit(args: NodeResourcesFitArgs, behind: ClassBehind): Plugin {
  const scoring = args.scoring ?? { type: 'LeastAllocated', resources: commonResources };
  const scoreOf = scoreOfUse(scoring);
  const ignored = ignoredBy(args, behind);
  const refusalFor = refusalsOf(name);
  // By a shape, what scores nothing does not weigh down the rest either, as upstream has it.
  const followsShape = scoring.type === 'RequestedToCapacityRatio';
  return {
    name,
    events: [
      // A pod that asked for nothing still frees one of the node's places for pods.
      interestInChange(
        pods,
        ['Delete', 'Update'],
        (pod, old) => !old || (frees(old) && requestsShrink(pod, old)),
      ),
      interestIn(nodes, ['Add', 'UpdateAllocatable'], (pod, node, old) =>
        nodeHelps(pod, { node, old }, behind),
      ),
      interestIn(deviceclasses, ['Add', 'Update'], classHelps),
    ],
    changeHelps: requestsShrink,
    // Which resources devices may serve is news that comes from no node.
    sign: (pod) => [signedUse(pod), ...deviceResourcesOf(pod).filter((resource) => behind(resource))],
    filter({ pod }, node) {
      if (fits(node, pod.requests, ignored)) return undefined;
      const { reasons, unresolvable } = lacking(node, pod.requests, ignored);
      return refusalFor(reasons, unresolvable);
    },
    score(decision, node) {
      let sum = 0;
      let weights = 0;
      for (const { name: resource, weight } of scoring.resources) {
        const { used, capacity } = useAfter(decision, node, { name: resource, assume: true });
        if (capacity === 0) continue;
        const score = scoreOf(used, capacity);
        if (score === 0 && followsShape) continue;
        sum += score * weight;
        weights += weight;
      }
      if (weights === 0) return 0;
      return followsShape ? Math.round(sum / weights) : Math.floor(sum / weights);
    },
  };
}

function requestsShrink(pod: Pod, old: Pod): boolean {
  const [now, before] = [requestsOf(pod), requestsOf(old)];
  return ['cpu', 'memory', 'ephemeral-storage', ...before.others.keys()].some(
    (resource) => amountOf(now, resource) < amountOf(before, resource),
  );
}
