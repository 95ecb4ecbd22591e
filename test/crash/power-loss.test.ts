import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { seededRandom } from '../../src/platform/random.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Running } from '../e2e/support/commands.ts';
import { afterPowerLoss, type DiskTrace, readTrace, straceOptions } from './disk-trace.ts';
import { bundle, hasStrace, TestDirs } from './support.ts';

/** What a killed process has written is still in the system's memory. Here that is gone too, and only what was synced is sure. */

const lines = 400;
const moments = 60;

let program: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  program = await bundle('test/crash/power-loss-child.ts');
});
afterAll(() => program.remove());
const dirs = new TestDirs();
afterEach(() => dirs.remove());

/** Everything a store did to its file until so many writes were acknowledged. */
async function record(how: 'durable' | 'early'): Promise<DiskTrace> {
  const dir = dirs.make();
  const output = join(dir, 'trace');
  const command = [process.execPath, program.path, how, join(dir, 'store'), String(lines)];
  const running = new Running('strace', [...straceOptions, '-o', output, ...command]);
  expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
  return readTrace(readFileSync(output, 'latin1'), '/store.mdb');
}

interface Acknowledged {
  revision: number;
  key: string;
  /** Its number and the length of its padding; null: deleted. */
  value: string | null;
}

/** What is wrong with a store, by what had been acknowledged. */
async function wrongIn(store: Store, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const { revision: newest, compactedRevision } = await store.status();
  const found: string[] = [];
  for (const { revision, key, value } of acknowledged) {
    if (revision > newest) found.push(`${key} @${revision} is lost: the store is at ${newest}`);
    else if (revision >= compactedRevision) {
      const entry = await store.get(key, { atRevision: revision });
      const [number, padding] = entry ? Buffer.from(entry.value).toString().split(' ') : [];
      const stands = entry ? `${number} ${padding?.length}` : null;
      if (stands !== value) found.push(`${key} @${revision} is not what was acknowledged`);
    }
  }
  const next = await store.commit({ writes: [{ type: 'put', key: '/next', value: Buffer.from('1') }] });
  if (next <= Math.max(...acknowledged.map(({ revision }) => revision)))
    found.push(`revision ${next} comes twice`);
  return found;
}

/** A store that cannot be opened has lost everything. */
async function wrongInImage(image: Buffer, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const path = dirs.make();
  writeFileSync(join(path, 'store.mdb'), image);
  try {
    const store = await openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
    return await wrongIn(store, acknowledged).finally(() => store.close());
  } catch (error) {
    return [(error as Error).message];
  }
}

/**
 * Takes the power away at many moments, each time with other parts of what was not synced on disk; every second time right after
 * something was acknowledged, with none of them: then it is easiest to lose.
 */
async function lossesIn(trace: DiskTrace): Promise<string[]> {
  const random = seededRandom(1);
  const first = trace.said[0]?.at as number;
  const found: string[] = [];
  for (let i = 0; i < moments && found.length === 0; i++) {
    const isWorst = i % 2 === 0;
    const last = isWorst ? (trace.said[random.int(trace.said.length)]?.at as number) : first;
    const at = last + 1 + (isWorst ? 0 : random.int(trace.length - first));
    const share = isWorst ? 0 : ([0, 0.5, 1, random.next()][((i - 1) / 2) % 4] as number);
    const said = trace.said
      .filter((line) => line.at < at)
      .map(({ line }) => JSON.parse(line) as Acknowledged);
    found.push(
      ...(await wrongInImage(
        afterPowerLoss(trace, at, () => random.next() < share),
        said,
      )),
    );
  }
  return found;
}

describe.skipIf(!hasStrace)(
  `a loss of power${hasStrace ? '' : ' (skipped: no strace on this machine)'}`,
  () => {
    test('takes nothing that was acknowledged', async () => {
      const trace = await record('durable');
      expect(trace.writes.length).toBeGreaterThan(100);
      expect(trace.said.length).toBeGreaterThanOrEqual(lines);
      expect(await lossesIn(trace)).toEqual([]);
    });

    test('is found out to take what was acknowledged before it was synced', async () => {
      const losses = await lossesIn(await record('early'));
      expect(losses).not.toEqual([]);
    });

    test('is found out to take what was acknowledged, were nothing synced', async () => {
      const trace = await record('durable');
      const writes = trace.writes.map((write) => ({ ...write, synced: false }));
      const opened = await lossesIn({ ...trace, writes, syncs: [] }).catch((error: Error) => [error.message]);
      expect(opened).not.toEqual([]);
    });
  },
);
