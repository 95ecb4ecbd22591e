import type { PriorityLevel } from './priority-level.ts';
import { shareSeats } from './share-seats.ts';

/** What a level keeps whatever others want: what it does not lend, and what it has needed of its own. */
const keeps = ({ bounds, demand }: PriorityLevel) =>
  Math.max(bounds.least, Math.min(bounds.nominal, Math.round(demand.highest)));

/** Shares all seats out among the levels, by what each has wanted since the last time, within its bounds. */
export function lendAndBorrow(levels: readonly PriorityLevel[], nowMs: number): void {
  for (const level of levels) level.reviewDemand(nowMs);
  const limited = levels.filter(({ isExempt }) => !isExempt);
  const total = limited.reduce((sum, { bounds }) => sum + bounds.nominal, 0);
  const claims = limited.map((level) => ({
    lower: keeps(level),
    upper: level.bounds.most,
    target: Math.max(keeps(level), level.smoothedDemand),
  }));
  const seats = shareSeats(total, claims);
  for (const [i, level] of limited.entries()) {
    const allotted = Math.round(seats[i] as number);
    if (allotted !== level.seats) level.allot(allotted, nowMs);
  }
}
