/** What upstream promises of a metric; it stands in front of its help. */
export type Stability = 'ALPHA' | 'BETA' | 'STABLE';

/** One value of a metric, as prom-client takes it. */
export interface Value {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

/** Values of one name, read when somebody looks. */
export interface Metric {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  stability?: Stability;
  values(): Value[];
}
