import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { crashRound } from './round.ts';

const strace = spawnSync('strace', ['-V']).status === 0;
const without = strace ? '' : ' (at random moments only: there is no strace)';
const cycles = Number(process.env.K8TS_CRASH_CYCLES ?? 20);
const seed = Number(process.env.K8TS_CRASH_SEED ?? Math.floor(Math.random() * 1e9));

const dirs: string[] = [];
const newDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-crash-'));
  dirs.push(dir);
  return dir;
};
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

test(`a server killed ${cycles} times loses nothing it acknowledged, and brings nothing back${without} (seed ${seed})`, async () => {
  const { violations, ...figures } = await crashRound({ dir: newDir(), seed, cycles, strace });
  console.log(JSON.stringify({ seed, ...figures }));
  expect(violations).toEqual([]);
  expect(figures.acknowledged).toBeGreaterThan(cycles * 5);
});
