import { formatTime } from '../../platform/clock.ts';

/** Whether a name is that of a time zone, written as the list of time zones has it. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions();
    // The list that upstream reads is one of files: their names are not without regard to case.
    return timeZone === zone || timeZone.toLowerCase() !== zone.toLowerCase();
  } catch {
    return false;
  }
}

/** How far the clocks of a zone are ahead of UTC at a moment, in milliseconds; the moment is in milliseconds since the epoch. */
export function aheadOf(timeZone: string): (atMs: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return (atMs) => {
    const named = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes, seconds] = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(named) ?? [];
    const aheadMs = ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0)) * 1000;
    return sign === '-' ? -aheadMs : aheadMs;
  };
}

/** The time that clocks of a zone show, with their distance from UTC (RFC 3339); UTC where none is named. */
export function formatInZone(atMs: number, timeZone = 'UTC'): string {
  const aheadMs = aheadOf(timeZone)(atMs);
  if (aheadMs === 0) return formatTime(atMs);
  const minutes = Math.floor(Math.abs(aheadMs) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const distance = `${aheadMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return formatTime(atMs + aheadMs).replace('Z', distance);
}
