import type { MetricTarget, MetricValueStatus } from '../../api/autoscaling/v2.ts';
import type { Pod } from '../../api/core/v1.ts';
import { formatQuantity, milliValue, quantityOf } from '../../machinery/quantity.ts';
import { isReady } from '../shared/pods.ts';
import { requestedBy, type Usage, usedBy } from './metrics.ts';

export interface ResourceInput {
  resource: string;
  container?: string;
  target: MetricTarget;
  pods: readonly Pod[];
  usage: Usage;
  current: number;
  /** Deviation from the target that is let be, such as 0.1, up and down. */
  tolerance: { up: number; down: number };
}

export interface Recommendation {
  replicas: number;
  status: MetricValueStatus;
}

/** A pod with what it uses and what it should use. */
interface Reading {
  used: number | undefined;
  aim: number;
  ready: boolean;
}

/**
 * The number of replicas at which each would use what it should. Pods that say nothing are taken to use nothing where
 * that argues against growing, and all they should where it argues against shrinking.
 * (`pkg/controller/podautoscaler/replica_calculator.go`)
 */
export function recommend(input: ResourceInput): Recommendation {
  const { resource, container, target } = input;
  const living = input.pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && pod.status?.phase !== 'Failed',
  );
  const byShare = target.averageUtilization;
  const aimOf = (pod: Pod) => {
    if (byShare === undefined) return milliValue(target.averageValue ?? '0');
    const asked = requestedBy(pod, resource, container);
    if (asked === undefined) throw new Error(missingRequest(input, pod));
    return (asked * byShare) / 100;
  };
  const readings = living.map(
    (pod): Reading => ({ used: usedBy(input.usage, pod, container), aim: aimOf(pod), ready: isReady(pod) }),
  );
  const counted = readings.filter(({ used, ready }) => used !== undefined && (ready || resource !== 'cpu'));
  if (counted.length === 0)
    throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const total = counted.reduce((sum, { used }) => sum + (used ?? 0), 0);
  const aims = counted.reduce((sum, { aim }) => sum + aim, 0);
  const average = quantityOf(BigInt(Math.ceil(total / counted.length)), 'DecimalSI', -3);
  const status: MetricValueStatus = {
    averageValue: formatQuantity(average),
    ...(byShare !== undefined && aims > 0 && { averageUtilization: Math.floor((total * byShare) / aims) }),
  };
  return { replicas: replicasFor(input, readings, total / aims), status };
}

function replicasFor(
  { current, tolerance }: ResourceInput,
  readings: readonly Reading[],
  ratio: number,
): number {
  const isWithin = (r: number) => (r > 1 ? r - 1 <= tolerance.up : 1 - r <= tolerance.down);
  const grows = ratio > 1;
  const isSilent = ({ used, ready }: Reading) => used === undefined || !ready;
  const assumed = readings.map((reading) => {
    if (!isSilent(reading)) return reading.used ?? 0;
    return grows ? 0 : reading.used === undefined ? reading.aim : reading.used;
  });
  const aims = readings.reduce((sum, { aim }) => sum + aim, 0);
  const whole = assumed.reduce((sum, used) => sum + used, 0) / aims;
  // What is assumed must not turn the direction around.
  if (isWithin(whole) || whole > 1 !== grows || isWithin(ratio)) return current;
  return Math.ceil(whole * readings.length);
}

function missingRequest({ resource, container }: ResourceInput, pod: Pod): string {
  const counted = pod.spec.containers.filter(({ name }) => container === undefined || name === container);
  const found = counted.find(({ resources }) => !resources?.requests?.[resource]);
  return `missing request for ${resource} in container ${found?.name ?? container} of Pod ${pod.metadata.name}`;
}
