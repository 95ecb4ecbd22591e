import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { type RunningProcess, systemProcesses } from '../platform/processes.ts';
import { bundleProgram } from '../platform/testing-program.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import type { Store } from './store.ts';
import { put, text, until } from './test-support.ts';

/** Below node_modules, so that the bundle finds lmdb. */
const bundleDir = join(import.meta.dirname, '../../node_modules/.cache', `store-child-${process.pid}`);
const bundle = join(bundleDir, 'child.mjs');

beforeAll(async () => {
  await bundleProgram(join(import.meta.dirname, 'test-support-child.ts'), bundle, { external: ['lmdb'] });
});
afterAll(() => rm(bundleDir, { recursive: true }));

let path: string;
let children: Child[] = [];
const stores: Store[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'k8ts-store-'));
});
afterEach(async () => {
  for (const child of children) await child.kill();
  for (const store of stores) await store.close();
  children = [];
  await rm(path, { recursive: true });
});

interface Child {
  process: RunningProcess;
  /** Whole lines that it has said. */
  lines(): string[];
  kill(): Promise<void>;
}

async function start(command: string, args: string[]): Promise<Child> {
  let output = '';
  const running = await systemProcesses.start(command, args, {
    onOutput: (chunk, from) => {
      if (from === 'stdout') output += chunk.toString();
    },
  });
  const kill = async () => {
    running.kill('SIGKILL');
    await running.ended;
  };
  const child = { process: running, lines: () => output.split('\n').slice(0, -1), kill };
  children.push(child);
  return child;
}

async function open(): Promise<Store> {
  const store = await openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
  stores.push(store);
  return store;
}

test('a killed writer loses nothing that was acknowledged, and no revision comes twice', async () => {
  const acknowledged = new Map<number, { key: string; value: string }>();
  for (let run = 0; run < 5; run++) {
    const highest = Math.max(0, ...acknowledged.keys());
    const child = await start(execPath, [bundle, 'write', path]);
    await until(() => child.lines().length > 100 + run * 37);
    await child.kill();
    for (const line of child.lines().slice(1)) {
      const [revision, key, value] = line.split(' ') as [string, string, string];
      expect(Number(revision)).toBeGreaterThan(highest);
      expect(acknowledged.has(Number(revision))).toBe(false);
      acknowledged.set(Number(revision), { key, value });
    }
  }
  const store = await open();
  expect((await store.status()).revision).toBeGreaterThanOrEqual(Math.max(...acknowledged.keys()));
  for (const [revision, { key, value }] of acknowledged) {
    const entry = await store.get(key, { atRevision: revision });
    expect([entry?.revision, text(entry)]).toEqual([revision, value]);
  }
  expect(acknowledged.size).toBeGreaterThan(500);
});

test('a second process is refused, and a killed one leaves no lock', async () => {
  const child = await start(execPath, [bundle, 'hold', path]);
  await until(() => child.lines().includes('open'));
  const second = open();
  await expect(second).rejects.toMatchObject({ code: 'Unusable' });
  await expect(second).rejects.toThrow(`${path} cannot be used: process ${child.process.pid} has it open`);
  await child.kill();
  const store = await open();
  await store.commit(put('/a', '1'));
});

test('a second store in the same process is refused', async () => {
  const store = await open();
  await expect(open()).rejects.toThrow('this process has it open already');
  await store.close();
  await open();
});

test.each([
  ['a full disk', '70000', /could not be made durable: the disk of .* is full: 68 KiB are left$/],
  ['a file that cannot grow', '1e9', /could not be made durable: (Input\/output error|File too large)$/],
])('%s fails the write, and harms nothing', async (_what, freeBytes, why) => {
  const limited = `ulimit -S -f 4096; exec "$0" "$@"`;
  const child = await start('bash', ['-c', limited, execPath, bundle, 'fill', path, freeBytes]);
  await child.process.ended;
  const said = JSON.parse(child.lines()[1] as string) as Record<string, unknown>;
  expect(said).toMatchObject({ code: 'FlushFailed', again: 'FlushFailed', readable: said.written });
  expect(said.written).toBeGreaterThan(50);
  expect(said.message).toMatch(why);
  expect(said.told).toEqual([
    'error: the store cannot be written: writes are refused until it can',
    'info: the store can be written again',
  ]);
  const store = await open();
  expect((await store.list('/f/')).entries).toHaveLength(said.written as number);
  await store.commit(put('/f/again', 'x'.repeat(500_000)));
  expect((await store.get('/f/again'))?.value).toHaveLength(500_000);
});
