import { UserError } from '../user-error.ts';
import { shown } from './span.ts';

/** What goes wrong, and how often; shares are from 0 (never) to 1 (always). */
export interface Faults {
  /** The longest that a request, or its answer, is under way. */
  requestDelayMs: number;
  /** Share of requests that are refused with 429, 500 or 503; nothing has been done then. */
  refusals: number;
  /** Share of writes that are done, and whose answer is lost: the writer hears that the server did not answer. */
  lostAnswers: number;
  /** Share of changes that another writer comes before, so that they meet a conflict. */
  conflicts: number;
  /** The longest that an event of a watch is under way. Events of one connection never overtake each other. */
  eventDelayMs: number;
  /** Share of events with which a watch breaks; what it had not delivered comes when it is opened again. */
  brokenWatches: number;
  /** Share of broken watches whose past is gone (410): the watcher has to list anew. */
  expiredWatches: number;
  /** Share of watches opened again that tell their last event once more. */
  repeatedEvents: number;
  /** Share of writes at which the writer's process dies, before the write or right after it. */
  crashes: number;
  /** The longest that a process that died stays away. */
  crashMs: number;
}

/** Nothing goes wrong, and nothing takes time. */
export const noFaults: Faults = {
  requestDelayMs: 0,
  refusals: 0,
  lostAnswers: 0,
  conflicts: 0,
  eventDelayMs: 0,
  brokenWatches: 0,
  expiredWatches: 0,
  repeatedEvents: 0,
  crashes: 0,
  crashMs: 30_000,
};

/** Throws a UserError for faults that there are not, for shares beyond 0 to 1 and for times that are none. */
export function checkFaults(faults: object): void {
  for (const [name, value] of Object.entries(faults)) {
    if (!(name in noFaults))
      throw new UserError(`faults: there is no ${name}; there are ${Object.keys(noFaults).join(', ')}`);
    const most = name.endsWith('Ms') ? Number.MAX_SAFE_INTEGER : 1;
    if (typeof value === 'number' && value >= 0 && value <= most) continue;
    const wanted = most === 1 ? 'share from 0 to 1' : 'number of milliseconds';
    throw new UserError(`faults: ${name}: ${shown(value)} is no ${wanted}`);
  }
}
