import type { NodeInfo } from '../cache/node-info.ts';
import type { Decision, Plugin, Refusal } from '../framework/framework.ts';
import { maxScore } from '../framework/framework.ts';
import type { Resources } from '../cache/resources.ts';

export interface FitStrategy {
  type: 'LeastAllocated' | 'MostAllocated';
  /** Weights of the resources that count for the score. */
  resources: readonly { name: string; weight: number }[];
}

const defaultStrategy: FitStrategy = {
  type: 'LeastAllocated',
  resources: [
    { name: 'cpu', weight: 1 },
    { name: 'memory', weight: 1 },
  ],
};

/** What is lacking, in upstream's words and order. */
function lacking(node: NodeInfo, requests: Resources): { reasons: string[]; unresolvable: boolean } {
  const reasons: string[] = [];
  let unresolvable = false;
  const most = node.allocatable.get('pods') ?? 0;
  if (node.pods.size + 1 > most) reasons.push('Too many pods');
  for (const [name, wanted] of requests) {
    if (wanted === 0) continue;
    const allocatable = node.allocatable.get(name) ?? 0;
    if (wanted <= allocatable - (node.requested.get(name) ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    unresolvable ||= wanted > allocatable;
  }
  return { reasons, unresolvable };
}

/** How a node's share of one resource would be used: 0..100, best first by the strategy. */
function resourceScore(strategy: FitStrategy['type'], used: number, capacity: number): number {
  if (capacity === 0 || used > capacity) return 0;
  const free = Math.floor(((capacity - used) * maxScore) / capacity);
  return strategy === 'LeastAllocated' ? free : Math.floor((used * maxScore) / capacity);
}

/** Use after placing the pod; for cpu and memory pods that ask for nothing count as well. */
export function useAfter(decision: Decision, node: NodeInfo, name: string): number {
  const isCommon = name === 'cpu' || name === 'memory';
  const [onNode, ofPod] = isCommon
    ? [node.assumed, decision.pod.assumed]
    : [node.requested, decision.pod.requests];
  return (onNode.get(name) ?? 0) + (ofPod.get(name) ?? 0);
}

/** A node must have room for what the pod asks; emptier nodes are better unless told otherwise. */
export function nodeResourcesFit(strategy: FitStrategy = defaultStrategy): Plugin {
  const name = 'NodeResourcesFit';
  return {
    name,
    events: ['Pod/Delete', 'Node/Add', 'Node/UpdateAllocatable'],
    filter({ pod }, node): Refusal | undefined {
      const { reasons, unresolvable } = lacking(node, pod.requests);
      return reasons.length > 0 ? { plugin: name, reasons, unresolvable } : undefined;
    },
    score(decision, node) {
      let sum = 0;
      let weights = 0;
      for (const resource of strategy.resources) {
        const capacity = node.allocatable.get(resource.name) ?? 0;
        if (capacity === 0) continue;
        sum +=
          resourceScore(strategy.type, useAfter(decision, node, resource.name), capacity) * resource.weight;
        weights += resource.weight;
      }
      return weights === 0 ? 0 : Math.floor(sum / weights);
    },
  };
}
