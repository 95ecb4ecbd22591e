// `npm run linearizability -- --minutes N [--seed S]`: makes faults under two servers and etcd for N minutes, where `npm test` does so once.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
if (!/^[1-9]\d*$/.test(values.minutes)) {
  console.error(`--minutes ${values.minutes}: not a number of minutes`);
  process.exit(2);
}
const env = { ...process.env, K8TS_LINEARIZABILITY_MINUTES: values.minutes };
if (values.seed) env.K8TS_CRASH_SEED = values.seed;
const vitest = join(root, 'node_modules', '.bin', 'vitest');
const args = ['run', '--project', 'processes', 'test/linearizability/site.test.ts'];
process.exit(spawnSync(vitest, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1);
