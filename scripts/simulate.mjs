// `npm run simulate -- --seeds N [--seed S]`: N random lives of a cluster, from seed S on; `--seed S --show` tells one of them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
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
const [seeds, from] = [Number(values.seeds), Number(values.seed)];
if (!(seeds > 0) || !Number.isInteger(from)) {
  console.error(`--seeds ${values.seeds} --seed ${values.seed}: both are numbers`);
  process.exit(2);
}

const program = join(root, 'node_modules/.cache/simulation', `lives-${process.pid}.mjs`);
mkdirSync(dirname(program), { recursive: true });
const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' };
const entryPoints = [join(root, 'test/simulation/lives.ts')];
await build({ ...options, sourcemap: 'inline', sourcesContent: false, entryPoints, outfile: program });
process.on('exit', () => rmSync(program, { force: true }));

// A life leaves little behind and makes tens of MB: looked through once a life, by the thread that lives it, instead of every few moments.
const collection = ['--single-threaded-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];

/** What a process of its own gives, and how it ended. */
async function inProcess(...args) {
  const child = fork(program, args, { cwd: root, execArgv: ['--enable-source-maps', ...collection] });
  let result;
  child.on('message', (message) => {
    result = message;
  });
  const [status] = await once(child, 'exit');
  return { status: status ?? 1, ...result };
}

if (values.show) process.exit((await inProcess('show', String(from))).status);

const step = Math.min(availableParallelism(), seeds);
const parts = Array.from({ length: step }, (_, part) => ({
  from: from + part,
  to: from + seeds,
  step,
}));
const beginMs = performance.now();
const results = await Promise.all(parts.map((part) => inProcess('try', JSON.stringify(part))));
const sum = (what) => results.reduce((total, result) => total + (result[what] ?? 0), 0);
const seconds = ((performance.now() - beginMs) / 1000).toFixed(1);
const how = `${sum('tried')} lives in ${seconds} s on ${step} processors`;
console.log(`simulation: ${how}, ${sum('failed')} of them break a rule`);
process.exit(results.every(({ status, failed }) => status === 0 && failed === 0) ? 0 : 1);
