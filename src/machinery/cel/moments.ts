import { CelError } from './errors.ts';
import { effort } from './rest.ts';
import { Duration, Timestamp } from './values.ts';

const billion = 1_000_000_000n;
const pattern = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;

/** Reads RFC 3339. Throws a CelError. */
export function parseTimestamp(text: string): Timestamp {
  const match = pattern.exec(text);
  const wholeMs = match ? Date.parse(`${match[1]}${match[3]}`.toUpperCase()) : Number.NaN;
  if (!match || Number.isNaN(wholeMs))
    throw new CelError(`cannot parse ${JSON.stringify(text)} as timestamp`);
  const nanos = BigInt(wholeMs) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
  return new Timestamp(nanos, fixedOffset(match[3] as string) ?? 0);
}

/** The minutes of an offset such as `-07:00`; undefined for what is none. */
function fixedOffset(zone: string): number | undefined {
  const fixed = /^([+-]?)(\d{1,2}):(\d\d)$/.exec(zone);
  return fixed ? (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) : undefined;
}

function zoneText(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z';
  const digits = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.abs(offsetMinutes);
  return `${offsetMinutes < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60))}:${digits(minutes % 60)}`;
}

const fraction = (nanos: bigint) => {
  const digits = nanos.toString().padStart(9, '0').replace(/0+$/, '');
  return digits && `.${digits}`;
};

/** RFC 3339 in the zone in which it was written, with as much of a second as there is. */
export function formatMoment({ nanos, offsetMinutes }: Timestamp): string {
  const rest = ((nanos % billion) + billion) % billion;
  const local = Number((nanos - rest) / 1_000_000n) + offsetMinutes * 60_000;
  const seconds = new Date(local).toISOString().slice(0, -5);
  return `${seconds}${fraction(rest)}${zoneText(offsetMinutes)}`;
}

/** Seconds, such as `90s` or `1.5s`. */
export function formatSpan({ nanos }: Duration): string {
  const [sign, rest] = nanos < 0n ? ['-', -nanos] : ['', nanos];
  return `${sign}${rest / billion}${fraction(rest % billion)}s`;
}

export interface CalendarParts {
  year: number;
  /** From 0. */
  month: number;
  /** Of the month, from 1. */
  day: number;
  /** From Sunday, 0. */
  weekday: number;
  /** From 0. */
  dayOfYear: number;
  hours: number;
  minutes: number;
  seconds: number;
  milliseconds: number;
}

/** A moment on the calendar of a time zone: a name such as `Europe/Berlin`, or an offset such as `-07:00`. */
export function calendarOf({ nanos }: Timestamp, zone = 'UTC'): CalendarParts {
  const ms = Number(nanos / 1_000_000n) - (nanos % 1_000_000n < 0n ? 1 : 0);
  const local = new Date(ms + offsetMs(ms, zone));
  const year = local.getUTCFullYear();
  const newYear = new Date(0).setUTCFullYear(year, 0, 1);
  return {
    year,
    month: local.getUTCMonth(),
    day: local.getUTCDate(),
    weekday: local.getUTCDay(),
    dayOfYear: Math.floor((local.getTime() - newYear) / 86_400_000),
    hours: local.getUTCHours(),
    minutes: local.getUTCMinutes(),
    seconds: local.getUTCSeconds(),
    milliseconds: local.getUTCMilliseconds(),
  };
}

function offsetMs(ms: number, zone: string): number {
  if (zone === 'UTC' || zone === '') return 0;
  const minutes = fixedOffset(zone);
  return minutes === undefined ? namedOffsetMs(ms, zone) : minutes * 60_000;
}

const offsetFormats = new Map<string, Intl.DateTimeFormat>();
/** A zone has many names: capitals do not count. */
const mostFormats = 1000;

/** Making one takes long. */
function offsetFormat(timeZone: string): Intl.DateTimeFormat {
  effort(20);
  const known = offsetFormats.get(timeZone);
  if (known) return known;
  effort(100);
  const made = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  if (offsetFormats.size >= mostFormats) offsetFormats.clear();
  offsetFormats.set(timeZone, made);
  return made;
}

function namedOffsetMs(ms: number, timeZone: string): number {
  try {
    const name =
      offsetFormat(timeZone)
        .formatToParts(ms)
        .find((part) => part.type === 'timeZoneName')?.value ?? '';
    const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name);
    const minutes = Number(match?.[2] ?? 0) * 60 + Number(match?.[3] ?? 0);
    return (match?.[1] === '-' ? -minutes : minutes) * 60_000;
  } catch {
    throw new CelError(`unknown time zone ${timeZone}`);
  }
}
