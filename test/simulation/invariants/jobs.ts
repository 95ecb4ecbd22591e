import type { CronJob, Job } from '../../../src/api/batch/v1.ts';
import type { Pod } from '../../../src/api/core/v1.ts';
import type { Stored } from '../../../src/api/resource.ts';
import { isActive, isTerminal, nameOf } from './pods.ts';
import { Ceiling, type Rule } from './rule.ts';
import { controllerOf, type World } from './world.ts';

const isFinished = (job: Job) =>
  job.status?.conditions?.some((c) => ['Complete', 'Failed'].includes(c.type) && c.status === 'True') ??
  false;

/** A Job's pods at work are never more than its parallelism. */
export function parallelismRule(): Rule {
  const most = new Map<string, Ceiling>();
  return {
    name: 'never more pods at work than the parallelism of a Job',
    check({ resource, before, after, timeMs }, world) {
      if (resource === 'jobs' && after) {
        const job = after as Stored<Job>;
        const ceiling = most.get(job.metadata.uid) ?? new Ceiling();
        most.set(job.metadata.uid, ceiling);
        ceiling.set(job.spec?.suspend ? 0 : (job.spec?.parallelism ?? 1), timeMs);
      }
      if (resource !== 'pods' || before || !after) return undefined;
      const owner = controllerOf(after);
      const limit = owner?.kind === 'Job' ? most.get(owner.uid)?.at(timeMs, world.staleMs) : undefined;
      if (limit === undefined || !owner) return undefined;
      const active = world.podsOf(owner.uid).filter(isActive).length;
      return active > limit ? `Job ${owner.name} has ${active} pods at work; ${limit} may be` : undefined;
    },
  };
}

/** A Job never has more work done than it asks for, and counts each pod that ended once before it lets it go. */
export function completionsRule(): Rule {
  const succeeded = new Map<string, Set<string>>();
  return {
    name: 'a Job completes as often as it should, and counts every pod',
    check({ resource, before, after }, world) {
      if (resource === 'jobs' && after) return countedTooMuch(after as Stored<Job>);
      if (resource !== 'pods' || !after) return undefined;
      const pod = after as Stored<Pod>;
      const owner = controllerOf(pod);
      const job = owner?.kind === 'Job' ? world.byUid<Job>(owner.uid) : undefined;
      if (!job || !owner) return undefined;
      const done = succeeded.get(owner.uid) ?? new Set();
      succeeded.set(owner.uid, done);
      // One that is told to go may still end well; it counts as failed by then.
      const goes = pod.metadata.deletionTimestamp !== undefined;
      if (pod.status?.phase === 'Succeeded' && !goes) done.add(pod.metadata.uid);
      const { completions } = job.spec ?? {};
      if (completions !== undefined && done.size > completions)
        return `Job ${nameOf(job)} asks for ${completions} completions, and ${done.size} pods have succeeded`;
      return uncounted(before as Stored<Pod> | undefined, pod, job);
    },
  };
}

function countedTooMuch(job: Stored<Job>): string | undefined {
  const { completions } = job.spec ?? {};
  const { succeeded = 0 } = job.status ?? {};
  if (completions === undefined || succeeded <= completions) return undefined;
  return `Job ${nameOf(job)} counts ${succeeded} completions of ${completions}`;
}

const tracking = 'batch.kubernetes.io/job-tracking';
const isTracked = (pod: Pod) => pod.metadata.finalizers?.includes(tracking) ?? false;

/** A pod that has ended is let go once the Job has it in its books; where pods have an index, the indexes done are these. */
function uncounted(before: Stored<Pod> | undefined, pod: Stored<Pod>, job: Stored<Job>): string | undefined {
  if (!before || !isTracked(before) || isTracked(pod) || !isTerminal(pod)) return undefined;
  const { uncountedTerminatedPods = {} } = job.status ?? {};
  const { uid } = pod.metadata;
  if (job.spec?.completionMode === 'Indexed' && pod.status?.phase === 'Succeeded') return undefined;
  const noted = [...(uncountedTerminatedPods.succeeded ?? []), ...(uncountedTerminatedPods.failed ?? [])];
  if (noted.includes(uid) || isFinished(job) || job.metadata.deletionTimestamp) return undefined;
  return `Job ${nameOf(job)} lets pod ${pod.metadata.name} go without having noted that it ended`;
}

/** Where a CronJob forbids it, no two of its Jobs are under way. */
export function forbidRule(): Rule {
  return {
    name: 'no two Jobs at once of a CronJob that forbids it',
    check({ resource, before, after, actor }, world) {
      if (resource !== 'jobs' || before || !after || actor !== 'cronjob-controller') return undefined;
      const owner = controllerOf(after);
      const cronJob = world.byUid<CronJob>(owner?.uid);
      if (!owner || cronJob?.spec?.concurrencyPolicy !== 'Forbid') return undefined;
      const running = jobsOf(owner.uid, world).filter(
        (job) => !isFinished(job) && !job.metadata.deletionTimestamp,
      );
      return running.length > 1
        ? `CronJob ${nameOf(cronJob)} has ${running.length} Jobs under way: ${running.map(nameOf).join(', ')}`
        : undefined;
    },
  };
}

const jobsOf = (uid: string, world: World) =>
  world.all<Job>('jobs').filter((j) => controllerOf(j)?.uid === uid);
