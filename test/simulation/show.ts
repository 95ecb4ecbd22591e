import { formatWrite } from '../../src/cluster/simulation/trace.ts';
import { describe, runSeed } from './run-seed.ts';

// `npm run simulate -- --seed N --show`: one life, with every write that is still kept.
const result = await runSeed({ seed: Number(process.argv[2]) });
for (const write of result.lastWrites) console.log(formatWrite(write));
console.log(describe({ ...result, lastWrites: [] }));
console.log(`${result.writes} writes, hash ${result.hash}`);
process.exit(result.violations.length > 0 ? 1 : 0);
