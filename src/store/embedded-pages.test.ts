import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { systemProcesses } from '../platform/processes.ts';
import { bundleProgram } from '../platform/testing-program.ts';
import { seededRandom } from '../platform/random.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import { put } from './test-support.ts';

/** A page that is not what it was must never end the process, or let it write where something else stands. */

/** Below node_modules, so that the bundle finds lmdb. */
const bundleDir = join(import.meta.dirname, '../../node_modules/.cache', `store-pages-${process.pid}`);
const child = join(bundleDir, 'child.mjs');
let dir: string;
let whole: Buffer;
let content: string;

const pageBytes = 4096;
const kinds = { meta: 8, branch: 1, leaf: 2, overflow: 4 } as const;

beforeAll(async () => {
  await bundleProgram(join(import.meta.dirname, 'test-support-child.ts'), child, { external: ['lmdb'] });
  dir = await mkdtemp(join(tmpdir(), 'k8ts-pages-'));
  await makeStore(join(dir, 'whole'));
  whole = await readFile(join(dir, 'whole', 'store.mdb'));
  await cp(join(dir, 'whole'), join(dir, 'copy'), { recursive: true });
  [content = ''] = await survey([join(dir, 'copy')]);
});
afterAll(async () => {
  await rm(bundleDir, { recursive: true });
  await rm(dir, { recursive: true });
});

/** With every kind of page, a past, leases, deletions, and pages that are free. */
async function makeStore(path: string): Promise<void> {
  const store = await openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
  const sizes = [10, 300, 1500, 3000, 20_000];
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 160; i++) {
      const value = Buffer.alloc(sizes[(i + round) % sizes.length] as number, `${i}-${round} `);
      const leaseSeconds = i % 40 === 0 ? 3600 : undefined;
      const cause = i % 3 === 0 ? { actor: 'somebody', reason: 'because' } : undefined;
      await store.commit({ writes: [{ type: 'put', key: `/kind/${i}`, value, leaseSeconds }], cause });
    }
  }
  for (let i = 0; i < 160; i += 5) await store.commit({ writes: [{ type: 'delete', key: `/kind/${i}` }] });
  await store.compact(200);
  await store.commit(put('/last', 'one'));
  await store.close();
}

/** What a process of its own says of each store. Rejects where it ends in the middle. */
async function survey(paths: readonly string[]): Promise<string[]> {
  let output = '';
  const running = await systemProcesses.start(execPath, [child, 'survey', ...paths], {
    onOutput: (chunk, from) => {
      if (from === 'stdout') output += chunk.toString();
    },
  });
  const ended = await running.ended;
  const lines = output.trim().split('\n');
  if (lines.length !== paths.length * 2)
    throw new Error(`ended with ${JSON.stringify(ended)} at ${lines.at(-1)}`);
  return lines.filter((_, i) => i % 2 === 1);
}

/** Where pages of a kind begin, by what they say of themselves. */
function pagesOf(kind: number): number[] {
  return Array.from({ length: whole.length / pageBytes }, (_, i) => i * pageBytes).filter(
    (at) => whole.readUInt16LE(at + 18) === kind && whole.readBigUInt64LE(at) === BigInt(at / pageBytes),
  );
}

type Damage = (page: Buffer) => void;
const random = seededRandom(7);
const anyByte = () => 1 + random.int(255);
const flipped =
  (from: number, to: number): Damage =>
  (page) => {
    const at = from + random.int(to - from);
    page[at] = (page[at] as number) ^ anyByte();
  };
/** One byte of the page's own description, of where its nodes are, anywhere; a sector of nothing, of anything; another page. */
const damages: Record<string, Damage> = {
  'a number in its header': flipped(0, 24),
  'where its nodes are': flipped(24, 44),
  'a node': (page) =>
    flipped(24 + page.readUInt16LE(22), Math.min(pageBytes, 24 + page.readUInt16LE(22) + 400))(page),
  anything: flipped(0, pageBytes),
  'a part of the first pages': flipped(24, 168),
  'a sector of nothing': (page) => page.fill(0, 0, 512),
  'the last sector of anything': (page) => {
    for (let i = pageBytes - 512; i < pageBytes; i++) page[i] = anyByte();
  },
  'another page': (page) => whole.copy(page, 0, random.int(whole.length / pageBytes) * pageBytes),
};
const tries = 3;

test.each(Object.entries(kinds))(
  'damage to a %s page is an error that says so, or does no harm',
  async (_name, kind) => {
    const pages = pagesOf(kind);
    expect(pages.length).toBeGreaterThan(0);
    const cases: { path: string; what: string; damaged: Buffer }[] = [];
    for (const [what, damage] of Object.entries(damages)) {
      for (let i = 0; i < tries; i++) {
        const at = pages[random.int(pages.length)] as number;
        const damaged = Buffer.from(whole);
        damage(damaged.subarray(at, at + pageBytes));
        const path = join(dir, `${kind}-${cases.length}`);
        await mkdir(path);
        await writeFile(join(path, 'store.mdb'), damaged);
        cases.push({ path, what: `${what} of page ${at / pageBytes}`, damaged });
      }
    }
    const said = await survey(cases.map(({ path }) => path));
    let refused = 0;
    for (const [i, { path, what, damaged }] of cases.entries()) {
      if (said[i] === content) continue;
      refused++;
      expect(`${what}: ${said[i]}`).toMatch(/: Unusable .*(damaged|not a store)/);
      const isRefusedAtOnce = (said[i] as string).includes('cannot be used');
      if (isRefusedAtOnce)
        expect(Buffer.compare(await readFile(join(path, 'store.mdb')), damaged), what).toBe(0);
    }
    console.log(`${refused} of ${cases.length} kinds of damage are refused, the others do no harm`);
    expect(refused).toBeGreaterThan(0);
    for (const { path } of cases) await rm(path, { recursive: true });
  },
  60_000,
);
