import { type CalendarParts, calendarOf } from '../moments.ts';
import { type Overload, overload } from '../signature.ts';
import type { Duration, Timestamp } from '../values.ts';

const calendar: [string, (parts: CalendarParts) => number][] = [
  ['getFullYear', (c) => c.year],
  ['getMonth', (c) => c.month],
  ['getDate', (c) => c.day],
  ['getDayOfMonth', (c) => c.day - 1],
  ['getDayOfWeek', (c) => c.weekday],
  ['getDayOfYear', (c) => c.dayOfYear],
  ['getHours', (c) => c.hours],
  ['getMinutes', (c) => c.minutes],
  ['getSeconds', (c) => c.seconds],
  ['getMilliseconds', (c) => c.milliseconds],
];

const spans: [string, bigint][] = [
  ['getHours', 3_600_000_000_000n],
  ['getMinutes', 60_000_000_000n],
  ['getSeconds', 1_000_000_000n],
  ['getMilliseconds', 1_000_000n],
];

/** The parts of moments and durations. */
export function times(): Overload[] {
  return [
    ...calendar.flatMap(([name, part]) => {
      const run = (moment: Timestamp, zone?: string) => BigInt(part(calendarOf(moment, zone)));
      return [overload(`timestamp::${name}(): int`, run), overload(`timestamp::${name}(string): int`, run)];
    }),
    ...spans.map(([name, nanos]) =>
      overload(`duration::${name}(): int`, (span: Duration) => span.nanos / nanos),
    ),
  ];
}
