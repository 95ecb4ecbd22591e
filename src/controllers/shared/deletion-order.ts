import type { ContainerStatus, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { isReady, readySinceMs } from './pods.ts';

const phaseRank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCostKey = 'controller.kubernetes.io/pod-deletion-cost';

const deletionCost = (pod: Pod) => Number(pod.metadata.annotations?.[deletionCostKey] ?? 0) || 0;
const bool = (value: boolean) => (value ? 1 : 0);
const most = (statuses: readonly ContainerStatus[]) =>
  Math.max(0, ...statuses.map(({ restartCount }) => restartCount ?? 0));

/** What is looked at of a pod, each once however often it is compared. */
interface Standing<T> {
  pod: T;
  /** The smaller goes first; one after the other. */
  first: readonly number[];
  readyMs: number | undefined;
  /** The smaller goes first; where these do not differ either, the younger. */
  restarts: readonly number[];
  createdMs: number;
}

/** Which of two moments, and of what pods, goes first. */
type Compare = (a: [ms: number, uid: string], b: [ms: number, uid: string]) => number;

const newerFirst: Compare = ([a], [b]) => b - a;

/** Of moments about as far back none is the newer, so that it is left to chance, which UIDs are, whom it hits. (`logarithmicRankDiff`) */
function muchNewerFirst(nowMs: number): Compare {
  const magnitude = (ms: number) => (nowMs > ms ? Math.floor(Math.log2((nowMs - ms) * 1e6)) : -1);
  return ([a, aUid], [b, bUid]) => magnitude(a) - magnitude(b) || (aUid < bUid ? -1 : 1);
}

function standingOf<T extends Stored<Pod>>(pod: T, more: readonly number[]): Standing<T> {
  const { status, spec, metadata } = pod;
  const sidecars = (spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name);
  const ofSidecars = (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.includes(name));
  return {
    pod,
    first: [
      bool(Boolean(spec.nodeName)),
      phaseRank[status?.phase ?? 'Pending'] ?? 1,
      bool(isReady(pod)),
      ...more,
    ],
    readyMs: readySinceMs(pod),
    restarts: [-most(status?.containerStatuses ?? []), -most(ofSidecars)],
    createdMs: Date.parse(metadata.creationTimestamp),
  };
}

/** The first difference of two lists that are as long. */
function difference(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}

function sortedBy<T extends Stored<Pod>>(standings: Standing<T>[], younger: Compare): T[] {
  const compare = (a: Standing<T>, b: Standing<T>): number => {
    const byTime = (aMs: number, bMs: number) =>
      aMs === bMs ? 0 : younger([aMs, a.pod.metadata.uid], [bMs, b.pod.metadata.uid]);
    const areReady = a.readyMs !== undefined && b.readyMs !== undefined;
    return (
      difference(a.first, b.first) ||
      (areReady && byTime(a.readyMs as number, b.readyMs as number)) ||
      difference(a.restarts, b.restarts) ||
      byTime(a.createdMs, b.createdMs) ||
      a.pod.metadata.name.localeCompare(b.pod.metadata.name)
    );
  };
  return standings.sort(compare).map(({ pod }) => pod);
}

/**
 * The order in which surplus pods of sets go, first to go first: unassigned, then not running, not ready, cheap to delete,
 * crowded on one node (`rankOf`), ready for a much shorter time, restarted more often, much younger.
 * (`pkg/controller/controller_utils.go`, ActivePodsWithRanks)
 */
export function byDeletionOrder<T extends Stored<Pod>>(
  pods: readonly T[],
  rankOf: (pod: T) => number,
  nowMs: number,
): T[] {
  const standings = pods.map((pod) => standingOf(pod, [deletionCost(pod), -rankOf(pod)]));
  return sortedBy(standings, muchNewerFirst(nowMs));
}

/** The order in which surplus pods of Jobs go: neither costs nor crowding count, and any difference of times does. (ActivePods) */
export function byActivity<T extends Stored<Pod>>(pods: readonly T[]): T[] {
  return sortedBy(
    pods.map((pod) => standingOf(pod, [])),
    newerFirst,
  );
}
