import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/apps/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { formatTime } from '../../platform/clock.ts';
import { desiredOf, limitsOf, replicasOf, type Sets } from './scaling.ts';

type Draft = Omit<DeploymentCondition, 'lastUpdateTime' | 'lastTransitionTime'>;

/** A rollout deadline of 2^31-1 seconds means none. */
const noDeadline = 2_147_483_647;

export function hasDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== noDeadline;
}

const find = (conditions: readonly DeploymentCondition[], type: string) =>
  conditions.find((c) => c.type === type);

/** Puts a condition in; nothing changes where status and reason stay. */
function withCondition(
  conditions: DeploymentCondition[],
  draft: Draft,
  nowMs: number,
): DeploymentCondition[] {
  const old = find(conditions, draft.type);
  if (old && old.status === draft.status && old.reason === draft.reason) return conditions;
  return replaceCondition(conditions, draft, nowMs);
}

/** Puts a condition in and notes that it was looked at now. */
function replaceCondition(
  conditions: DeploymentCondition[],
  draft: Draft,
  nowMs: number,
): DeploymentCondition[] {
  const old = find(conditions, draft.type);
  const now = formatTime(nowMs);
  const lastTransitionTime = old?.status === draft.status ? (old.lastTransitionTime ?? now) : now;
  return [...without(conditions, draft.type), { ...draft, lastUpdateTime: now, lastTransitionTime }];
}

const without = (conditions: DeploymentCondition[], type: string) =>
  conditions.filter((c) => c.type !== type);

const total = (sets: Sets, value: (set: ReplicaSet) => number | undefined) =>
  sets.reduce((sum, set) => sum + (value(set) ?? 0), 0);

export interface StatusInput {
  deployment: Stored<Deployment>;
  current: Stored<ReplicaSet> | undefined;
  all: Sets;
  nowMs: number;
}

function counts({ deployment, current, all }: StatusInput): DeploymentStatus {
  const available = total(all, (set) => set.status?.availableReplicas);
  const wanted = total(all, replicasOf);
  const terminating = all.map((set) => set.status?.terminatingReplicas);
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: total(all, (set) => set.status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total(all, (set) => set.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    ...(terminating.every((n) => n !== undefined) && {
      terminatingReplicas: total(all, (s) => s.status?.terminatingReplicas),
    }),
    ...(deployment.status?.collisionCount !== undefined && {
      collisionCount: deployment.status.collisionCount,
    }),
  };
}

function availability(deployment: Deployment, status: DeploymentStatus): Draft {
  const enough = (status.availableReplicas ?? 0) >= desiredOf(deployment) - limitsOf(deployment).unavailable;
  return enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

/** The rollout is over: everything is of the current template, available and seen. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredOf(deployment);
  const all = [status.updatedReplicas, status.replicas, status.availableReplicas].every((n) => n === desired);
  return all && (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

function hasProgressed(deployment: Deployment, next: DeploymentStatus): boolean {
  const old = deployment.status ?? {};
  const oldsBefore = (old.replicas ?? 0) - (old.updatedReplicas ?? 0);
  const oldsNow = (next.replicas ?? 0) - (next.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    oldsNow < oldsBefore ||
    (next.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function deadlineMs(deployment: Deployment, condition: DeploymentCondition): number {
  const spanMs = (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
  return Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '') + spanMs;
}

function isTimedOut(deployment: Deployment, nowMs: number): boolean {
  const condition = find(deployment.status?.conditions ?? [], 'Progressing');
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  return deadlineMs(deployment, condition) < nowMs;
}

/** What the condition `Progressing` says of a rollout that is under way. */
function progress(
  input: StatusInput,
  status: DeploymentStatus,
  conditions: DeploymentCondition[],
): DeploymentCondition[] {
  const { deployment, current, nowMs } = input;
  const subject = current
    ? `ReplicaSet "${current.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  const draft = (state: string, reason: string, what: string): Draft => {
    return { type: 'Progressing', status: state, reason, message: `${subject} ${what}.` };
  };
  if (isComplete(deployment, status)) {
    return withCondition(
      conditions,
      draft('True', 'NewReplicaSetAvailable', 'has successfully progressed'),
      nowMs,
    );
  }
  if (hasProgressed(deployment, status)) {
    return replaceCondition(conditions, draft('True', 'ReplicaSetUpdated', 'is progressing'), nowMs);
  }
  if (!isTimedOut(deployment, nowMs)) return conditions;
  return withCondition(
    conditions,
    draft('False', 'ProgressDeadlineExceeded', 'has timed out progressing'),
    nowMs,
  );
}

function withFailures(input: StatusInput, conditions: DeploymentCondition[]): DeploymentCondition[] {
  const first = input.current ? [input.current, ...input.all] : input.all;
  const failure = first
    .flatMap((set) => set.status?.conditions ?? [])
    .find((c) => c.type === 'ReplicaFailure');
  if (!failure) return without(conditions, 'ReplicaFailure');
  const { status, reason, message } = failure;
  return withCondition(conditions, { type: 'ReplicaFailure', status, reason, message }, input.nowMs);
}

/** The status while nothing is rolled out: paused, or scaled. */
export function plainStatus(input: StatusInput): DeploymentStatus {
  const status = counts(input);
  const old = input.deployment.status?.conditions ?? [];
  return {
    ...status,
    conditions: withCondition([...old], availability(input.deployment, status), input.nowMs),
  };
}

/** The status in a rollout, with its progress. */
export function rolloutStatus(input: StatusInput): DeploymentStatus {
  const { deployment } = input;
  const status = plainStatus(input);
  let conditions = status.conditions ?? [];
  const before = find(deployment.status?.conditions ?? [], 'Progressing');
  const isOver = status.replicas === status.updatedReplicas && before?.reason === 'NewReplicaSetAvailable';
  if (!hasDeadline(deployment)) conditions = without(conditions, 'Progressing');
  else if (!isOver) conditions = progress(input, status, conditions);
  return { ...status, conditions: withFailures(input, conditions) };
}

/** Notes that a pause has begun or ended, so that the time of a pause does not count against the deadline. */
export function pauseCondition(
  deployment: Stored<Deployment>,
  nowMs: number,
): DeploymentCondition[] | undefined {
  const conditions = deployment.status?.conditions ?? [];
  const now = find(conditions, 'Progressing');
  if (!hasDeadline(deployment) || now?.reason === 'ProgressDeadlineExceeded') return undefined;
  const noted = now?.reason === 'DeploymentPaused';
  if (Boolean(deployment.spec.paused) === noted) return undefined;
  const draft = deployment.spec.paused
    ? { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
    : {
        type: 'Progressing',
        status: 'Unknown',
        reason: 'DeploymentResumed',
        message: 'Deployment is resumed',
      };
  return withCondition([...conditions], draft, nowMs);
}

/** Notes the ReplicaSet that a rollout leads to; where it was made for it, the time for the rollout begins anew. */
export function foundCondition(
  deployment: Deployment,
  found: { name: string; isNew: boolean },
  nowMs: number,
): DeploymentCondition[] {
  const conditions = deployment.status?.conditions ?? [];
  const reason = found.isNew ? 'NewReplicaSetCreated' : 'FoundNewReplicaSet';
  const message = `${found.isNew ? 'Created' : 'Found'} new replica set "${found.name}"`;
  return withCondition([...conditions], { type: 'Progressing', status: 'True', reason, message }, nowMs);
}

/** Notes that the ReplicaSet that a rollout leads to cannot be made. */
export function stuckCondition(
  deployment: Deployment,
  message: string,
  nowMs: number,
): DeploymentCondition[] {
  const conditions = deployment.status?.conditions ?? [];
  const draft = { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message };
  return withCondition([...conditions], draft, nowMs);
}

/** Milliseconds until a rollout that stands still has missed its deadline; undefined where none can be missed. */
export function checkAgainInMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const condition = find(status.conditions ?? [], 'Progressing');
  if (!hasDeadline(deployment) || !condition || isComplete(deployment, status)) return undefined;
  if (condition.reason === 'ProgressDeadlineExceeded' || deployment.spec.paused) return undefined;
  return Math.max(0, deadlineMs(deployment, condition) - nowMs) + 1000;
}
