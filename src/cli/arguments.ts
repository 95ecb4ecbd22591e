import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';

/** Reads a whole number within bounds. */
export function wholeNumber(from: number, to: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) {
      throw new InvalidArgumentError(`must be a whole number from ${from} to ${to}.`);
    }
    return value;
  };
}

/** Reads a flag that may be repeated. */
export const repeated = (text: string, all: string[] = []): string[] => [...all, text];

/** Reads a list with commas, which may be repeated. */
export const listed = (text: string, all: string[] = []): string[] => [
  ...all,
  ...text.split(',').filter(Boolean),
];

/** The same with what is empty in it, which is found out later. */
export const listedAll = (text: string, all: string[] = []): string[] => [
  ...all,
  ...(text === '' ? [] : text.split(',')),
];

/** Reads keys with their values, `a=1,b=2`, which may be repeated; a key by itself has an empty one. */
export function keysAndValues(text: string, all: Record<string, string> = {}): Record<string, string> {
  const pairs = text.split(',').map((pair) => {
    const [key = '', ...value] = pair.split('=');
    return [key.trim(), value.join('=').trim()];
  });
  return { ...all, ...Object.fromEntries(pairs.filter(([key]) => key !== '')) };
}

const lastPort = 65_535;

/** Reads a range of ports, as upstream does: `30000-32767`, `30000+2767`, or one port. */
export function portRange(text: string): { first: number; last: number } {
  const [, from, sign, to] = /^(\d{1,5})(?:([-+])(\d{1,5}))?$/.exec(text) ?? [];
  const first = Number(from);
  const last = sign === '+' ? Math.min(first + Number(to), lastPort) : Number(to ?? from);
  if (from === undefined || last > lastPort || first > last || first === 0)
    throw new InvalidArgumentError('must be a range of ports such as 30000-32767.');
  return { first, last };
}

/** Reads the path of a directory. An empty one, such as of a variable that is not set, would be the working directory. */
export function directory(text: string): string {
  if (text === '') throw new InvalidArgumentError('must not be empty.');
  return text;
}

/** The whole path of a file that may have been named. */
export const path = (file: string | undefined): string | undefined => file && resolve(file);

/** Longer ones are mistakes, and reach beyond what can be written down of times. */
const longestMs = 36_525.25 * 86_400_000;
const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a time such as `90s`, `1h30m` or `7d`, as milliseconds. */
export function spanMs(text: string): number {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text))
    throw new InvalidArgumentError('must be a time such as 90s, 30m, 24h or 7d.');
  let sum = 0;
  for (const [, number, unit = ''] of text.matchAll(/([\d.]+)(ms|[smhd])/g))
    sum += Number(number) * (unitMs[unit] as number);
  if (sum > longestMs) throw new InvalidArgumentError('must be no longer than a century.');
  return sum;
}

const unitBytes: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Reads a size such as `512Mi` or `1Gi`, as bytes. */
export function sizeBytes(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([kMGT]|[KMGT]i)?$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('must be a size such as 512Mi or 1Gi.');
  return Math.floor(Number(number) * (unitBytes[unit] as number));
}

/** What nobody is shown. */
const secrets = new Set(['token']);

/** The flags of a command with their values, as text; those that are not given are empty. */
export function flagValues(command: Command): Record<string, string> {
  const values = command.opts<Record<string, unknown>>();
  return Object.fromEntries(
    command.options.map((option) => {
      const value = values[option.attributeName()];
      const name = (option.long ?? option.flags).slice(2);
      return [name, secrets.has(name) && value !== undefined ? 'CLASSIFIED' : shown(value)];
    }),
  );
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key}=${one}`)
    .join(',');
}
