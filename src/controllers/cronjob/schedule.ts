import { Cron } from 'croner';
import { parseDuration } from '../../machinery/duration.ts';
import { formatTime } from '../../platform/clock.ts';

/** When something is due, by the notation of `robfig/cron` that upstream takes. */
export interface Schedule {
  /** The first moment after `afterMs`, in milliseconds since the epoch; undefined where there is none any more. */
  next(afterMs: number): number | undefined;
}

const maxima = [59, 23, 31, 12, 6];
const descriptors: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** `5/15` means from 5 on; the library wants the end told. `?` is another way to write `*`. */
function fieldFor(text: string, index: number): string {
  const parts = text.split(',').map((part) => {
    const whole = part.replace('?', '*');
    return /^\d+\/\d+$/.test(whole) ? whole.replace('/', `-${maxima[index]}/`) : whole;
  });
  return parts.join(',');
}

/** Whether there is a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions();
    return true;
  } catch {
    return false;
  }
}

/** Reads a schedule in a time zone; UTC where none is named, there or before it. Throws for text that is no schedule. */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  const [, zone, rest] = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text) ?? [];
  if (zone !== undefined && rest !== undefined) return parseSchedule(rest, zone);
  if (text.startsWith('@every ')) return every(text.slice('@every '.length));
  const fields = (descriptors[text] ?? text).trim().split(/\s+/);
  const [, , dayOfMonth = '*', , dayOfWeek = '*'] = fields;
  const isOpen = (field: string) => field.startsWith('*') || field.startsWith('?');
  // Where both days are told, either is enough; a star, with a step or without, leaves it to the other.
  const domAndDow = isOpen(dayOfMonth) || isOpen(dayOfWeek);
  const cron = new Cron(fields.map(fieldFor).join(' '), { timezone: timeZone, paused: true, domAndDow });
  return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
}

function every(span: string): Schedule {
  const spanMs = Math.max(1, Math.floor(parseDuration(span) / 1e9)) * 1000;
  // Whole seconds, counted from whatever came before.
  return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + spanMs };
}

/** The time that clocks of a zone show, with their distance from UTC (RFC 3339); UTC where none is named. */
export function formatInZone(atMs: number, timeZone = 'UTC'): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const named = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(named) ?? [];
  const aheadMs = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  if (aheadMs === 0) return formatTime(atMs);
  const shown = formatTime(sign === '-' ? atMs - aheadMs : atMs + aheadMs);
  return shown.replace('Z', `${sign}${hours}:${minutes}`);
}
