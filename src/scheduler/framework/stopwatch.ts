import { type PostFilterResult, type Refusal, Rejected } from './framework.ts';

/** The extension points that are timed, by upstream's names. */
export type TimedPoint =
  | 'PreFilter'
  | 'Filter'
  | 'PostFilter'
  | 'PreScore'
  | 'Score'
  | 'Reserve'
  | 'Unreserve'
  | 'Permit'
  | 'PreBind'
  | 'Bind'
  | 'PostBind';

/** Those at which is counted which plugins have something to say. */
export type AskedPoint = 'PreFilter' | 'Filter' | 'PreScore' | 'Score';

/** What came of an extension point, or of one of its plugins, by upstream's names. */
export type Status = 'Success' | 'Error' | 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Skip';

/** Follows one decision from one extension point to the next. */
export interface Stopwatch {
  /** What comes now belongs to the next point. */
  start(): void;
  /** All since the start, or since the last point, was this one. */
  lap(point: TimedPoint, status?: Status): void;
  /** In how many decisions each plugin of these points, in the order of the profile, had something to say. */
  readonly evaluations: Readonly<Record<AskedPoint, Float64Array>>;
}

/** One more decision in which the plugin at this place had something to say. */
export function evaluated(counts: Float64Array | undefined, place: number): void {
  if (counts) counts[place] = (counts[place] as number) + 1;
}

export function statusOfRefusal(refusal: Refusal | undefined): Status {
  if (!refusal) return 'Success';
  return refusal.unresolvable ? 'UnschedulableAndUnresolvable' : 'Unschedulable';
}

export function statusOfRoom({ message, isFailure }: PostFilterResult): Status {
  if (isFailure) return 'Error';
  return message === '' ? 'Success' : 'Unschedulable';
}

export const statusOfError = (error: unknown): Status =>
  error instanceof Rejected ? statusOfRefusal(error.refusal) : 'Error';
