/** Text that is no duration; the message is Go's. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

const unitNanos: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const part = /([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)/y;

/** The nanoseconds of a duration such as `1h30m` or `-1.5s`. Throws DurationError. */
export function parseDuration(text: string): number {
  const malformed = () => new DurationError(`time: invalid duration ${JSON.stringify(text)}`);
  const body = text.replace(/^[-+]/, '');
  if (body === '0') return 0;
  if (body === '' || text.length > 100) throw malformed();
  let nanos = 0;
  part.lastIndex = 0;
  while (part.lastIndex < body.length) {
    const match = part.exec(body);
    if (!match) throw malformed();
    nanos += Number(match[1]) * (unitNanos[match[2] as string] as number);
  }
  if (nanos >= 2 ** 63) throw malformed();
  return Math.round(text.startsWith('-') ? -nanos : nanos);
}

const trim = (value: number) => String(Number(value.toFixed(9)));

/** A duration as Go prints it: `1h30m0s`, `1.5s`, `100ms`. */
export function formatDuration(nanos: number): string {
  const [sign, rest] = nanos < 0 ? ['-', -nanos] : ['', nanos];
  if (rest === 0) return '0s';
  if (rest < 1e3) return `${sign}${rest}ns`;
  if (rest < 1e6) return `${sign}${trim(rest / 1e3)}µs`;
  if (rest < 1e9) return `${sign}${trim(rest / 1e6)}ms`;
  const hours = Math.floor(rest / 3600e9);
  const minutes = Math.floor((rest % 3600e9) / 60e9);
  const seconds = `${trim((rest % 60e9) / 1e9)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : sign + seconds;
}
