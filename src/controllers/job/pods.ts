import type { Job } from '../../api/batch/v1.ts';
import type { Container, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { podFromTemplate } from '../shared/pods.ts';

/** Keeps a pod until the Job has counted it. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
const indexKey = 'batch.kubernetes.io/job-completion-index';
const failuresKey = 'batch.kubernetes.io/job-index-failure-count';
const ignoredKey = 'batch.kubernetes.io/job-index-ignored-failure-count';
const most = 2 ** 31 - 1;

export const isTracked = (pod: Pod) => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;
export const isTerminating = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;
export const isIndexed = (job: Job) => job.spec?.completionMode === 'Indexed';

/** The number of an indexed Job's pod; undefined for one that has none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** How often an index has failed: in a way that counts, and in one that a policy says to ignore. */
export interface IndexFailures {
  counted: number;
  ignored: number;
}

/** How often the index had failed before this pod. */
export function failuresBefore({ metadata }: Pod): IndexFailures {
  const numberIn = (key: string) => {
    const text = metadata.annotations?.[key] ?? '';
    return /^\d+$/.test(text) && Number(text) <= most ? Number(text) : 0;
  };
  return { counted: numberIn(failuresKey), ignored: numberIn(ignoredKey) };
}

/** A failed pod, or one that ends without success where such are replaced at once. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (job.spec?.podReplacementPolicy === 'Failed') return false;
  return isTerminating(pod) && pod.status?.phase !== 'Succeeded';
}

export const isSucceeded = (pod: Pod) => pod.status?.phase === 'Succeeded';

/**
 * When a pod ended, in milliseconds since the epoch: as its last container did, or else as it ceased to be ready, or else as it was
 * deleted. Of one that tells none of that the time at which it was made. (`pkg/controller/job/backoff_utils.go`)
 */
export function endedMs({ metadata, status }: Pod): number {
  const ends = (status?.containerStatuses ?? []).map((c) => c.state?.terminated?.finishedAt);
  if (ends.length > 0 && ends.every(Boolean)) return Math.max(...ends.map((end) => Date.parse(end ?? '')));
  const ready = status?.conditions?.find((c) => c.type === 'Ready' && c.status === 'False');
  if (ready?.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  const { creationTimestamp = '', deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  if (!deletionTimestamp) return Date.parse(creationTimestamp);
  return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}

export interface NewPod {
  index?: number;
  /** How often the index has failed, where that is limited. */
  failures?: IndexFailures;
}

/** A pod of the Job; one with an index knows it by environment, host name and annotation. */
export function jobPod(job: Stored<Job>, { index, failures }: NewPod): Pod {
  const pod = podFromTemplate(job.spec?.template ?? {}, job);
  const finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } };
  const { name } = job.metadata;
  const withIndex = (container: Container): Container =>
    container.env?.some((variable) => variable.name === indexVariable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), indexVariable] };
  const { initContainers } = pod.spec;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: `${name.slice(0, 56 - `${index}`.length)}-${index}-`,
      finalizers,
      labels: { ...pod.metadata.labels, [indexKey]: String(index) },
      annotations: {
        ...pod.metadata.annotations,
        [indexKey]: String(index),
        ...(failures && { [failuresKey]: String(failures.counted) }),
        ...(failures && failures.ignored > 0 && { [ignoredKey]: String(failures.ignored) }),
      },
    },
    spec: {
      ...pod.spec,
      hostname: `${name}-${index}`.slice(0, 63),
      containers: pod.spec.containers.map(withIndex),
      ...(initContainers && { initContainers: initContainers.map(withIndex) }),
    },
  };
}

const indexVariable = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } },
};
