import { goQuote } from './go-text.ts';

/** Text that is no moment; the message is that of Go's `time.Parse`. */
export class TimeError extends Error {
  override readonly name = 'TimeError';
}

const secondsLayout = '2006-01-02T15:04:05Z07:00';
const microsLayout = '2006-01-02T15:04:05.000000Z07:00';
const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

/** The parts of the layout, to say which one a text fails. */
const steps: [RegExp, string][] = [
  [/^\d{4}/, '2006'],
  [/^-/, '-'],
  [/^\d\d/, '01'],
  [/^-/, '-'],
  [/^\d\d/, '02'],
  [/^T/, 'T'],
  [/^\d\d/, '15'],
  [/^:/, ':'],
  [/^\d\d/, '04'],
  [/^:/, ':'],
  [/^\d\d/, '05'],
  [/^(?:[.,]\d+)?/, ''],
  [/^(Z|[+-]\d\d:\d\d)/, 'Z07:00'],
];

function explain(text: string, layout: string): TimeError {
  let rest = text;
  const head = `parsing time ${goQuote(text)}`;
  for (const [step, name] of steps) {
    if (name === '' && layout === microsLayout && !/^\.\d{6}(?!\d)/.test(rest)) {
      return new TimeError(`${head} as "${layout}": cannot parse ${goQuote(rest)} as ".000000"`);
    }
    const match = step.exec(rest);
    if (!match) return new TimeError(`${head} as "${layout}": cannot parse ${goQuote(rest)} as "${name}"`);
    rest = rest.slice(match[0].length);
  }
  return new TimeError(`${head}: extra text: ${goQuote(rest)}`);
}

const limits: [number, number, number, string][] = [
  [2, 1, 12, 'month'],
  [3, 1, 31, 'day'],
  [4, 0, 23, 'hour'],
  [5, 0, 59, 'minute'],
  [6, 0, 59, 'second'],
];

interface Moment {
  epochMs: number;
  micros: string;
}

function parse(text: string, layout: string): Moment {
  const match = pattern.exec(text);
  const fraction = match?.[7];
  if (!match || (layout === microsLayout && fraction?.length !== 6)) throw explain(text, layout);
  const numbers = match.map(Number) as number[];
  const outOfRange = (what: string) => new TimeError(`parsing time ${goQuote(text)}: ${what} out of range`);
  for (const [index, min, max, name] of limits) {
    const n = numbers[index] as number;
    if (n < min || n > max) throw outOfRange(name);
  }
  const [, year, month, day, hour, minute, second] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) throw outOfRange('day');
  return {
    epochMs: date.getTime() - offsetMs(match[8] as string),
    micros: (fraction ?? '').padEnd(6, '0').slice(0, 6),
  };
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}

/** Go's zero time, which JSON shows as null. */
const zeroMs = -62_135_596_800_000;

const seconds = (epochMs: number) => new Date(epochMs).toISOString().slice(0, 19);

/**
 * Brings a `metav1.Time` into its one form, UTC with whole seconds; undefined for Go's zero time.
 * Throws TimeError.
 */
export function normalizeTime(text: string): string | undefined {
  if (/^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/.test(text)) return text;
  const { epochMs } = parse(text, secondsLayout);
  return epochMs === zeroMs ? undefined : `${seconds(epochMs)}Z`;
}

/** The same for a `metav1.MicroTime`, which has six digits of a second. */
export function normalizeMicroTime(text: string): string | undefined {
  const { epochMs, micros } = parse(text, microsLayout);
  return epochMs === zeroMs && micros === '000000' ? undefined : `${seconds(epochMs)}.${micros}Z`;
}

/** The milliseconds since 1970 of a Time or MicroTime. Throws TimeError. */
export function parseTime(text: string): number {
  const { epochMs, micros } = parse(text, secondsLayout);
  return epochMs + Number(micros.slice(0, 3));
}
