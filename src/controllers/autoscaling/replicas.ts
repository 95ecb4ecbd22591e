import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { milliValue } from '../../machinery/quantity.ts';
import { conditionOf, isActive, isReady } from '../shared/pods.ts';
import type { Sample, Samples } from './metrics.ts';
import { own } from '../../machinery/own.ts';

/** Deviations from the target that are let be, such as 0.1. */
export interface Tolerance {
  up: number;
  down: number;
}

/** What the replicas are now. */
export interface Present {
  pods: readonly Stored<Pod>[];
  replicas: number;
  tolerance: Tolerance;
  nowMs: number;
}

/** How many replicas are right by one metric, and what the metric is now: a mean over the pods, and in percent of requests. */
export interface Count {
  replicas: number;
  average: number;
  utilization?: number;
}

const maxInt32 = 2 ** 31 - 1;
/** For so long after its start a pod's use of CPU counts only while it is ready (`--horizontal-pod-autoscaler-cpu-initialization-period`). */
const cpuInitializationMs = 300_000;
/** A pod that turned unready so soon was never ready (`--horizontal-pod-autoscaler-initial-readiness-delay`). */
const initialReadinessMs = 30_000;

const isWithin = ({ up, down }: Tolerance, ratio: number) => 1 - down <= ratio && ratio <= 1 + up;
const roundUp = (replicas: number) => Math.min(Math.ceil(replicas), maxInt32);

/** By what pods use in percent of what they ask for. (`GetResourceReplicas`) */
export function countByUtilization(
  present: Present,
  o: { samples: Samples; resource: string; container?: string; percent: number },
): Count {
  const groups = groupPods(present, o.samples, o.resource);
  const requests = new Map(present.pods.map((pod) => [pod.metadata.name, requestOf(pod, o)]));
  const fallback = Math.max(100, o.percent);
  const read = (values: ReadonlyMap<string, number>) => {
    const known = [...values].filter(([name]) => requests.has(name));
    const used = known.reduce((sum, [, value]) => sum + value, 0);
    const asked = known.reduce((sum, [name]) => sum + (requests.get(name) as number), 0);
    if (asked === 0) throw new Error('no metrics returned matched known pods');
    const utilization = Math.trunc((used * 100) / asked);
    return { ratio: utilization / o.percent, utilization, average: Math.trunc(used / values.size) };
  };
  const assume = (name: string) => Math.trunc(((requests.get(name) as number) * fallback) / 100);
  return countByPods(present, groups, { read, assume });
}

/** By the mean of what is measured of each pod. (`calcPlainMetricReplicas`) */
export function countByAverage(
  present: Present,
  o: { samples: Samples; resource?: string; target: number },
): Count {
  const groups = groupPods(present, o.samples, o.resource);
  const read = (values: ReadonlyMap<string, number>) => {
    const average = Math.trunc([...values.values()].reduce((sum, value) => sum + value, 0) / values.size);
    return { ratio: average / o.target, average };
  };
  return countByPods(present, groups, { read, assume: () => o.target });
}

/** By one value that the replicas bring about together. (`getUsageRatioReplicaCount`) */
export function countByValue({ pods, replicas, tolerance }: Present, ratio: number): number {
  if (replicas === 0) return roundUp(ratio);
  if (isWithin(tolerance, ratio)) return replicas;
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${noPods}`);
  return roundUp(ratio * pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length);
}

/** By one value of which each replica should bear its share. (`GetObjectPerPodMetricReplicas`) */
export function countByShare(
  { replicas, tolerance }: Pick<Present, 'replicas' | 'tolerance'>,
  { value, target }: { value: number; target: number },
): Count {
  const isRight = isWithin(tolerance, value / (target * replicas));
  const average = replicas === 0 ? 0 : Math.ceil(value / replicas);
  return { replicas: isRight ? replicas : roundUp(value / target), average };
}

const noPods = 'no pods returned by selector while calculating replica count';

interface Groups {
  ready: number;
  /** Pods that run, of which nothing is known. */
  missing: string[];
  unready: string[];
  /** What counts of what was measured. */
  values: Map<string, number>;
}

function groupPods({ pods, nowMs }: Present, samples: Samples, resource: string | undefined): Groups {
  if (pods.length === 0) throw new Error(noPods);
  const values = new Map([...samples].map(([name, { value }]) => [name, value]));
  const groups: Groups = { ready: 0, missing: [], unready: [], values };
  for (const pod of pods) {
    const { name } = pod.metadata;
    const sample = samples.get(name);
    if (!isActive(pod)) values.delete(name);
    else if (pod.status?.phase === 'Pending') groups.unready.push(name);
    else if (!sample) groups.missing.push(name);
    else if (resource === 'cpu' && !countsForCpu(pod, sample, nowMs)) groups.unready.push(name);
    else groups.ready++;
  }
  for (const name of groups.unready) values.delete(name);
  if (values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  return groups;
}

/** Whether what a pod uses is what it will use: not while it starts. */
function countsForCpu(pod: Pod, { atMs, windowMs }: Sample, nowMs: number): boolean {
  const condition = conditionOf(pod, 'Ready');
  if (!condition || !pod.status?.startTime) return false;
  const startMs = Date.parse(pod.status.startTime);
  const changedMs = Date.parse(condition.lastTransitionTime ?? '') || 0;
  const isUnready = condition.status === 'False';
  return startMs + cpuInitializationMs > nowMs
    ? !isUnready && atMs >= changedMs + windowMs
    : !isUnready || startMs + initialReadinessMs <= changedMs;
}

interface Reading {
  ratio: number;
  average: number;
  utilization?: number;
}

/**
 * What is not known is taken to argue against a change: pods that tell nothing use nothing where replicas are to be added,
 * and all they should where some are to go; unready ones use nothing where some are to be added.
 */
function countByPods(
  { replicas: current, tolerance }: Present,
  { ready, missing, unready, values }: Groups,
  { read, assume }: { read(values: ReadonlyMap<string, number>): Reading; assume(name: string): number },
): Count {
  const { ratio, ...found } = read(values);
  const answer = (replicas: number) => ({ ...found, replicas });
  const holdsBack = unready.length > 0 && ratio > 1;
  if (!holdsBack && missing.length === 0)
    return answer(isWithin(tolerance, ratio) ? current : roundUp(ratio * ready));
  const assumed = new Map(values);
  if (ratio !== 1) for (const name of missing) assumed.set(name, ratio < 1 ? assume(name) : 0);
  if (holdsBack) for (const name of unready) assumed.set(name, 0);
  const again = read(assumed).ratio;
  const turns = (ratio < 1 && again > 1) || (ratio > 1 && again < 1);
  if (isWithin(tolerance, again) || turns) return answer(current);
  const replicas = roundUp(again * assumed.size);
  const isBackwards = (again < 1 && replicas > current) || (again > 1 && replicas < current);
  return answer(isBackwards ? current : replicas);
}

/** What a pod asks for, as a whole where that is said and no container is named; in thousandths. */
function requestOf(
  pod: Stored<Pod>,
  { resource, container }: { resource: string; container?: string },
): number {
  const { spec, metadata } = pod;
  if (container === undefined && Object.keys(spec.resources?.requests ?? {}).length > 0) {
    const whole = specSums(spec, 'requests').get(resource);
    if (!whole) throw new Error(`missing pod-level request for ${resource} in Pod ${metadata.name}`);
    return milliValue(whole);
  }
  const sidecars = (spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  const counted = [...spec.containers, ...sidecars].filter(
    ({ name }) => container === undefined || name === container,
  );
  if (counted.length === 0) throw new Error(`container ${container} not found in Pod ${metadata.name}`);
  return counted.reduce((sum, { name, resources }) => {
    const text = own(resources?.requests, resource);
    if (text === undefined)
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
    return sum + milliValue(text);
  }, 0);
}
