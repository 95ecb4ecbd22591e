import type { Container, Pod, PodSpec } from '../../api/core/v1.ts';
import { addSums, maxSums, readSums, type Sums } from './sums.ts';

const none: Sums = new Map();

/** A container that starts before the others and goes on beside them. */
const isSidecar = (container: Container) => container.restartPolicy === 'Always';

/**
 * What a pod asks for, or is limited to, at its peak: all containers at once, or one init container with those that
 * started before it and stay, whichever is more; and what running the pod itself takes.
 */
export function podSums(spec: PodSpec, of: 'requests' | 'limits'): Sums {
  const amounts = (container: Container) => readSums(container.resources?.[of]);
  let running = none;
  let starting = none;
  for (const container of spec.initContainers ?? []) {
    const own = amounts(container);
    if (isSidecar(container)) running = addSums(running, own);
    starting = maxSums(starting, isSidecar(container) ? running : addSums(running, own));
  }
  for (const container of spec.containers) running = addSums(running, amounts(container));
  const peak = maxSums(podLevel(spec, of, running), starting);
  if (!spec.overhead) return peak;
  const overhead = readSums(spec.overhead);
  return addSums(
    peak,
    of === 'requests' ? overhead : new Map([...overhead].filter(([name]) => peak.has(name))),
  );
}

/** What is said for the pod as a whole counts instead of its containers. */
function podLevel(spec: PodSpec, of: 'requests' | 'limits', containers: Sums): Sums {
  const whole = readSums(spec.resources?.[of]);
  return whole.size === 0 ? containers : new Map([...containers, ...whole]);
}

/** Whether a pod has run its course, and holds nothing any more. */
export function hasEnded({ status, metadata }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return false;
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000 < nowMs;
}
