import type { PodCondition, PodStatus } from '../../api/core/v1.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { disruptionTarget, ownConditions, passingConditions } from './conditions.ts';

/** Gives conditions their transition time: that of before where the status is the same, else now. */
export function withTransitionTimes(status: PodStatus, old: PodStatus | undefined, now: string): PodStatus {
  const conditions = status.conditions?.map((condition): PodCondition => {
    const before = old?.conditions?.find((c) => c.type === condition.type);
    const same = before?.status === condition.status;
    const since = condition.lastTransitionTime ?? (same ? before.lastTransitionTime : undefined) ?? now;
    return { ...condition, lastTransitionTime: since };
  });
  return {
    ...status,
    ...(conditions && { conditions }),
    startTime: old?.startTime ?? status.startTime ?? now,
  };
}

/** Lists that are merged entry by entry, so that replacing them must be asked for. */
const mergedLists = new Set<string>(['podIPs', 'hostIPs']);
const mine = new Set<string>([...ownConditions, ...passingConditions, disruptionTarget]);
/** Never taken away by the kubelet: others write them. */
const foreign = new Set<string>([
  'nominatedNodeName',
  'resourceClaimStatuses',
  'extendedResourceClaimStatus',
]);

/**
 * The strategic merge patch that turns the status `from` into `to`: only what differs, and of the conditions only those
 * that differ, so that what others write in between stays. Undefined where nothing differs.
 */
export function statusPatch(from: PodStatus, to: PodStatus): Record<string, unknown> | undefined {
  const before = from as Record<string, unknown>;
  const after = to as Record<string, unknown>;
  const patch: Record<string, unknown> = {};
  const conditions = changedConditions(from.conditions ?? [], to.conditions ?? []);
  if (conditions.length > 0) patch.conditions = conditions;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (key === 'conditions' || foreign.has(key) || same(before[key], after[key])) continue;
    patch[key] = valueFor(key, after[key]);
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

function valueFor(key: string, value: unknown): unknown {
  if (value === undefined) return null;
  return mergedLists.has(key) ? [{ $patch: 'replace' }, ...(value as unknown[])] : value;
}

/** A list or object that is empty is one that is missing: the API drops them. */
function same(a: unknown, b: unknown): boolean {
  return deepEqual(a, b) || deepEqual(normal(a), normal(b));
}

function normal(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return undefined;
  if (Array.isArray(value)) return value.length > 0 ? value.map((v) => normal(v) ?? {}) : undefined;
  if (typeof value !== 'object') return value;
  const kept = Object.entries(value).flatMap(([k, v]) => {
    const n = normal(v);
    return n === undefined ? [] : [[k, n] as const];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function changedConditions(from: PodCondition[], to: PodCondition[]): object[] {
  const gone = from.filter((c) => passingConditions.includes(c.type) && !to.some((t) => t.type === c.type));
  const deleted = gone.map(({ type }) => ({ type, $patch: 'delete' }));
  const changed = to.flatMap((condition) => {
    const before = from.find((c) => c.type === condition.type);
    const isSame = before && same(before, { ...condition, lastProbeTime: before.lastProbeTime });
    return !mine.has(condition.type) || isSame ? [] : [{ ...withoutOld(before), ...condition }];
  });
  return [...changed, ...deleted];
}

/** What a condition no longer says must be taken back: entries are merged otherwise, and it would stay. */
function withoutOld(before: PodCondition | undefined): object {
  return {
    ...(before?.reason && { reason: null }),
    ...(before?.message && { message: null }),
  };
}
