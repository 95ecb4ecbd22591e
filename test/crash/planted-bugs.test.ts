import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PlantedBug } from './planted-bugs.ts';
import { crashRound } from './round.ts';
import { bundle, hasStrace, TestDirs } from './support.ts';

/** A server that is fine, and others with a bug planted: the test that kills servers must tell them apart. */

let program: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  program = await bundle('test/crash/planted-server.ts');
});
afterAll(() => program.remove());
const dirs = new TestDirs();
afterEach(() => dirs.remove());

async function foundIn(bug: PlantedBug): Promise<string[]> {
  const script = [program.path, bug];
  const { violations } = await crashRound({
    dir: dirs.make(),
    seed: 1,
    cycles: 6,
    strace: hasStrace,
    script,
  });
  return [...new Set(violations.map(({ kind }) => kind))].sort();
}

test('nothing is found in a server without a bug', async () => {
  expect(await foundIn('none')).toEqual([]);
});

test('a store that acknowledges what is not on disk is found', async () => {
  expect(await foundIn('acknowledges early')).toContain('lost');
});

test('a store that forgets deletions is found', async () => {
  expect(await foundIn('forgets deletions')).toContain('resurrected');
});
