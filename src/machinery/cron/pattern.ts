import { DurationError, parseDuration } from '../duration.ts';
import { isTimeZone } from './time-zone.ts';

/** Text that is no schedule; the messages are those of the parser that upstream uses (`robfig/cron`). */
export class CronError extends Error {
  override readonly name = 'CronError';
}

/** The times that the five fields of a schedule name, each in ascending order. */
export interface CronFields {
  minutes: readonly number[];
  hours: readonly number[];
  days: readonly number[];
  months: readonly number[];
  weekdays: readonly number[];
  /** Whether a day has to suit both its field of the month and that of the week, since one of them leaves it to the other. */
  needsBoth: boolean;
}

/** What a schedule says: times of day, or seconds from one time to the next. */
export type CronPattern = { zone?: string } & ({ everySeconds: number } | { fields: CronFields });

interface Bounds {
  min: number;
  max: number;
  names?: Record<string, number>;
}

const names = (list: string, first: number) =>
  Object.fromEntries(list.split(' ').map((name, i): [string, number] => [name, i + first]));

const bounds = {
  minutes: { min: 0, max: 59 },
  hours: { min: 0, max: 23 },
  days: { min: 1, max: 31 },
  months: { min: 1, max: 12, names: names('jan feb mar apr may jun jul aug sep oct nov dec', 1) },
  weekdays: { min: 0, max: 6, names: names('sun mon tue wed thu fri sat', 0) },
};

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** What is wrong with a schedule; undefined for a good one. */
export function scheduleError(schedule: string): string | undefined {
  try {
    parsePattern(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof CronError) return error.message;
    throw error;
  }
}

/** Reads a schedule. Throws CronError. */
export function parsePattern(text: string): CronPattern {
  if (text === '') throw new CronError('empty spec string');
  const zoned = /^(?:CRON_)?TZ=(\S*)(?:\s+|$)/.exec(text);
  if (zoned) {
    const zone = zoned[1] as string;
    if (!isTimeZone(zone)) throw new CronError(`provided bad location ${zone}: unknown time zone ${zone}`);
    return { zone, ...parsePattern(text.slice(zoned[0].length)) };
  }
  if (text.startsWith('@every ')) return { everySeconds: secondsOf(text) };
  if (!text.startsWith('@')) return { fields: parseFields(text) };
  if (!Object.hasOwn(descriptors, text)) throw new CronError(`unrecognized descriptor: ${text}`);
  return { fields: parseFields(descriptors[text] as string) };
}

/** Whole seconds, at least one. */
function secondsOf(text: string): number {
  try {
    return Math.max(1, Math.floor(parseDuration(text.slice('@every '.length)) / 1e9));
  } catch (error) {
    if (error instanceof DurationError)
      throw new CronError(`failed to parse duration ${text}: time: invalid duration`);
    throw error;
  }
}

function parseFields(text: string): CronFields {
  const parts = text.trim().split(/\s+/);
  const known = Object.values(bounds);
  if (parts.length !== known.length)
    throw new CronError(
      `expected exactly ${known.length} fields, found ${parts.length}: [${parts.join(' ')}]`,
    );
  const fields = known.map((each, i) => parseField(parts[i] as string, each));
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = fields.map((f) => f.values);
  return {
    minutes,
    hours,
    days,
    months,
    weekdays,
    needsBoth: fields[2]?.isOpen || fields[4]?.isOpen || false,
  };
}

function parseField(text: string, limits: Bounds): { values: number[]; isOpen: boolean } {
  const ranges = text.split(',').filter(Boolean);
  const parsed = ranges.map((range) => parseRange(range, limits));
  const values = [...new Set(parsed.flatMap((range) => range.values))].sort((a, b) => a - b);
  return { values, isOpen: parsed.some((range) => range.isOpen) };
}

/** A star leaves days to the other field, but not one with a step: that chooses days. */
function parseRange(text: string, limits: Bounds): { values: number[]; isOpen: boolean } {
  const [range = '', step, ...more] = text.split('/');
  if (more.length > 0) throw new CronError(`too many slashes: ${text}`);
  const { first, last: end } = endsOf(range, limits, text);
  const stride = step === undefined ? 1 : numberOf(step, {});
  // `5/15` means from 5 on.
  const last = step !== undefined && !range.includes('-') ? limits.max : end;
  if (first < limits.min)
    throw new CronError(`beginning of range (${first}) below minimum (${limits.min}): ${text}`);
  if (last > limits.max) throw new CronError(`end of range (${last}) above maximum (${limits.max}): ${text}`);
  if (first > last)
    throw new CronError(`beginning of range (${first}) beyond end of range (${last}): ${text}`);
  if (stride === 0) throw new CronError(`step of range should be a positive number: ${text}`);
  const values: number[] = [];
  for (let value = first; value <= last; value += stride) values.push(value);
  return { values, isOpen: /^[*?]/.test(range) && stride === 1 };
}

function endsOf(range: string, { min, max, names: known }: Bounds, text: string) {
  if (range === '*' || range === '?') return { first: min, last: max };
  const [from = '', to, ...more] = range.split('-');
  if (more.length > 0) throw new CronError(`too many hyphens: ${text}`);
  const first = numberOf(from, known);
  return { first, last: to === undefined ? first : numberOf(to, known) };
}

function numberOf(text: string, known: Record<string, number> = {}): number {
  const name = text.toLowerCase();
  if (Object.hasOwn(known, name)) return known[name] as number;
  if (/^\d+$/.test(text)) return Number(text);
  if (/^-\d+$/.test(text)) throw new CronError(`negative number (${text}) not allowed: ${text}`);
  const quoted = JSON.stringify(text);
  throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing ${quoted}: invalid syntax`);
}
