// `npm run simulate -- --seeds N [--seed S]`: N random lives of a cluster, from seed S on; `--seed S --show` tells one of them.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    show: { type: 'boolean', default: false },
  },
});
const [seeds, seed] = [Number(values.seeds), Number(values.seed)];
if (!(seeds > 0) || !Number.isInteger(seed)) {
  console.error(`--seeds ${values.seeds} --seed ${values.seed}: both are whole numbers`);
  process.exit(2);
}

const run = (command, args, env = {}) =>
  spawnSync(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' }).status ?? 1;

if (values.show) {
  const outfile = join(root, 'node_modules/.cache/simulation', `show-${process.pid}.mjs`);
  mkdirSync(dirname(outfile), { recursive: true });
  const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' };
  await build({ ...options, entryPoints: [join(root, 'test/simulation/show.ts')], outfile });
  process.exit(run(process.execPath, [outfile, String(seed)]));
}
const args = ['run', '--project', 'simulation', 'test/simulation/seeds'];
const env = { K8TS_SIMULATE_SEEDS: String(seeds), K8TS_SIMULATE_SEED: String(seed) };
process.exit(run(join(root, 'node_modules', '.bin', 'vitest'), args, env));
