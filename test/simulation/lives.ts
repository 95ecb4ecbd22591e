import { formatWrite } from '../../src/cluster/simulation/trace.ts';
import { describe, runSeed } from './run-seed.ts';

// What scripts/simulate.mjs runs, as a program of its own: lives of clusters, and what is wrong with them.

/** Lives that break a rule, after which no further one is begun. */
const mostFailed = 5;

export interface LivesOptions {
  /** The first seed, the one after the last, and how far from one to the next. */
  from: number;
  to: number;
  step: number;
}

/** Lives one after the other; tells of those that break a rule. Gives how many there were, and how many of them did. */
async function tryLives({ from, to, step }: LivesOptions) {
  let [tried, failed] = [0, 0];
  for (let seed = from; seed < to && failed < mostFailed; seed += step) {
    const result = await runSeed({ seed });
    tried++;
    if (result.violations.length === 0) continue;
    failed++;
    console.log(`${describe(result)}\n`);
  }
  return { tried, failed };
}

/** One life, with every write that is still kept. Gives whether it broke a rule. */
async function show(seed: number): Promise<boolean> {
  const result = await runSeed({ seed });
  for (const write of result.lastWrites) console.log(formatWrite(write));
  console.log(describe({ ...result, lastWrites: [] }));
  console.log(`${result.writes} writes, hash ${result.hash}`);
  return result.violations.length > 0;
}

const [what, value = ''] = process.argv.slice(2);
if (what === 'show') process.exitCode = (await show(Number(value))) ? 1 : 0;
else process.send?.(await tryLives(JSON.parse(value) as LivesOptions));
if (process.connected) process.disconnect();
