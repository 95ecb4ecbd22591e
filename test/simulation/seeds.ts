import { expect } from 'vitest';
import { describe, runSeed } from './run-seed.ts';

/** Lives that are tried, and the time after which no further one is begun. K8TS_SIMULATE_SEEDS and _SEED say otherwise. */
const usual = 100;
const mostMs = 110_000;

const { K8TS_SIMULATE_SEEDS: wanted, K8TS_SIMULATE_SEED: first } = process.env;

/** Every second life from the first one on, or from the one after it: two processes share the work. */
export async function trySeeds(part: 0 | 1): Promise<void> {
  const count = Number(wanted ?? usual);
  const from = Number(first ?? 1);
  const deadlineMs = wanted ? Number.POSITIVE_INFINITY : performance.now() + mostMs;
  const failed: string[] = [];
  let tried = 0;
  for (let seed = from + part; seed < from + count && performance.now() < deadlineMs; seed += 2, tried++) {
    const result = await runSeed({ seed });
    if (result.violations.length > 0) failed.push(describe(result));
    if (failed.length === 5) break;
  }
  console.log(`simulation: ${tried} lives tried, from seed ${from + part} on, every second one`);
  expect(failed.join('\n\n')).toBe('');
  if (count > part) expect(tried).toBeGreaterThan(0);
}
