// `npm run crash -- --cycles N [--seed S]`: kills a server under load N times, where `npm test` does so 20 times.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '100' }, seed: { type: 'string' } },
});
if (!/^[1-9]\d*$/.test(values.cycles)) {
  console.error(`--cycles ${values.cycles}: not a number of cycles`);
  process.exit(2);
}
const env = { ...process.env, K8TS_CRASH_CYCLES: values.cycles };
if (values.seed) env.K8TS_CRASH_SEED = values.seed;
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const args = ['run', '--project', 'processes', 'test/crash/kill.test.ts'];
process.exit(spawnSync(vitest, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1);
