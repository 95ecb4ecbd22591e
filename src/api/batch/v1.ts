/**
 * @package io.k8s.api.batch.v1
 * @group batch
 * @version v1
 */
import type { ObjectReference, PodTemplateSpec } from '../core/v1.ts';
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Time } from '../meta/v1.ts';

/** @kind @resource cronjobs @scope Namespaced @shortNames cj @categories all */
export interface CronJob {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: CronJobSpec;
  /** @proto 3 */
  status?: CronJobStatus;
}

/** @kind */
export interface CronJobList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: CronJob[];
}

export interface CronJobSpec {
  /** @proto 1 */
  schedule: string;
  /** @proto 2 */
  startingDeadlineSeconds?: Int64;
  /** @proto 3 */
  concurrencyPolicy?: string;
  /** @proto 4 */
  suspend?: boolean;
  /** @proto 5 */
  jobTemplate: JobTemplateSpec;
  /** @proto 6 */
  successfulJobsHistoryLimit?: Int32;
  /** @proto 7 */
  failedJobsHistoryLimit?: Int32;
  /** @proto 8 */
  timeZone?: string;
}

export interface CronJobStatus {
  /** @proto 1 @listType atomic */
  active?: ObjectReference[];
  /** @proto 4 */
  lastScheduleTime?: Time;
  /** @proto 5 */
  lastSuccessfulTime?: Time;
}

/** @kind @resource jobs @scope Namespaced @categories all */
export interface Job {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: JobSpec;
  /** @proto 3 */
  status?: JobStatus;
}

export interface JobCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
  /** @proto 3 */
  lastProbeTime?: Time;
  /** @proto 4 */
  lastTransitionTime?: Time;
  /** @proto 5 */
  reason?: string;
  /** @proto 6 */
  message?: string;
}

/** @kind */
export interface JobList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Job[];
}

export interface JobSpec {
  /** @proto 1 */
  parallelism?: Int32;
  /** @proto 2 */
  completions?: Int32;
  /** @proto 3 */
  activeDeadlineSeconds?: Int64;
  /** @proto 4 */
  selector?: LabelSelector;
  /** @proto 5 */
  manualSelector?: boolean;
  /** @proto 6 */
  template: PodTemplateSpec;
  /** @proto 7 */
  backoffLimit?: Int32;
  /** @proto 8 */
  ttlSecondsAfterFinished?: Int32;
  /** @proto 9 */
  completionMode?: string;
  /** @proto 10 */
  suspend?: boolean;
  /** @proto 11 */
  podFailurePolicy?: PodFailurePolicy;
  /** @proto 12 */
  backoffLimitPerIndex?: Int32;
  /** @proto 13 */
  maxFailedIndexes?: Int32;
  /** @proto 14 */
  podReplacementPolicy?: string;
  /** @proto 15 */
  managedBy?: string;
  /** @proto 16 */
  successPolicy?: SuccessPolicy;
}

export interface JobStatus {
  /** @proto 1 @listType atomic @patchStrategy merge @patchMergeKey type */
  conditions?: JobCondition[];
  /** @proto 2 */
  startTime?: Time;
  /** @proto 3 */
  completionTime?: Time;
  /** @proto 4 */
  active?: Int32;
  /** @proto 5 */
  succeeded?: Int32;
  /** @proto 6 */
  failed?: Int32;
  /** @proto 7 */
  completedIndexes?: string;
  /** @proto 8 */
  uncountedTerminatedPods?: UncountedTerminatedPods;
  /** @proto 9 */
  ready?: Int32;
  /** @proto 10 */
  failedIndexes?: string;
  /** @proto 11 */
  terminating?: Int32;
}

export interface JobTemplateSpec {
  /** @proto 1 */
  metadata?: ObjectMeta;
  /** @proto 2 */
  spec?: JobSpec;
}

export interface PodFailurePolicy {
  /** @proto 1 @listType atomic */
  rules: PodFailurePolicyRule[];
}

export interface PodFailurePolicyOnExitCodesRequirement {
  /** @proto 1 */
  containerName?: string;
  /** @proto 2 */
  operator: string;
  /** @proto 3 @listType set */
  values: Int32[];
}

export interface PodFailurePolicyOnPodConditionsPattern {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status?: string;
}

export interface PodFailurePolicyRule {
  /** @proto 1 */
  action: string;
  /** @proto 2 */
  onExitCodes?: PodFailurePolicyOnExitCodesRequirement;
  /** @proto 3 @listType atomic */
  onPodConditions?: PodFailurePolicyOnPodConditionsPattern[];
}

export interface SuccessPolicy {
  /** @proto 1 @listType atomic */
  rules: SuccessPolicyRule[];
}

export interface SuccessPolicyRule {
  /** @proto 1 */
  succeededIndexes?: string;
  /** @proto 2 */
  succeededCount?: Int32;
}

export interface UncountedTerminatedPods {
  /** @proto 1 @listType set */
  succeeded?: string[];
  /** @proto 2 @listType set */
  failed?: string[];
}
