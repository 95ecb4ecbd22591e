import type { Condition } from '../../../api/meta/v1.ts';
import type { PodDisruptionBudget } from '../../../api/policy/v1.ts';
import { forbidden, StatusError } from '../../../machinery/status-error.ts';

/** More evictions than these that nobody has confirmed mean that nobody is counting. */
const maxUnconfirmed = 2000;
const retryAfterSeconds = 10;

function refused(message: string, retryAfter?: number): StatusError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  const why = "Cannot evict pod as it would violate the pod's disruption budget.";
  return new StatusError(429, 'TooManyRequests', why, {
    causes,
    ...(retryAfter && { retryAfterSeconds: retryAfter }),
  });
}

/** The answer while a budget's numbers are not up to date. */
export function stillProcessed(name: string): StatusError {
  return refused(`The disruption budget ${name} is still being processed by the server.`, retryAfterSeconds);
}

/** Takes one eviction off what a budget allows; throws what the client is told where it allows none. */
export function spendDisruption(budget: PodDisruptionBudget, podName: string, now: string): void {
  const { metadata, status = {} } = budget;
  const name = metadata.name as string;
  const { disruptionsAllowed = 0, disruptedPods = {} } = status;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) throw stillProcessed(name);
  const no = (why: string) => forbidden({ group: 'policy', resource: 'poddisruptionbudget', name }, why);
  if (disruptionsAllowed < 0) throw no('pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > maxUnconfirmed) {
    throw no('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (disruptionsAllowed === 0) throw refused(whyNone(budget));
  status.disruptionsAllowed = disruptionsAllowed - 1;
  status.disruptedPods = { ...disruptedPods, [podName]: now };
  if (status.disruptionsAllowed === 0)
    status.conditions = withoutDisruptions(status.conditions, metadata.generation, now);
  budget.status = status;
}

function whyNone({ metadata: { name }, status }: PodDisruptionBudget): string {
  const failed = status?.conditions?.find((c) => c.type === 'DisruptionAllowed' && c.reason === 'SyncFailed');
  if (failed) {
    return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${failed.message}`;
  }
  const { desiredHealthy = 0, currentHealthy = 0 } = status ?? {};
  return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
}

function withoutDisruptions(
  conditions: readonly Condition[] = [],
  generation: number | undefined,
  now: string,
): Condition[] {
  const old = conditions.find((c) => c.type === 'DisruptionAllowed');
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    observedGeneration: generation,
    lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : now,
  };
  return [...conditions.filter((c) => c !== old), condition];
}
