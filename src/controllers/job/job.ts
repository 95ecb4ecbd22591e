import type { Job, JobStatus } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { jobs, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { hasReason } from '../../machinery/status-error.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import { slowStart } from '../shared/batches.ts';
import { claim, indexByController } from '../shared/claims.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { controllerOf } from '../shared/owners.ts';
import { PodWriter } from '../shared/pod-writes.ts';
import { saysSame } from '../shared/status.ts';
import { compiledOnce } from '../../machinery/label-selector.ts';
import { type Count, countPods } from './count.ts';
import { delaysAfter, FailureMemory } from './delays.ts';
import { JobMetrics, type SyncAction } from './metrics.ts';
import { decide, isOver } from './outcome.ts';
import { againIn, nextStatus, type PodPlan, planPods } from './plan.ts';
import { isTracked, jobPod, trackingFinalizer } from './pods.ts';

const ownManager = 'kubernetes.io/job-controller';
const byJob = 'tracked-job';

/** Runs the pods of Jobs until enough of them have succeeded, or too many have failed. */
export function createJobController(context: ControllerContext, statusFor = nextStatus): Component {
  return createController({
    name: 'job-controller',
    queueName: 'job',
    context,
    setup: ({ queue, writes }) => {
      const controller = new JobController({ context, writes, statusFor });
      controller.subscribe(queue);
      return (key) => controller.reconcile(key);
    },
  });
}

const jobNameLabel = 'batch.kubernetes.io/job-name';

interface Parts {
  context: ControllerContext;
  writes: OwnWrites;
  statusFor: typeof nextStatus;
}

/** One look at a Job. */
interface Sync {
  action: SyncAction;
  startMs: number;
}

interface Advance {
  job: Stored<Job>;
  owned: readonly Stored<Pod>[];
  sync: Sync;
}

function actionOf({ create, remove }: PodPlan): SyncAction {
  if (remove.length > 0) return 'pods_deleted';
  return create.length > 0 ? 'pods_created' : 'tracking';
}

class JobController {
  readonly #statusFor: typeof nextStatus;
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #pods: PodWriter;
  readonly #jobInformer: Informer<Job>;
  readonly #podInformer: Informer<Pod>;
  readonly #memory = new FailureMemory();
  readonly #metrics: JobMetrics;

  constructor({ context, writes, statusFor }: Parts) {
    this.#statusFor = statusFor;
    this.#context = context;
    this.#metrics = new JobMetrics(context.meter);
    this.#writes = writes;
    this.#pods = new PodWriter(context, writes);
    this.#jobInformer = context.informers.of(jobs);
    this.#podInformer = context.informers.of(pods);
    indexByController(this.#podInformer);
    this.#podInformer.addIndex(byJob, (pod) => (isTracked(pod) ? jobKeysOf(pod) : []));
  }

  subscribe(queue: WorkQueue): void {
    const addJob = (job: Stored<Job>) => queue.add(keyOf(job));
    this.#jobInformer.onChange({
      added: (job) => {
        const { managedBy = ownManager } = job.spec ?? {};
        if (managedBy !== ownManager) this.#metrics.isManagedBy(managedBy);
        addJob(job);
      },
      updated: addJob,
      deleted: (job) => {
        this.#memory.forget(job.metadata.uid);
        addJob(job);
      },
    });
    const addOwner = (pod: Stored<Pod>) => jobKeysOf(pod).forEach((key) => queue.add(key));
    this.#podInformer.onChange({
      added: (pod) => {
        this.#metrics.podChanged(undefined, pod);
        addOwner(pod);
      },
      deleted: (pod) => {
        this.#metrics.podChanged(pod, undefined);
        addOwner(pod);
      },
      updated: (pod, old) => {
        this.#metrics.podChanged(old, pod);
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) addOwner(old);
        addOwner(pod);
      },
    });
  }

  async reconcile(key: string): Promise<Outcome> {
    const job = this.#jobInformer.get(key);
    await this.#releaseOrphans(key, job);
    if (!job || (job.spec?.managedBy ?? ownManager) !== ownManager) return done;
    const owned = await claim({
      client: this.#context.client,
      owners: jobs,
      dependents: pods,
      informer: this.#podInformer,
      owner: job,
      selector: compiledOnce(job.spec?.selector),
      finalizers: [trackingFinalizer],
    });
    if (isOver(job)) {
      await this.#release(key, owned.filter(isTracked), 'its Job is over');
      return done;
    }
    const { clock } = this.#context;
    const sync: Sync = { action: 'reconciling', startMs: clock.monotonic() };
    let isError = true;
    try {
      const outcome = await this.#advance(key, { job, owned, sync });
      isError = false;
      return outcome;
    } finally {
      this.#metrics.synced(job, { action: sync.action, ms: clock.monotonic() - sync.startMs, isError });
    }
  }

  async #advance(key: string, { job, owned, sync }: Advance): Promise<Outcome> {
    const nowMs = this.#context.clock.now();
    const { uid, deletionTimestamp } = job.metadata;
    const first = countPods(job, owned);
    const outcome = decide(job, first, nowMs);
    const count = outcome ? countPods(job, owned, outcome.type) : first;
    const failures = this.#memory.with(uid, count);
    const delays = delaysAfter(failures, count, nowMs);
    const plan: PodPlan = outcome
      ? { create: [], remove: count.active, againInMs: undefined }
      : planPods(job, count, delays);
    if (deletionTimestamp) plan.create = [];
    if (!outcome) sync.action = actionOf(plan);
    const removed = new Set(plan.remove);
    const activeAfter = count.active.filter((pod) => !removed.has(pod));
    // What is counted is stored before anything lets the pods go, so that none is lost or counted twice.
    const status = this.#statusFor(job, count, { outcome, activeAfter, nowMs });
    const reported = await this.#report(key, job, status);
    this.#memory.keep(uid, failures);
    this.#metrics.judged(count.freshReleased.failed);
    await this.#release(key, count.release, 'its Job has counted it');
    const uncounted = outcome ? [] : plan.remove.filter(isTracked);
    await this.#release(key, uncounted, 'its Job takes it away without counting it');
    const why = outcome?.message ?? 'fewer pods are wanted';
    for (const pod of plan.remove) await this.#pods.removeTold(job, pod, { key, why });
    await this.#create(job, plan, count);
    const again = againIn(reported, outcome ? undefined : plan, nowMs);
    return again === undefined ? done : { type: 'again', afterMs: again };
  }

  async #create(job: Stored<Job>, { create }: PodPlan, count: Count): Promise<void> {
    if (create.length === 0) return;
    const why = `${count.active.length} pods run, ${count.succeeded} have succeeded`;
    const { error } = await slowStart(create.length, async (i) => {
      const wanted = jobPod(job, create[i] ?? {});
      const making = this.#pods.create(job, wanted, { key: keyOf(job), why });
      const pod = await making.catch((error: unknown) => {
        if (!isTerminatingNamespace(error)) this.#metrics.created(job, count, false);
        throw error;
      });
      this.#metrics.created(job, count, true);
      this.#pods.tell(job, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    });
    if (error === undefined || isTerminatingNamespace(error)) return;
    this.#pods.tell(job, 'FailedCreate', `Error creating: ${(error as Error).message}`, 'Warning');
    throw error;
  }

  async #report(key: string, job: Stored<Job>, status: JobStatus): Promise<Stored<Job>> {
    if (saysSame(jobs, job.status, status)) return job;
    const { active = 0, succeeded = 0, failed = 0 } = status;
    const cause = causedBy(job, `${active} pods run, ${succeeded} have succeeded, ${failed} have failed`);
    const written = await this.#context.client.of(jobs).updateStatus({ ...job, status }, { cause });
    this.#writes.wrote(key, this.#jobInformer, written);
    this.#metrics.counted(job, written);
    this.#tellChanges(job, written);
    return written;
  }

  #tellChanges(before: Stored<Job>, after: Stored<Job>): void {
    const isNew = (type: string, status: string) => {
      const fits = (job: Job) => job.status?.conditions?.find((c) => c.type === type && c.status === status);
      return fits(before) ? undefined : fits(after);
    };
    if (
      isNew('Complete', 'True') &&
      (after.status?.succeeded ?? 0) > (after.spec?.completions ?? Number.POSITIVE_INFINITY)
    ) {
      const message = 'Too many succeeded pods running after completion count reached';
      this.#pods.tell(after, 'TooManySucceededPods', message, 'Warning');
    }
    const success = isNew('Complete', 'True');
    if (success) {
      this.#pods.tell(after, 'Completed', 'Job completed');
      this.#metrics.finished(after, 'succeeded', success.reason);
    }
    const failure = isNew('Failed', 'True');
    if (failure) this.#metrics.finished(after, 'failed', failure.reason);
    if (failure) this.#pods.tell(after, failure.reason ?? '', failure.message ?? '', 'Warning');
    if (isNew('Suspended', 'True')) this.#pods.tell(after, 'Suspended', 'Job suspended');
    if (isNew('Suspended', 'False')) this.#pods.tell(after, 'Resumed', 'Job resumed');
  }

  /** Pods whose Job is gone wait for nobody's count any more. */
  async #releaseOrphans(key: string, job: Stored<Job> | undefined): Promise<void> {
    const tracked = this.#podInformer.byIndex(byJob, key);
    const mayAdopt = job !== undefined && job.metadata.deletionTimestamp === undefined;
    const orphans = tracked.filter((pod) => {
      const owner = controllerOf(pod);
      return owner ? owner.uid !== job?.metadata.uid : !mayAdopt;
    });
    await this.#release(key, orphans, 'its Job is gone');
  }

  async #release(key: string, ended: readonly Stored<Pod>[], why: string): Promise<void> {
    await Promise.all(ended.map((pod) => this.#releaseOne(key, pod, why)));
  }

  async #releaseOne(key: string, pod: Stored<Pod>, why: string): Promise<void> {
    const { uid } = pod.metadata;
    const patch = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
    const cause = causedBy(pod, why);
    const type = 'application/strategic-merge-patch+json';
    try {
      const written = await this.#context.client.of(pods).patch(pod.metadata, patch, { type, cause });
      const isGone = written.metadata.deletionTimestamp && !written.metadata.finalizers?.length;
      if (!isGone) this.#writes.wrote(key, this.#podInformer, written);
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }
}

function jobKeysOf(pod: Stored<Pod>): string[] {
  const owner = controllerOf(pod);
  const { namespace, labels } = pod.metadata;
  const isJob = owner?.kind === 'Job' && owner.apiVersion === 'batch/v1';
  // One that was let go by its Job still tells whose it was.
  const name = isJob ? owner.name : !owner && labels?.[jobNameLabel];
  return name ? [`${namespace}/${name}`] : [];
}
