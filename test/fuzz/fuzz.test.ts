import { expect, test } from 'vitest';
import { fuzz, type Report } from './run.ts';

/**
 * How long all runs together last, and where they begin: always at the same place, so that what is tested passes or fails and
 * does not do both. `npm run fuzz` begins elsewhere each time.
 */
const seconds = Number(process.env.K8TS_FUZZ_SECONDS ?? 60);
const seed = Number(process.env.K8TS_FUZZ_SEED ?? 1);

/** Generous: other work shares the machine, and the first requests compile the code. */
const cpuLimitMs = 2000;

const shares = { local: 0.6, http2: 0.2, http1: 0.2 } as const;

function summary({ requests, byCode, slowest }: Report): string {
  const codes = [...byCode].sort(([a], [b]) => a - b).map(([code, count]) => `${code}: ${count}`);
  return `${requests} requests (${codes.join(', ')}); the busiest took ${Math.round(slowest.cpuMs)} ms: ${slowest.request.split('\n')[0]?.slice(0, 200)}`;
}

test.each(['local', 'http2', 'http1'] as const)(
  `whatever is sent is answered and harms nothing (seed ${seed}): %s`,
  async (way) => {
    const until = performance.now() + seconds * 1000 * shares[way];
    const report = await fuzz({ way, seed, cpuLimitMs, done: () => performance.now() > until });
    console.log(`${way}, seed ${seed}: ${summary(report)}`);
    expect(report.found).toBeUndefined();
    expect(report.requests).toBeGreaterThan(20);
  },
  seconds * 1000 + 120_000,
);
