import type { Job } from '../../api/batch/v1.ts';
import type { Container, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { podFromTemplate } from '../shared/pods.ts';

/** Keeps a pod until the Job has counted it. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
const indexKey = 'batch.kubernetes.io/job-completion-index';
const failuresKey = 'batch.kubernetes.io/job-index-failure-count';

export const isTracked = (pod: Pod) => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;
export const isTerminating = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;
export const isIndexed = (job: Job) => job.spec?.completionMode === 'Indexed';

/** The number of an indexed Job's pod; undefined for one that has none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** How often the index had failed before this pod. */
export const failuresBefore = (pod: Pod) => Number(pod.metadata.annotations?.[failuresKey] ?? 0) || 0;

/** A failed pod, or one that ends without success where such are replaced at once. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (job.spec?.podReplacementPolicy === 'Failed') return false;
  return isTerminating(pod) && pod.status?.phase !== 'Succeeded';
}

export const isSucceeded = (pod: Pod) => pod.status?.phase === 'Succeeded';

/** When a pod ended, in milliseconds since the epoch. */
export function endedMs(pod: Pod, nowMs: number): number {
  const ends = (pod.status?.containerStatuses ?? []).flatMap((c) => c.state?.terminated?.finishedAt ?? []);
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  const text = ends.sort().at(-1) ?? ready ?? pod.metadata.deletionTimestamp;
  return text ? Math.min(nowMs, Date.parse(text)) : nowMs;
}

export interface NewPod {
  index?: number;
  /** How often the index has failed, where that is limited. */
  failures?: number;
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
      generateName: `${name}-${index}-`.slice(0, 58),
      finalizers,
      labels: { ...pod.metadata.labels, [indexKey]: String(index) },
      annotations: {
        ...pod.metadata.annotations,
        [indexKey]: String(index),
        ...(failures !== undefined && { [failuresKey]: String(failures) }),
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
  valueFrom: { fieldRef: { fieldPath: `metadata.annotations['${indexKey}']` } },
};
