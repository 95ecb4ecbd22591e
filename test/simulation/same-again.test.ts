import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runSeed } from './run-seed.ts';

const root = join(import.meta.dirname, '..', '..');

test('a seed gives the same writes, byte for byte, in this process and in another', async () => {
  const { hash } = await runSeed({ seed: 5 });
  expect((await runSeed({ seed: 5 })).hash).toBe(hash);
  const args = ['scripts/simulate.mjs', '--seed', '5', '--show'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect(stdout + stderr).toContain(hash);
}, 600_000);
