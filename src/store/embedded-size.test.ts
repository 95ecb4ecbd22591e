import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import type { Store } from './store.ts';

let path: string;
let store: Store;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'k8ts-store-'));
});
afterEach(async () => {
  await store.close();
  await rm(path, { recursive: true });
});

async function open(historyBytes?: number): Promise<void> {
  store = await openEmbeddedStore({ path, clock: systemClock, files: systemFiles, historyBytes });
}

const keys = 200;
const value = Buffer.alloc(2000, 'k8ts');
const write = (i: number) => store.commit({ writes: [{ type: 'put', key: `/k/${i % keys}`, value }] });

async function churn(rounds: number): Promise<number> {
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: keys }, (_, i) => write(i)));
  }
  return (await stat(join(path, 'store.mdb'))).size;
}

test('the file grows to a size and stays there, however much is written', async () => {
  const historyBytes = 1 << 20;
  await open(historyBytes);
  const first = await churn(8);
  const later = await churn(24);
  const kept = keys * value.length + historyBytes;
  expect(later).toBeLessThan(first * 1.5);
  expect(later).toBeLessThan(kept * 6);
});

test('what is forgotten gives its place to what comes: the file is less than five times what lives, after twenty times that', async () => {
  await open();
  const sizes = [100, 700, 1500, 2500, 6000, 12_000];
  const objects = 600;
  const fresh = (i: number, round: number) =>
    store.commit({
      writes: [
        {
          type: 'put',
          key: `/k/${i}`,
          value: Buffer.alloc(sizes[(i + round) % sizes.length] as number, 'k8ts'),
        },
      ],
    });
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: objects }, (_, i) => fresh(i, round)));
    await store.compact((await store.status()).revision);
  }
  const { entries } = await store.list('/');
  const liveBytes = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const multiple = (await stat(join(path, 'store.mdb'))).size / liveBytes;
  console.log(`a file of ${multiple.toFixed(2)} times what lives`);
  expect(multiple).toBeLessThan(5);
});

test('a compaction lets others run after every few steps', async () => {
  await open();
  const commits = 6400;
  for (let i = 0; i < commits; i += 400) {
    await Promise.all(Array.from({ length: 400 }, (_, j) => write(i + j)));
  }
  const work = { under: 'way' };
  let turns = 0;
  const turning = (async () => {
    for (; work.under === 'way'; turns++) await new Promise((resolve) => setImmediate(resolve));
  })();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await store.compact((await store.status()).revision);
  delay.disable();
  work.under = '';
  await turning;
  // How long the loop stood still says as much about the machine as about the store.
  const ms = (nanos: number) => (nanos / 1e6).toFixed(1);
  console.log(
    `event loop while ${commits} changes are compacted: p50 ${ms(delay.percentile(50))}, p99 ${ms(delay.percentile(99))}, most ${ms(delay.max)} ms`,
  );
  expect(turns).toBeGreaterThanOrEqual(commits / 1024);
  expect(await store.history('/k/1')).toHaveLength(1);
});
