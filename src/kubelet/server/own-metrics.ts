import type { Metric } from '../../platform/metrics/metric.ts';
import { family, line, type Sample } from './resource-metrics.ts';

export interface OwnMetricsInput {
  nodeName: string;
  /** How many pods run. */
  running: number;
  /** Those of the process, and what the kubelet counts and measures. One without values is left out. */
  measured: Iterable<Metric>;
  /** The text of those of volumes. */
  volumes: string;
}

/** The text of `/metrics`. */
export function ownMetrics({ nodeName, running, measured, volumes }: OwnMetricsInput): string {
  const gauge = (name: string, help: string, sample: Sample) => family('gauge', name, help, [sample]);
  const pods = { labels: {}, value: running };
  return [
    gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox', pods),
    gauge('kubelet_active_pods', 'The number of pods the kubelet considers active', pods),
    gauge('kubelet_node_name', "The node's name. The count is always 1.", {
      labels: { node: nodeName },
      value: 1,
    }),
    volumes,
    ...[...measured].map(metricText),
  ].join('');
}

function metricText({ name, type, help, stability, values }: Metric): string {
  const lines = values().map(({ metricName = name, labels, value }) => line(metricName, { labels, value }));
  if (lines.length === 0) return '';
  const stable = stability ? `[${stability}] ` : '';
  return `# HELP ${name} ${stable}${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
