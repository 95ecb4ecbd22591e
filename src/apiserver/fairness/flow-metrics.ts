import { Histogram } from '../../platform/metrics/histogram.ts';
import type { Metric, Value } from '../../platform/metrics/metric.ts';
import type { PriorityLevel } from './priority-level.ts';

/** Why a request was refused. */
export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

const waitBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/** What has become of the requests of one flow schema on one level. */
export class FlowCounts {
  readonly labels: { priority_level: string; flow_schema: string };
  dispatched = 0;
  executing = 0;
  executingSeats = 0;
  queued = 0;
  queuedSeats = 0;
  readonly refused: Record<Refusal, number> = {
    'queue-full': 0,
    'concurrency-limit': 0,
    'time-out': 0,
    cancelled: 0,
  };
  /** How long requests waited that did wait. */
  readonly waits = new Histogram(waitBounds);
  waited = 0;

  constructor(level: string, schema: string) {
    this.labels = { priority_level: level, flow_schema: schema };
  }

  noteWait(ms: number): void {
    this.waits.observe(ms / 1000);
    this.waited++;
  }
}

const prefix = 'apiserver_flowcontrol_';

/** The metrics of priority and fairness, under upstream's names. */
export function flowMetrics(source: {
  counts(): Iterable<FlowCounts>;
  levels(): Iterable<PriorityLevel>;
}): Metric[] {
  const all = [...levelGauges].map(([name, help, value]) => ({
    name: `${prefix}${name}`,
    type: 'gauge' as const,
    help,
    values: () =>
      [...source.levels()].map((level) => ({ labels: { priority_level: level.name }, value: value(level) })),
  }));
  const gauges = flowGauges.map(([name, help, value]) => ({
    name: `${prefix}${name}`,
    type: 'gauge' as const,
    help,
    values: () => [...source.counts()].map((counts) => ({ labels: counts.labels, value: value(counts) })),
  }));
  return [...counters(source), ...gauges, ...all];
}

function counters(source: { counts(): Iterable<FlowCounts> }): Metric[] {
  const each = (values: (counts: FlowCounts) => Value[]) => () => [...source.counts()].flatMap(values);
  return [
    {
      name: `${prefix}rejected_requests_total`,
      type: 'counter',
      help: 'Requests refused by priority and fairness, by reason.',
      values: each(({ labels, refused }) =>
        Object.entries(refused)
          .filter(([, value]) => value > 0)
          .map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    },
    {
      name: `${prefix}dispatched_requests_total`,
      type: 'counter',
      help: 'Requests let through by priority and fairness.',
      values: each(({ labels, dispatched }) => [{ labels, value: dispatched }]),
    },
    {
      name: `${prefix}request_wait_duration_seconds`,
      type: 'histogram',
      help: 'How long requests that were let through waited in their queue.',
      values: each(waitValues),
    },
  ];
}

const flowGauges: [string, string, (counts: FlowCounts) => number][] = [
  ['current_inqueue_requests', 'Requests that wait in queues.', ({ queued }) => queued],
  [
    'current_inqueue_seats',
    'Seats wanted by requests that wait in queues.',
    ({ queuedSeats }) => queuedSeats,
  ],
  ['current_executing_requests', 'Requests that are worked on.', ({ executing }) => executing],
  [
    'current_executing_seats',
    'Seats taken by requests that are worked on.',
    ({ executingSeats }) => executingSeats,
  ],
];

const levelGauges: [string, string, (level: PriorityLevel) => number][] = [
  ['nominal_limit_seats', 'Seats of the level by its configuration.', ({ bounds }) => bounds.nominal],
  ['lower_limit_seats', 'Seats that the level does not lend.', ({ bounds }) => bounds.least],
  ['upper_limit_seats', 'The most seats that the level can have by borrowing.', ({ bounds }) => bounds.most],
  ['current_limit_seats', 'Seats that the level has now.', ({ seats }) => seats],
  ['demand_seats_high_watermark', 'The most seats wanted lately.', ({ demand }) => demand.highest],
  ['demand_seats_average', 'Seats wanted lately, on average.', ({ demand }) => demand.average],
  ['demand_seats_stdev', 'Deviation of the seats wanted lately.', ({ demand }) => demand.deviation],
  ['demand_seats_smoothed', 'Seats wanted, smoothed over time.', ({ smoothedDemand }) => smoothedDemand],
];

/** Requests that did not have to wait stand in every bucket. */
function waitValues({ labels, dispatched, waits, waited }: FlowCounts): Value[] {
  const name = `${prefix}request_wait_duration_seconds`;
  const atOnce = Math.max(0, dispatched - waited);
  return waits
    .values(name, { ...labels, execute: 'true' })
    .map((sample) =>
      sample.metricName === `${name}_sum` ? sample : { ...sample, value: sample.value + atOnce },
    );
}
