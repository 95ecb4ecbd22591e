import type { LogFields, LogLevel } from '../../platform/log.ts';
import type { Metric, Value } from '../../platform/metrics/metric.ts';
import type { SchedulerConfiguration } from '../../scheduler/configuration/configuration.ts';

/** What a thread that schedules begins with. */
export interface SchedulerTask {
  /** The name of this machine. */
  host: string;
  /** Upstream's default where absent. */
  configuration: SchedulerConfiguration | undefined;
}

/** What the thread is told. */
export type Command = { type: 'stop' } | { type: 'measure'; id: number };

/** What it says of itself. */
export type Report =
  | { type: 'log'; level: LogLevel; component: string; message: string; fields: LogFields }
  | { type: 'measured'; id: number; metrics: readonly MeasuredMetric[] };

/** A metric and its values at one moment. */
export type MeasuredMetric = Omit<Metric, 'values'> & { values: readonly Value[] };
