import type { Metric } from '../../platform/metrics/metric.ts';
import { family, type Sample } from './resource-metrics.ts';

export interface OwnMetricsInput {
  nodeName: string;
  /** How many pods run. */
  running: number;
  /** Those of the process. */
  process: readonly Metric[];
  /** The text of those of volumes. */
  volumes: string;
}

/** The text of `/metrics`. */
export function ownMetrics({ nodeName, running, process, volumes }: OwnMetricsInput): string {
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
    ...process.map(({ name, type, help, values }) => family(type, name, help, values())),
  ].join('');
}
