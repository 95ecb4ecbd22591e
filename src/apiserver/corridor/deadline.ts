import { badRequest } from '../../machinery/status-error.ts';

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A span of time as Go writes it, such as `1m30s`, in milliseconds; undefined where it is none. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text.slice(0, 64));
  if (text === '0') return 0;
  if (!match) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sum += Number(amount) * (unitMs[unit as string] as number);
  }
  return match[1] === '-' ? -sum : sum;
}

/** How long a request may take: what its `timeout` asks for, up to the most there is. Throws for what is no time. */
export function deadlineMs(query: URLSearchParams, maximumMs: number): number {
  const asked = query.get('timeout');
  if (!asked) return maximumMs;
  const ms = parseDurationMs(asked);
  if (ms === undefined) {
    throw badRequest(
      `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(asked)}`,
    );
  }
  return ms > 0 && ms < maximumMs ? ms : maximumMs;
}
