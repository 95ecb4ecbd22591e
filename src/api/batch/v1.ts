/**
 * @package io.k8s.api.batch.v1
 * @group batch
 * @version v1
 */
import type { ObjectReference, PodTemplateSpec } from '../core/v1.ts';
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

/** Starts a Job on a schedule. @kind @resource cronjobs @scope Namespaced @shortNames cj @categories all */
export interface CronJob {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The schedule and what to start. @proto 2 */
  spec: CronJobSpec;
  /** What was started. @proto 3 */
  status?: CronJobStatus;
}

/** Many CronJob objects, as one answer. @kind */
export interface CronJobList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The CronJob objects. @proto 2 */
  items: CronJob[];
}

/** When to start what. */
export interface CronJobSpec {
  /** Five cron fields (minute, hour, day, month, weekday), such as `30 5 * * 1`. @proto 1 */
  schedule: string;
  /** A start missed by more than this many seconds is skipped; absent for no limit. @proto 2 @pointer */
  startingDeadlineSeconds?: Int64;
  /**
   * While a Job still runs: `Allow` another (default), `Forbid` it, or `Replace` the running one.
   * @proto 3
   */
  concurrencyPolicy?: string;
  /** Start nothing for now; running Jobs go on. @proto 4 @pointer */
  suspend?: boolean;
  /** Blueprint for the Jobs. @proto 5 */
  jobTemplate: JobTemplateSpec;
  /** Succeeded Jobs to keep; 3 unless set. @proto 6 @pointer */
  successfulJobsHistoryLimit?: Int32;
  /** Failed Jobs to keep; 1 unless set. @proto 7 @pointer */
  failedJobsHistoryLimit?: Int32;
  /** Zone of the schedule, such as `Europe/Berlin`; that of the controller unless set. @proto 8 @pointer */
  timeZone?: string;
}

/** What a CronJob has started. */
export interface CronJobStatus {
  /** Its running Jobs. @proto 1 @listType atomic */
  active?: ObjectReference[];
  /** When it last started a Job. @proto 4 @pointer */
  lastScheduleTime?: Time;
  /** When a Job of it last succeeded. @proto 5 @pointer */
  lastSuccessfulTime?: Time;
}

/** Runs pods until a number of them have succeeded. @kind @resource jobs @scope Namespaced @categories all */
export interface Job {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What to run, how often, and what counts as failed. @proto 2 @optional */
  spec: JobSpec;
  /** How far it is. @proto 3 */
  status?: JobStatus;
}

/** One aspect of a Job's state. */
export interface JobCondition {
  /** `Complete`, `Failed`, `Suspended`, `SuccessCriteriaMet` or `FailureTarget`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When the condition was last looked at. @proto 3 */
  lastProbeTime?: Time | null;
  /** When `status` last took another value. @proto 4 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 5 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 6 */
  message?: string;
}

/** Many Job objects, as one answer. @kind */
export interface JobList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Job objects. @proto 2 */
  items: Job[];
}

/** What a Job runs, how often, and when it ends. */
export interface JobSpec {
  /** Most pods at the same time; 1 unless set. @proto 1 @pointer */
  parallelism?: Int32;
  /**
   * Successes needed. Absent: the first success stops new pods, and the Job is done when all have ended.
   * @proto 2 @pointer
   */
  completions?: Int32;
  /**
   * Seconds after the start until the Job is failed and its pods are killed; stands still while suspended.
   * @proto 3 @pointer
   */
  activeDeadlineSeconds?: Int64;
  /** Labels of its pods; leave it to the server. @proto 4 @pointer */
  selector?: LabelSelector;
  /** Use the selector as given. Wrong selectors catch pods of others. @proto 5 @pointer */
  manualSelector?: boolean;
  /** Blueprint for the pods. Restart policy `Never` or `OnFailure`. @proto 6 */
  template: PodTemplateSpec;
  /** Failures before the Job is failed; 6 unless set, no limit with `backoffLimitPerIndex`. @proto 7 @pointer */
  backoffLimit?: Int32;
  /** Seconds after the end until the Job is deleted; 0 for at once, absent for never. @proto 8 @pointer */
  ttlSecondsAfterFinished?: Int32;
  /** `NonIndexed` (default), or `Indexed`: each completion has a number from 0 on. @proto 9 @pointer */
  completionMode?: string;
  /** Run no pods for now; those that run are removed. @proto 10 @pointer */
  suspend?: boolean;
  /** What to do about failed pods, by exit code or condition. @proto 11 @pointer */
  podFailurePolicy?: PodFailurePolicy;
  /** Failures of one index before that index is failed; only with `Indexed`. @proto 12 @pointer */
  backoffLimitPerIndex?: Int32;
  /** More failed indexes than this fail the Job; only with `backoffLimitPerIndex`. @proto 13 @pointer */
  maxFailedIndexes?: Int32;
  /**
   * Replace a pod `TerminatingOrFailed` at once, or only once `Failed` (needed with a failure policy).
   * @proto 14 @pointer
   */
  podReplacementPolicy?: string;
  /** Controller in charge, as `domain/path`; the built-in one unless set. Cannot change. @proto 15 @pointer */
  managedBy?: string;
  /** When an indexed Job counts as succeeded early. @proto 16 @pointer */
  successPolicy?: SuccessPolicy;
}

/** How far a Job is. */
export interface JobStatus {
  /**
   * Aspects of its state; `Complete` or `Failed` is final.
   * @proto 1 @listType atomic @patchStrategy merge @patchMergeKey type
   */
  conditions?: JobCondition[];
  /** When the controller took it on; set anew on resuming. @proto 2 @pointer */
  startTime?: Time;
  /** When it succeeded; absent if it failed. @proto 3 @pointer */
  completionTime?: Time;
  /** Pods that are pending or running and do not terminate. @proto 4 */
  active?: Int32;
  /** Pods that succeeded. @proto 5 */
  succeeded?: Int32;
  /** Pods that failed. @proto 6 */
  failed?: Int32;
  /** Succeeded indexes, as in `1,3-5,7`. @proto 7 */
  completedIndexes?: string;
  /** Ended pods that are not in the counts yet. @proto 8 @pointer */
  uncountedTerminatedPods?: UncountedTerminatedPods;
  /** Active pods that are ready. @proto 9 @pointer */
  ready?: Int32;
  /** Failed indexes, as in `1,3-5,7`. @proto 10 @pointer */
  failedIndexes?: string;
  /** Pods that are being deleted. @proto 11 @pointer */
  terminating?: Int32;
}

/** A blueprint for Jobs. */
export interface JobTemplateSpec {
  /** Labels and annotations for each Job. @proto 1 */
  metadata?: ObjectMeta;
  /** Spec for each Job. @proto 2 */
  spec?: JobSpec;
}

/** Rules about failed pods; the first that fits decides. */
export interface PodFailurePolicy {
  /** The rules in order, at most 20. @proto 1 @listType atomic */
  rules: PodFailurePolicyRule[] | null;
}

/** A condition on exit codes of failed containers. */
export interface PodFailurePolicyOnExitCodesRequirement {
  /** Only this container; any of them unless set. @proto 1 @pointer */
  containerName?: string;
  /** `In` or `NotIn`. @proto 2 */
  operator: string;
  /** 1 to 255 different exit codes; no 0 with `In`. @proto 3 @listType set */
  values: Int32[];
}

/** A pod condition to look for. */
export interface PodFailurePolicyOnPodConditionsPattern {
  /** Its type. @proto 1 */
  type: string;
  /** Its status; `True` unless set. @proto 2 @printed */
  status?: string;
}

/** What to do about pods that failed in a certain way. */
export interface PodFailurePolicyRule {
  /** `FailJob`, `FailIndex`, `Ignore` (does not count) or `Count`. @proto 1 */
  action: string;
  /** Fits on exit codes; excludes `onPodConditions`. @proto 2 @pointer */
  onExitCodes?: PodFailurePolicyOnExitCodesRequirement;
  /** Fits if one of these conditions is there; at most 20. @proto 3 @listType atomic */
  onPodConditions?: PodFailurePolicyOnPodConditionsPattern[];
}

/** When an indexed Job counts as succeeded early. */
export interface SuccessPolicy {
  /** Rules in order, at most 20; one is enough. @proto 1 @listType atomic */
  rules: SuccessPolicyRule[];
}

/** Indexes, or a number of them, that are enough. */
export interface SuccessPolicyRule {
  /** Indexes to look at, as in `1,3-5,7`; all of them unless set. @proto 1 @pointer */
  succeededIndexes?: string;
  /** How many of them have to succeed; all unless set. @proto 2 @pointer */
  succeededCount?: Int32;
}

/** UIDs of ended pods that are not in the counts yet. */
export interface UncountedTerminatedPods {
  /** Those that succeeded. @proto 1 @listType set */
  succeeded?: string[];
  /** Those that failed. @proto 2 @listType set */
  failed?: string[];
}
