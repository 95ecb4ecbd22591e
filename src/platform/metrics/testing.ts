import type { MetricRegistry } from './registry.ts';

/** The values of all series but the buckets of histograms, by names such as `things_total{kind="a"}`. */
export function seriesOf(registry: MetricRegistry): Record<string, number> {
  const values = [...registry.metrics()].flatMap(({ name, values: read }) =>
    read()
      .filter(({ metricName = '' }) => !metricName.endsWith('_bucket'))
      .map(({ metricName = name, labels, value }) => [`${metricName}${labelsText(labels)}`, value] as const),
  );
  return Object.fromEntries(values);
}

function labelsText(labels: Record<string, string | number>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return pairs.length > 0 ? `{${pairs.join()}}` : '';
}
