import { type ElectionTimes, timesError } from '../client/election-plan.ts';
import { DurationError, parseDuration } from '../machinery/duration.ts';
import { UserError } from './user-error.ts';

/** Times of an election as they stand on a command line: durations such as `1m30s`. */
export interface ElectionTexts {
  leaseDuration?: string;
  renewDeadline?: string;
  retryPeriod?: string;
}

/** The times that are given. Throws a `UserError` for what is no duration. */
export function electionTimes(texts: ElectionTexts): Partial<ElectionTimes> {
  const times: Partial<ElectionTimes> = {};
  for (const name of ['leaseDuration', 'renewDeadline', 'retryPeriod'] as const) {
    const text = texts[name];
    if (text !== undefined) times[`${name}Ms`] = milliseconds(text);
  }
  return times;
}

/** Shorter than upstream's: what is left by a leader that died is taken up within five seconds. */
const sharedTimes: ElectionTimes = { leaseDurationMs: 3000, renewDeadlineMs: 2000, retryPeriodMs: 300 };
/** Who is alone leads anyhow; the lease is for people to see. */
const aloneTimes: ElectionTimes = { leaseDurationMs: 60_000, renewDeadlineMs: 40_000, retryPeriodMs: 20_000 };

/** The times that are given, and the usual ones for the rest. Throws a `UserError` where nobody could lead by them. */
export function wholeTimes(
  given: Partial<ElectionTimes> = {},
  { isAlone }: { isAlone: boolean },
): ElectionTimes {
  const times = { ...(isAlone ? aloneTimes : sharedTimes), ...given };
  const wrong = timesError(times);
  if (wrong) throw new UserError(`leader election cannot work: ${wrong}`);
  return times;
}

function milliseconds(text: string): number {
  try {
    return parseDuration(text) / 1e6;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UserError(error.message, 'durations of leader election look like 3s or 500ms');
  }
}
