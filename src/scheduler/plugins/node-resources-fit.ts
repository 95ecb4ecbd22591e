import type { Node, Pod } from '../../api/core/v1.ts';
import { nodes, pods } from '../../api/generated/resources.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { amountOf, amountsOf, isNothing, type Resources, requestsOf } from '../cache/resources.ts';
import { interestIn } from '../framework/events.ts';
import { maxScore, type Plugin } from '../framework/framework.ts';
import { refusalsOf } from '../framework/refusals.ts';
import { isExtended, signedUse, useAfter, type WeighedResource } from './resource-use.ts';

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

type Ignored = (resource: string) => boolean;

/** Whether all fits; the fast answer, without words. */
function fits(node: NodeInfo, requests: Resources, ignored: Ignored): boolean {
  if (node.pods.length + 1 > node.podLimit) return false;
  const { allocatable, requested } = node;
  if (requests.cpu > 0 && requests.cpu > allocatable.cpu - requested.cpu) return false;
  if (requests.memory > 0 && requests.memory > allocatable.memory - requested.memory) return false;
  if (requests.storage > 0 && requests.storage > allocatable.storage - requested.storage) return false;
  if (requests.others.size === 0) return true;
  for (const [resource, wanted] of requests.others)
    if (wanted > free(node, resource) && !ignored(resource)) return false;
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
    if (wanted === 0 || wanted <= free(node, resource) || ignored(resource)) continue;
    reasons.push(`Insufficient ${resource}`);
    unresolvable ||= wanted > amountOf(node.allocatable, resource);
  }
  return { reasons, unresolvable };
}

function ignoredBy({ ignoredResources = [], ignoredResourceGroups = [] }: NodeResourcesFitArgs): Ignored {
  if (ignoredResources.length + ignoredResourceGroups.length === 0) return () => false;
  const groupOf = (resource: string) => resource.slice(0, Math.max(0, resource.indexOf('/')));
  return (resource) =>
    isExtended(resource) &&
    (ignoredResources.includes(resource) || ignoredResourceGroups.includes(groupOf(resource)));
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

const couldFit = (pod: Pod, node: Node) => {
  const { allocatable } = node.status ?? {};
  const requests = requestsOf(pod);
  const all = amountsOf(allocatable);
  return ['cpu', 'memory', 'ephemeral-storage', ...requests.others.keys()].every(
    (resource) => amountOf(requests, resource) <= amountOf(all, resource),
  );
};

const frees = (pod: Pod) => !isNothing(requestsOf(pod));

/** A node must have room for what the pod asks; emptier nodes are better unless told otherwise. */
export function nodeResourcesFit(args: NodeResourcesFitArgs = {}): Plugin {
  const scoring = args.scoring ?? { type: 'LeastAllocated', resources: commonResources };
  const scoreOf = scoreOfUse(scoring);
  const ignored = ignoredBy(args);
  const refusalFor = refusalsOf(name);
  return {
    name,
    events: [
      // A pod that asked for nothing still frees one of the node's places for pods.
      interestIn(
        pods,
        ['Delete', 'Update'],
        (_, pod, old) => !old || (frees(old) && requestsShrink(pod, old)),
      ),
      interestIn(nodes, ['Add', 'UpdateAllocatable'], couldFit),
    ],
    sign: signedUse,
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
        sum += scoreOf(used, capacity) * weight;
        weights += weight;
      }
      const round = scoring.type === 'RequestedToCapacityRatio' ? Math.round : Math.floor;
      return weights === 0 ? 0 : round(sum / weights);
    },
  };
}

function requestsShrink(pod: Pod, old: Pod): boolean {
  const [now, before] = [requestsOf(pod), requestsOf(old)];
  return ['cpu', 'memory', 'ephemeral-storage', ...before.others.keys()].some(
    (resource) => amountOf(now, resource) < amountOf(before, resource),
  );
}
