import type { Pod } from '../../api/core/v1.ts';
import { containerNameLabel } from '../pods/labels.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import type { ContainerStats } from '../runtimes/types.ts';
import type { ProbeCount } from '../probes/probe-manager.ts';
import { containersOf, type Measured, sum } from './stats.ts';

type Labels = Record<string, string | number | undefined>;

export interface Sample {
  labels: Labels;
  value: number | undefined;
  /** When it was measured; now where absent. */
  timeMs?: number;
}

const escaped = (text: string) => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));

export function line(name: string, { labels, value, timeMs }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(String(text ?? ''))}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}${timeMs === undefined ? '' : ` ${Math.trunc(timeMs)}`}\n`;
}

/** A metric in Prometheus's text; nothing where it has no value. */
export function family(type: Metric['type'], name: string, help: string, samples: Sample[]): string {
  const lines = samples.filter((s) => s.value !== undefined).map((s) => line(name, s));
  if (lines.length === 0) return '';
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** The text of `/metrics/probes`. */
export function probeMetrics(counts: ProbeCount[]): string {
  const name = 'prober_probe_total';
  const lines = counts.map(({ pod, container, kind, result, count }) => {
    const labels = {
      container,
      ...labelsOf(pod),
      pod_uid: pod.metadata.uid,
      probe_type: probeTypes[kind],
      result,
    };
    return line(name, { labels, value: count });
  });
  const help = 'Cumulative number of a liveness, readiness or startup probe for a container by result.';
  return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${lines.join('')}`;
}

const probeTypes = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' } as const;

const seconds = (nanoseconds: number | undefined) =>
  nanoseconds === undefined ? undefined : nanoseconds / 1e9;

/** The text of `/metrics/resource`, which the metrics server reads. */
export function resourceMetrics(measured: Measured): string {
  const error = [{ labels: {}, value: 0, timeMs: measured.timeMs }];
  const errorHelp = '1 if there was an error while getting container metrics, 0 otherwise';
  return [
    ...containerFamilies(measured),
    ...nodeFamilies(measured),
    ...podFamilies(measured),
    family('gauge', 'resource_scrape_error', errorHelp, error),
  ].join('');
}

function containerFamilies(measured: Measured): string[] {
  const rows = measured.pods.flatMap((pod) => containersOf(measured, pod).map((stats) => ({ pod, stats })));
  const each = (read: (row: { pod: Pod; stats: ContainerStats }) => Omit<Sample, 'labels'>): Sample[] =>
    rows.map((row) => ({ labels: { container: nameOf(row.stats), ...labelsOf(row.pod) }, ...read(row) }));
  const { timeMs } = measured;
  const cpu = each(({ stats: { cpu: c } }) => ({
    value: seconds(c?.usageCoreNanoseconds),
    timeMs: c?.timeMs ?? timeMs,
  }));
  const memory = each(({ stats: { memory: m } }) => ({
    value: m?.workingSetBytes,
    timeMs: m?.timeMs ?? timeMs,
  }));
  const start = each(({ pod, stats }) => ({ value: startSeconds(pod, nameOf(stats)), timeMs }));
  return [
    family(
      'counter',
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the container in core-seconds',
      cpu,
    ),
    family(
      'gauge',
      'container_memory_working_set_bytes',
      'Current working set of the container in bytes',
      memory,
    ),
    family(
      'gauge',
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds',
      start,
    ),
  ];
}

const nameOf = (stats: ContainerStats) => stats.labels[containerNameLabel] ?? stats.container.name;
const labelsOf = ({ metadata }: Pod): Labels => ({ namespace: metadata.namespace, pod: metadata.name });

/** When a container was started last. */
function startSeconds({ status }: Pod, name: string): number | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const startedAt = all.find((container) => container.name === name)?.state?.running?.startedAt;
  return startedAt ? Date.parse(startedAt) / 1000 : undefined;
}

function nodeFamilies({ cpuNanoseconds, facts, availableMemoryBytes, timeMs }: Measured): string[] {
  const cpu = seconds(cpuNanoseconds);
  const memory = facts.memoryBytes - availableMemoryBytes;
  const one = (value: number | undefined): Sample[] => [{ labels: {}, value, timeMs }];
  return [
    family(
      'counter',
      'node_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the node in core-seconds',
      one(cpu),
    ),
    family('gauge', 'node_memory_working_set_bytes', 'Current working set of the node in bytes', one(memory)),
  ];
}

function podFamilies(measured: Measured): string[] {
  const each = (read: (containers: ContainerStats[]) => number | undefined): Sample[] =>
    measured.pods.map((pod) => ({
      labels: labelsOf(pod),
      value: read(containersOf(measured, pod)),
      timeMs: measured.timeMs,
    }));
  const cpu = each((all) => seconds(sum(all.map((c) => c.cpu?.usageCoreNanoseconds))));
  const memory = each((all) => sum(all.map((c) => c.memory?.workingSetBytes)));
  return [
    family(
      'counter',
      'pod_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the pod in core-seconds',
      cpu,
    ),
    family('gauge', 'pod_memory_working_set_bytes', 'Current working set of the pod in bytes', memory),
  ];
}
