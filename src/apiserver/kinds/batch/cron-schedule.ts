import { isTimeZone } from './time-zone.ts';

interface Bounds {
  min: number;
  max: number;
  names?: Record<string, number>;
}

const names = (list: string, first: number) =>
  Object.fromEntries(list.split(' ').map((name, i): [string, number] => [name, i + first]));

const fields: Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: names('jan feb mar apr may jun jul aug sep oct nov dec', 1) },
  { min: 0, max: 6, names: names('sun mon tue wed thu fri sat', 0) },
];

const descriptors = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
]);

/** What is wrong with a schedule; the texts are those of the parser that upstream uses. Undefined for a good one. */
export function scheduleError(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string';
  const zoned = /^(?:CRON_)?TZ=(\S*)(?:\s+|$)/.exec(schedule);
  if (zoned) {
    const zone = zoned[1] as string;
    if (!isTimeZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`;
    return scheduleError(schedule.slice(zoned[0].length));
  }
  if (schedule.startsWith('@')) return descriptorError(schedule);
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    return `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(' ')}]`;
  }
  for (const [i, bounds] of fields.entries()) {
    const error = fieldError(parts[i] as string, bounds);
    if (error) return error;
  }
  return undefined;
}

const duration =
  /^[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/;

function descriptorError(text: string): string | undefined {
  if (descriptors.has(text)) return undefined;
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  return duration.test(text.slice('@every '.length))
    ? undefined
    : `failed to parse duration ${text}: time: invalid duration`;
}

function fieldError(text: string, bounds: Bounds): string | undefined {
  for (const range of text.split(',').filter(Boolean)) {
    const error = rangeError(range, bounds);
    if (error) return error;
  }
  return undefined;
}

function rangeError(text: string, bounds: Bounds): string | undefined {
  const [range = '', step, ...more] = text.split('/');
  if (more.length > 0) return `too many slashes: ${text}`;
  const ends = endsOf(range, bounds, text);
  if (typeof ends === 'string') return ends;
  const stride = step === undefined ? 1 : numberOf(step, {});
  if (typeof stride === 'string') return stride;
  const last = step !== undefined && !range.includes('-') ? bounds.max : ends.last;
  if (ends.first < bounds.min)
    return `beginning of range (${ends.first}) below minimum (${bounds.min}): ${text}`;
  if (last > bounds.max) return `end of range (${last}) above maximum (${bounds.max}): ${text}`;
  if (ends.first > last) return `beginning of range (${ends.first}) beyond end of range (${last}): ${text}`;
  return stride === 0 ? `step of range should be a positive number: ${text}` : undefined;
}

function endsOf(range: string, bounds: Bounds, text: string): { first: number; last: number } | string {
  if (range === '*' || range === '?') return { first: bounds.min, last: bounds.max };
  const [from = '', to, ...more] = range.split('-');
  if (more.length > 0) return `too many hyphens: ${text}`;
  const first = numberOf(from, bounds.names);
  if (typeof first === 'string') return first;
  const last = to === undefined ? first : numberOf(to, bounds.names);
  return typeof last === 'string' ? last : { first, last };
}

function numberOf(text: string, known: Record<string, number> = {}): number | string {
  const named = known[text.toLowerCase()];
  if (named !== undefined) return named;
  if (/^\d+$/.test(text)) return Number(text);
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`;
  const quoted = JSON.stringify(text);
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${quoted}: invalid syntax`;
}
