// `npm run fuzz -- --minutes N [--seed S]`: the fuzz test, for longer than `npm test` runs it.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes ${values.minutes}: not a number of minutes`);
  process.exit(2);
}
const env = { ...process.env, K8TS_FUZZ_SECONDS: String(minutes * 60) };
env.K8TS_FUZZ_SEED = values.seed ?? String(Math.floor(Math.random() * 1e9));
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const args = ['run', '--project', 'fuzz', 'test/fuzz/fuzz.test.ts'];
process.exit(spawnSync(vitest, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1);
