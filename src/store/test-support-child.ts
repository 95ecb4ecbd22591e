// A process of its own that uses a store, for tests that kill it or take its disk away: `node FILE MODE PATH`.
import { writeSync } from 'node:fs';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import type { Store, StoreError } from './store.ts';
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

/** Writes until that fails; then says how, and what can still be read. */
async function fill(store: Store): Promise<void> {
  let written = 0;
  try {
    for (; ; written++) await store.commit(put(`/f/${written}`, 'x'.repeat(20_000)));
  } catch (error) {
    const { code, message } = error as StoreError;
    const { entries } = await store.list('/f/');
    const again = await store.commit(put('/f/again', 'x'.repeat(500_000))).catch((e: StoreError) => e.code);
    say(JSON.stringify({ code, message, written, readable: entries.length, again }));
  }
  await store.close();
}

const store = await openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
say('open');
if (mode === 'write') await write(store);
else if (mode === 'fill') await fill(store);
else setInterval(() => {}, 1000);
