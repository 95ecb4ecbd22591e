import type { Node, Taint } from '../../api/core/v1.ts';
import { formatTime } from '../../platform/clock.ts';
import { readiness } from '../shared/nodes.ts';

export const notReadyKey = 'node.kubernetes.io/not-ready';
export const unreachableKey = 'node.kubernetes.io/unreachable';
const unschedulableKey = 'node.kubernetes.io/unschedulable';

/** The conditions that keep new pods away while they are True. */
const byCondition: Record<string, string> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
};

const byReadiness = { True: undefined, False: notReadyKey, Unknown: unreachableKey };
const healthKeys = [notReadyKey, unreachableKey];
const ownNoSchedule = new Set([...healthKeys, unschedulableKey, ...Object.values(byCondition)]);

/** Taints with these of one effect, of those that we manage; what others have put there stays. */
function withOwn(node: Node, effect: string, options: { keys: string[]; own: Set<string>; nowMs: number }) {
  const { keys, own, nowMs } = options;
  const before = node.spec?.taints ?? [];
  const kept = before.filter((t) => t.effect !== effect || !own.has(t.key) || keys.includes(t.key));
  const missing = keys.filter((key) => !kept.some((t) => t.effect === effect && t.key === key));
  if (missing.length === 0 && kept.length === before.length) return undefined;
  return [...kept, ...missing.map((key): Taint => ({ key, effect, timeAdded: formatTime(nowMs) }))];
}

/** The taints by which a node's conditions keep new pods away; undefined where they are as they should be. */
export function scheduleTaints(node: Node, nowMs: number): Taint[] | undefined {
  const conditions = node.status?.conditions ?? [];
  const pressed = conditions.flatMap(({ type, status }) =>
    status === 'True' ? (byCondition[type] ?? []) : [],
  );
  // A node without a Ready condition is new: what stands on it from its registration stays.
  const isNew = !conditions.some(({ type }) => type === 'Ready');
  const own = new Set([...ownNoSchedule].filter((key) => !isNew || !healthKeys.includes(key)));
  const health = isNew ? undefined : byReadiness[readiness(node)];
  const keys = [
    ...pressed,
    ...(health ? [health] : []),
    ...(node.spec?.unschedulable ? [unschedulableKey] : []),
  ];
  return withOwn(node, 'NoSchedule', { keys, own, nowMs });
}

const ownNoExecute = new Set(healthKeys);
const isEvicting = ({ effect, key }: Taint) => effect === 'NoExecute' && ownNoExecute.has(key);

/** Whether the node's pods are being sent away for its health. */
export function evicts(node: Node): boolean {
  return (node.spec?.taints ?? []).some(isEvicting);
}

/** The taints with the one that sends the pods away, as the node's health is. */
export function executeTaints(node: Node, nowMs: number): Taint[] | undefined {
  const key = byReadiness[readiness(node)];
  return withOwn(node, 'NoExecute', { keys: key ? [key] : [], own: ownNoExecute, nowMs });
}

/** The taints without those that send the pods away; undefined where there are none. */
export function withoutExecuteTaints(node: Node): Taint[] | undefined {
  return evicts(node) ? (node.spec?.taints ?? []).filter((taint) => !isEvicting(taint)) : undefined;
}
