import type { Node, NodeCondition } from '../../api/core/v1.ts';

export function nodeCondition(node: Node, type: string): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type);
}

/** Whether the node says it is ready; `Unknown` where nobody says anything. */
export function readiness(node: Node): 'True' | 'False' | 'Unknown' {
  const status = nodeCondition(node, 'Ready')?.status;
  return status === 'True' || status === 'False' ? status : 'Unknown';
}
