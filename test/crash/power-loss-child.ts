// Writes to a store, and says each write once it is acknowledged: `node FILE HOW DIRECTORY WRITES`.
import { mkdirSync, writeSync } from 'node:fs';
import { open } from 'lmdb';
import { systemClock } from '../../src/platform/clock.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { LogStore } from '../../src/store/core/log-store.ts';
import { LmdbEngine } from '../../src/store/embedded/lmdb-engine.ts';
import { Place } from '../../src/store/embedded/place.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';

const [how, path, most] = process.argv.slice(2) as [string, string, string];
let said = 0;

/** As the project opens it; or so that it acknowledges what the system has, and leaves it to that when the disk gets it. */
function openStore(): Promise<Store> | Store {
  if (how === 'durable') return openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
  mkdirSync(path, { recursive: true });
  const binary = { encoding: 'binary', cache: false } as const;
  const file = `${path}/store.mdb`;
  const root = open<Buffer, string>({
    ...binary,
    path: file,
    noSubdir: true,
    overlappingSync: false,
    noSync: true,
  });
  const engine = new LmdbEngine(root, root.openDB('meta', binary), new Place(file, () => {}));
  return new LogStore({ engine, clock: systemClock, history: { ageMs: 3_600_000, bytes: 2 ** 30 } });
}

const store = await openStore();

/** Writes to standard output at once, also where nobody has read from it for a while. */
function say(line: string): void {
  for (let left = Buffer.from(line); left.length > 0; ) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

async function write(name: number): Promise<never> {
  for (let i = 0; ; i++) {
    const key = `/w/${name}-${i % 10}`;
    const padding = (i * 37) % 3000;
    const put = { type: 'put', key, value: Buffer.from(`${i} ${'x'.repeat(padding)}`) } as const;
    const isDeletion = i % 7 === 6;
    const revision = await store.commit({ writes: [isDeletion ? { type: 'delete', key } : put] });
    const value = isDeletion ? null : `${i} ${padding}`;
    say(`${JSON.stringify({ revision, key, value })}\n`);
    if (++said === Number(most)) process.exit();
    // What is forgotten leaves room that is used again.
    if (revision % 100 === 0) void store.compact(revision - 50);
  }
}

await Promise.race([1, 2, 3, 4, 5, 6, 7, 8].map(write));
