import { CelError } from './errors.ts';
import { Duration } from './values.ts';

const units: Record<string, bigint> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ns: 1n,
};

/** No duration has more characters; longer texts are not looked at. */
const longest = 100;
const pattern = /^([-+]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** Reads a duration such as `1h30m` or `-1.5s`, to the nanosecond. Throws a CelError. */
export function parseSpan(text: string): Duration {
  const whole = text.length > longest ? null : pattern.exec(text);
  if (text.replace(/^[-+]/, '') === '0') return new Duration(0n);
  if (!whole) throw new CelError(`time: invalid duration ${JSON.stringify(text)}`);
  let nanos = 0n;
  for (const [, first = '', rest = '', unit = ''] of (whole[2] as string).matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const size = units[unit] as bigint;
    nanos += BigInt(first || '0') * size + (BigInt(rest || '0') * size) / 10n ** BigInt(rest.length);
  }
  return new Duration(whole[1] === '-' ? -nanos : nanos);
}
