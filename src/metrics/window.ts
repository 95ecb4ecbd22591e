import type { ContainerMetrics, PodMetrics } from '../api/metrics/v1beta1.ts';
import { formatDuration } from '../machinery/duration.ts';
import { formatQuantity, quantityOf } from '../machinery/quantity.ts';
import { formatTime } from '../platform/clock.ts';
import type { Point } from './read-points.ts';

/** The last two points of something. */
export interface Window {
  last: Point;
  /** Absent until there are two of one run. */
  previous?: Point;
}

/** Younger than this, a container's start is no point to measure from: the window would be too short. */
const youngestMs = 10_000;

/** What is known of a node once a further point has come. */
export const nextOfNode = (known: Window | undefined, last: Point): Window => ({
  last,
  previous: known && last.timeMs > known.last.timeMs ? known.last : known?.previous,
});

/**
 * What is known of a container once a further point has come: one that is younger than the time between two looks at it has used all
 * that it has used since it began, and what was known of the run before says nothing of this one.
 */
export function nextOfContainer(known: Window | undefined, last: Point, resolutionMs: number): Window {
  const ageMs = last.timeMs - last.startMs;
  if (ageMs >= youngestMs && ageMs < resolutionMs)
    return { last, previous: { ...last, timeMs: last.startMs, cpuSeconds: 0 } };
  if (!known || last.startMs >= known.last.timeMs) return { last };
  return nextOfNode(known, last);
}

/** What is told of a window: when it ends, how long it is, and what was used in it. */
export interface Used {
  timestamp: string;
  window: string;
  usage: ContainerMetrics['usage'];
}

/** What was used in a window; undefined where there are no two points of one run, or the node's clock was set back between them. */
export function usedIn({ last, previous }: Window): Used | undefined {
  if (!previous || last.startMs < previous.startMs || last.cpuSeconds < previous.cpuSeconds) return undefined;
  const spanMs = last.timeMs - previous.timeMs;
  if (spanMs <= 0) return undefined;
  const nanoCores = Math.floor(((last.cpuSeconds - previous.cpuSeconds) / spanMs) * 1e12);
  return {
    timestamp: formatTime(last.timeMs),
    window: formatDuration(spanMs * 1e6),
    usage: usageOf(nanoCores, last.memoryBytes),
  };
}

/** Amounts as the metrics API tells them. */
export const usageOf = (nanoCores: number, memoryBytes: number): Used['usage'] => ({
  cpu: formatQuantity(quantityOf(nanoCores, 'DecimalSI', -9)),
  memory: formatQuantity(quantityOf(memoryBytes, 'BinarySI')),
});

/** What the containers of a pod used; undefined unless it is known of all. The window is that which ended first. */
export function usedByPod(
  containers: ReadonlyMap<string, Window>,
): Pick<PodMetrics, 'timestamp' | 'window' | 'containers'> | undefined {
  if ([...containers.values()].some(({ previous }) => !previous)) return undefined;
  const used = [...containers].flatMap(([name, window]) => {
    const one = usedIn(window);
    return one ? [{ name, endMs: window.last.timeMs, ...one }] : [];
  });
  const [first] = used.toSorted((a, b) => a.endMs - b.endMs);
  if (!first) return undefined;
  const { timestamp, window } = first;
  return { timestamp, window, containers: used.map(({ name, usage }) => ({ name, usage })) };
}
