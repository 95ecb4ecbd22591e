import { afterEach, expect, test } from 'vitest';
import { crashRound } from './round.ts';
import { hasStrace, TestDirs } from './support.ts';

const without = hasStrace ? '' : ' (at random moments only: there is no strace)';
const cycles = Number(process.env.K8TS_CRASH_CYCLES ?? 20);
const seed = Number(process.env.K8TS_CRASH_SEED ?? Math.floor(Math.random() * 1e9));
/** Kills on the same data; then a new directory. */
const cyclesPerRound = 50;

const dirs = new TestDirs();
afterEach(() => dirs.remove());

test(
  `a server killed ${cycles} times loses nothing it acknowledged, and brings nothing back${without} (seed ${seed})`,
  async () => {
    const total: Record<string, number> = {};
    const add = (figures: Record<string, number>) => {
      for (const [name, n] of Object.entries(figures)) total[name] = (total[name] ?? 0) + n;
    };
    for (let done = 0, round = 0; done < cycles; done += cyclesPerRound, round++) {
      const now = Math.min(cyclesPerRound, cycles - done);
      const { violations, kills, ...figures } = await crashRound({
        dir: dirs.make(),
        seed: seed + round,
        cycles: now,
        strace: hasStrace,
      });
      add({ ...figures, ...kills });
      dirs.remove();
      console.log(
        `seed ${seed}, killed ${done + now} times: ${Object.entries(total)
          .map(([name, n]) => `${name} ${n}`)
          .join(', ')}`,
      );
      expect(violations).toEqual([]);
    }
    expect(total.acknowledged).toBeGreaterThan(cycles * 5);
    // Watchers go on where they stood; none has to begin anew.
    expect(total.resumed).toBeGreaterThan(cycles / 2);
    expect(total.expired).toBe(0);
  },
  120_000 + cycles * 5000,
);
