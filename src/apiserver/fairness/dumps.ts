import { formatApiVersion } from '../../machinery/schema.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Attended, FairnessState } from './fairness.ts';
import type { FlowCounts } from './flow-metrics.ts';
import type { PriorityLevel } from './priority-level.ts';
import { estimatedMs } from './queue-set.ts';

/*
 * What priority and fairness is doing, as upstream dumps it for people: comma-separated values, in columns.
 */

const leastWidth = 8;

/** Every cell but a row's last ends with a comma, and is as wide as the widest of its column. */
function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? leastWidth, cell.length + 2);
  }
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i < row.length - 1 ? `${cell},`.padEnd(widths[i] as number) : cell)).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

const byName = ({ levels }: FairnessState) => [...levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/** A row a priority level. */
export function dumpPriorityLevels(state: FairnessState): string {
  const head = [
    'PriorityLevelName',
    'ActiveQueues',
    'IsIdle',
    'IsQuiescing',
    'WaitingRequests',
    'ExecutingRequests',
    'DispatchedRequests',
    'RejectedRequests',
    'TimedoutRequests',
    'CancelledRequests',
  ];
  return table([head, ...byName(state).map((level) => levelRow(level, state))]);
}

function levelRow(level: PriorityLevel, { counts }: FairnessState): string[] {
  const own = [...counts.values()].filter(({ labels }) => labels.priority_level === level.name);
  const sum = (what: (counts: FlowCounts) => number) => own.reduce((all, one) => all + what(one), 0);
  const executing = sum((one) => one.executing);
  const waiting = level.set.waiting;
  const values = [
    level.set.queues.filter((queue) => queue.waiting.length > 0).length,
    executing + waiting === 0,
    level.isQuiescing,
    waiting,
    executing,
    sum((one) => one.dispatched),
    sum(({ refused }) => refused['queue-full'] + refused['concurrency-limit']),
    sum(({ refused }) => refused['time-out']),
    sum(({ refused }) => refused.cancelled),
  ];
  return [level.name, ...values.map(String)];
}

/** Work or virtual time in seats and seconds. */
const seatSeconds = (ms: number) => `${(ms / 1000).toFixed(8)}ss`;

/** A row a queue. */
export function dumpQueues(state: FairnessState): string {
  const head = [
    'PriorityLevelName',
    'Index',
    'PendingRequests',
    'ExecutingRequests',
    'SeatsInUse',
    'NextDispatchR',
    'InitialSeatsSum',
    'MaxSeatsSum',
    'TotalWorkSum',
  ];
  const rows = byName(state).flatMap(({ name, queues, set }) =>
    set.queues
      .slice(0, queues)
      .map((queue, i) => [
        name,
        String(i),
        String(queue.waiting.length),
        String(queue.executing),
        String(queue.seatsInUse),
        seatSeconds(queue.nextStart),
        String(queue.seatsWaiting),
        String(queue.seatsWaiting),
        seatSeconds(queue.seatsWaiting * estimatedMs),
      ]),
  );
  return table([head, ...rows]);
}

/** A row a request: those that wait, then those that are worked on. */
export function dumpRequests(
  state: FairnessState,
  { clock, withDetails }: { clock: Pick<Clock, 'now' | 'monotonic'>; withDetails: boolean },
): string {
  const head = [
    'PriorityLevelName',
    'FlowSchemaName',
    'QueueIndex',
    'RequestIndexInQueue',
    'FlowDistingsher',
    'ArriveTime',
    'InitialSeats',
    'FinalSeats',
    'AdditionalLatency',
    'StartTime',
  ];
  const details = [
    'UserName',
    'Verb',
    'APIPath',
    'Namespace',
    'Name',
    'APIVersion',
    'Resource',
    'SubResource',
  ];
  const shift = clock.now() - clock.monotonic();
  const rows = [...state.attended]
    .map((request) => ({ request, place: placeOf(request) }))
    .sort(inOrder)
    .map(({ request, place }) => [
      ...requestRow(request, place, shift),
      ...(withDetails ? detailsOf(request) : []),
    ]);
  return table([withDetails ? [...head, ...details] : head, ...rows]);
}

/** Where a request stands: -1 is no queue, or nobody's turn to wait. */
interface Place {
  level: string;
  queue: number;
  index: number;
}

function placeOf({ flow, queue, ticket, startMs }: Attended): Place {
  const { name, set } = flow.level;
  const waits = startMs === undefined && ticket !== undefined;
  const own = waits ? ticket.queue : queue;
  return {
    level: name,
    queue: own ? set.queues.indexOf(own) : -1,
    index: waits ? ticket.queue.waiting.indexOf(ticket) : -1,
  };
}

function inOrder({ place: a }: { place: Place }, { place: b }: { place: Place }): number {
  if (a.level !== b.level) return a.level < b.level ? -1 : 1;
  const last = (n: number) => (n < 0 ? Number.MAX_SAFE_INTEGER : n);
  return last(a.queue) - last(b.queue) || last(a.index) - last(b.index);
}

/** A moment in RFC 3339 with as many digits as it has. */
const nanoTime = (epochMs: number) => new Date(epochMs).toISOString().replace(/\.?0*Z$/, 'Z');

const never = '0001-01-01T00:00:00Z';

function requestRow({ flow, info, user, seats, arrivedMs, startMs }: Attended, place: Place, shift: number) {
  return [
    place.level,
    flow.name,
    String(place.queue),
    String(place.index),
    flow.distinguisherOf(info, user),
    nanoTime(arrivedMs + shift),
    String(seats),
    '0',
    '0s',
    startMs === undefined ? never : nanoTime(startMs + shift),
  ];
}

const detailsOf = ({ info, user }: Attended) => [
  user,
  info.verb,
  info.path,
  info.namespace,
  info.name,
  formatApiVersion(info),
  info.resource,
  info.subresource,
];
