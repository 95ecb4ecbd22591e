// A process of its own that uses a store, for tests that kill it or take its disk away: `node FILE MODE PATH [FREE]`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { createLog } from '../platform/log.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import type { Store, StoreError, Write } from './store.ts';
import { put } from './test-support.ts';

const [mode, path] = process.argv.slice(2) as [string, string];
// Where the file size is limited, a write beyond it is an error, not the end.
process.on('SIGXFSZ', () => {});

const say = (line: string) => void writeSync(1, `${line}\n`);

/** Writes for ever, and says each write once it is acknowledged. */
async function write(store: Store): Promise<never> {
  const writer = async (name: number): Promise<never> => {
    for (let i = 0; ; i++) {
      const key = `/w/${name}-${i % 20}`;
      const value = `${process.pid}-${i}-${'x'.repeat((i * 37) % 3000)}`;
      const revision = await store.commit(put(key, value));
      say(`${revision} ${key} ${value}`);
    }
  };
  return Promise.race([1, 2, 3, 4, 5, 6, 7, 8].map(writer));
}

/** What the store has told whoever runs it. */
const told: string[] = [];
const log = createLog({
  clock: systemClock,
  level: 'info',
  write: ({ level, message }) => void told.push(`${level}: ${message}`),
});

/** Writes until that fails; then says how, what can still be read, and what was told once there was room again. */
async function fill(store: Store): Promise<void> {
  let written = 0;
  try {
    for (; ; written++) await store.commit(put(`/f/${written}`, 'x'.repeat(20_000)));
  } catch (error) {
    const { code, message } = error as StoreError;
    const { entries } = await store.list('/f/');
    const again = await store.commit(put('/f/again', 'x'.repeat(500_000))).catch((e: StoreError) => e.code);
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);
    await store.commit(put('/g', 'x'.repeat(500_000)));
    say(JSON.stringify({ code, message, written, readable: entries.length, again, told }));
  }
  await store.close();
}

/** All that a store holds, as far as anybody can read it. */
async function contentOf(store: Store): Promise<string> {
  const { revision, compactedRevision } = await store.status();
  const hash = createHash('sha256');
  for (const atRevision of [compactedRevision, Math.floor((compactedRevision + revision) / 2)]) {
    const { entries } = await store.list('/', { atRevision });
    for (const { key, value, ...rest } of entries)
      hash.update(`${key} ${JSON.stringify(rest)} `).update(value);
  }
  const { entries } = await store.list('/', { onDemand: true });
  for (const { key, value } of entries) {
    hash.update(value);
    for (const past of await store.history(key)) hash.update(JSON.stringify(past));
  }
  return `${revision} ${hash.update(JSON.stringify([...(await store.leases('/')).keys()])).digest('hex')}`;
}

/** Tries stores one after the other, and says of each what it holds and whether it can be written, or why it cannot be used. */
async function survey(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    say(path);
    const open = () => openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
    let store: Store | undefined;
    try {
      store = await open();
      const content = await contentOf(store);
      const writes = Array.from(
        { length: 20 },
        (_, i) => put(`/written/${i}`, 'x'.repeat(i * 500)).writes[0] as Write,
      );
      await store.commit({ writes });
      await store.close();
      store = await open();
      const { entries } = await store.list('/written/');
      say(`${entries.length} ${content}`);
    } catch (error) {
      say(`${(error as StoreError).code} ${(error as Error).message}`);
    }
    await store?.close();
  }
}

if (mode === 'survey') {
  await survey(process.argv.slice(3));
  process.exit(0);
}
/** What is said to be left on the disk; unless given, what is. */
const [, , , , freeBytes] = process.argv;
const files = { ...systemFiles, ...(freeBytes && { freeBytes: async () => Number(freeBytes) }) };
const store = await openEmbeddedStore({ path, clock: systemClock, files, log });
say('open');
if (mode === 'write') await write(store);
else if (mode === 'fill') await fill(store);
else setInterval(() => {}, 1000);
