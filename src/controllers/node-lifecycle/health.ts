import type { Node, NodeCondition } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { formatTime } from '../../platform/clock.ts';
import { nodeCondition } from '../shared/nodes.ts';

export interface HealthOptions {
  /** How long a node may be silent before it counts as unreachable. */
  graceMs: number;
  /** How long a node that has never said anything may take. */
  startupGraceMs: number;
}

/** What was last seen of a node. Times of other machines are only compared with each other, never with ours. */
export interface Pulse {
  uid: string;
  heartbeat: string;
  renewed: string;
  /** When the node last gave a sign of life, on our own monotonic clock. */
  seenMs: number;
}

export interface Vitals {
  node: Stored<Node>;
  /** `spec.renewTime` of the node's lease. */
  renewed: string | undefined;
}

/** The conditions that turn Unknown with a node that falls silent. */
const watched = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** One moment on both scales: spans are of the monotonic one, so that nobody falls silent because a clock is set. */
export interface Moment {
  monotonicMs: number;
  wallMs: number;
}

/** Feels a node's pulse: anything that has changed since the last time is a sign of life now. */
export function feelPulse({ node, renewed = '' }: Vitals, last: Pulse | undefined, now: Moment): Pulse {
  const { uid, creationTimestamp } = node.metadata;
  const ready = nodeCondition(node, 'Ready');
  const heartbeat = ready?.lastHeartbeatTime ?? '';
  if (last?.uid === uid && last.heartbeat === heartbeat && last.renewed === renewed) return last;
  const isFirst = last?.uid !== uid;
  const isNew = isFirst && !ready && !renewed;
  const ageMs = isNew ? Math.max(0, now.wallMs - Date.parse(creationTimestamp)) : 0;
  const seenMs = now.monotonicMs - ageMs;
  return { uid, heartbeat, renewed, seenMs };
}

/** The conditions of a node that has been silent for too long; undefined where it has not, or they say so already. */
export function silentConditions(
  node: Stored<Node>,
  pulse: Pulse,
  { graceMs, startupGraceMs, monotonicMs, wallMs }: HealthOptions & Moment,
): NodeCondition[] | undefined {
  const graceNowMs = nodeCondition(node, 'Ready') ? graceMs : startupGraceMs;
  if (monotonicMs <= pulse.seenMs + graceNowMs) return undefined;
  const conditions = node.status?.conditions ?? [];
  const now = formatTime(wallMs);
  const changed = conditions.map((condition) => {
    if (!watched.includes(condition.type) || condition.status === 'Unknown') return condition;
    const message = 'Kubelet stopped posting node status.';
    return { ...condition, status: 'Unknown', reason: 'NodeStatusUnknown', message, lastTransitionTime: now };
  });
  const missing = watched.filter((type) => !conditions.some((condition) => condition.type === type));
  const added = missing.map((type) => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: node.metadata.creationTimestamp,
    lastTransitionTime: now,
  }));
  const isSame = added.length === 0 && changed.every((condition, i) => condition === conditions[i]);
  return isSame ? undefined : [...changed, ...added];
}
