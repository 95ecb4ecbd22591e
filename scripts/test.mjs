// `npm test`: sets up what is missing, then types, lint, format, unused code and all tests.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

const steps = [
  ['set-up', process.execPath, ['scripts/setup.mjs', '--for-tests']],
  ['types', bin('tsc'), ['--noEmit']],
  ['lint', bin('oxlint'), ['--deny-warnings', 'src', 'test', 'bench', 'scripts']],
  [
    'promises nobody waits for',
    bin('oxlint'),
    ['--type-aware', '-A', 'all', '-D', 'typescript/no-floating-promises', 'src', 'test'],
  ],
  ['format', bin('biome'), ['format', '.']],
  ['unused code', bin('knip'), []],
  ['tests', bin('vitest'), ['run', ...process.argv.slice(2)]],
];

let failed = false;
for (const [name, command, args] of steps) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) continue;
  console.log(`== ${name} failed`);
  failed = true;
  if (name === 'set-up') break;
}
process.exit(failed ? 1 : 0);
