import { type CronFields, parsePattern } from './pattern.ts';
import { aheadOf } from './time-zone.ts';

/** When something is due, by the notation of `robfig/cron` that upstream takes. */
export interface Schedule {
  /** The first moment after `afterMs`, in milliseconds since the epoch; undefined where there is none for years. */
  next(afterMs: number): number | undefined;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** What is not due for so many years is not due any more. */
const longestYears = 5;

/** Reads a schedule in a time zone; UTC where none is named, there or before it. Throws CronError for text that is no schedule. */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  const pattern = parsePattern(text);
  if ('everySeconds' in pattern) {
    // Counted from whatever came before.
    const spanMs = pattern.everySeconds * 1000;
    return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + spanMs };
  }
  const { fields, zone = timeZone } = pattern;
  const ahead = aheadOf(zone);
  return { next: (afterMs) => nextOf(fields, ahead, afterMs) };
}

type Ahead = (atMs: number) => number;

/**
 * The first moment at which clocks show a time that the fields name. One that a change of the clocks leaves out does not come that
 * day, and one that it repeats comes twice.
 */
function nextOf(fields: CronFields, ahead: Ahead, afterMs: number): number | undefined {
  const fromMs = Math.floor(afterMs / 1000) * 1000 + 1000;
  const shownMs = fromMs + ahead(fromMs);
  const lastYear = new Date(shownMs).getUTCFullYear() + longestYears;
  for (let day = Math.floor(shownMs / dayMs) * dayMs; ; day += dayMs) {
    const date = new Date(day);
    if (date.getUTCFullYear() > lastYear) return undefined;
    const atMs = suits(fields, date) ? firstOn(day, fields, ahead, fromMs) : undefined;
    if (atMs !== undefined) return atMs;
  }
}

function suits({ days, months, weekdays, needsBoth }: CronFields, date: Date): boolean {
  if (!months.includes(date.getUTCMonth() + 1)) return false;
  const ofMonth = days.includes(date.getUTCDate());
  const ofWeek = weekdays.includes(date.getUTCDay());
  return needsBoth ? ofMonth && ofWeek : ofMonth || ofWeek;
}

/** The first moment of a day, of those from `fromMs` on. `day` is its midnight, as if its clocks showed UTC. */
function firstOn(day: number, fields: CronFields, ahead: Ahead, fromMs: number): number | undefined {
  // No zone is further from UTC: what clocks do on that day they do in between.
  const [beginMs, endMs] = [day - 15 * hourMs, day + 39 * hourMs];
  const [before, after] = [ahead(beginMs), ahead(endMs)];
  const offset = (shown: number | undefined, aheadMs: number) =>
    shown === undefined ? shown : shown - aheadMs;
  if (before === after) return offset(firstShown(day, fields, { from: fromMs + before }), before);
  const changeMs = changeBetween(beginMs, endMs, ahead);
  const early = firstShown(day, fields, { from: fromMs + before, until: changeMs + before });
  const late = firstShown(day, fields, { from: Math.max(fromMs, changeMs) + after });
  return offset(early, before) ?? offset(late, after);
}

/** The first time of a day that the fields name within a span, as if clocks showed UTC. */
function firstShown(
  day: number,
  { hours, minutes }: CronFields,
  { from, until = Number.POSITIVE_INFINITY }: { from: number; until?: number },
): number | undefined {
  for (const hour of hours)
    for (const minute of minutes) {
      const shown = day + hour * hourMs + minute * minuteMs;
      if (shown >= from) return shown < until ? shown : undefined;
    }
  return undefined;
}

/** The moment in a span at which the clocks of a zone change, which they do once there. */
function changeBetween(beginMs: number, endMs: number, ahead: Ahead): number {
  const before = ahead(beginMs);
  let [low, high] = [beginMs / 1000, endMs / 1000];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (ahead(middle * 1000) === before) low = middle;
    else high = middle;
  }
  return high * 1000;
}
