import type { ElectionTimes } from '../client/election-plan.ts';
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

function milliseconds(text: string): number {
  try {
    return parseDuration(text) / 1e6;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UserError(error.message, 'durations of leader election look like 3s or 500ms');
  }
}
