// What the embedded store does on this machine: `npm run bench:store`. Under 20 seconds.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../src/platform/clock.ts';
import { systemFiles } from '../src/platform/files.ts';
import { openEmbeddedStore } from '../src/store/embedded-store.ts';
import type { Store } from '../src/store/store.ts';

const roundMs = 1500;
const value = Buffer.alloc(1024, 'k8ts');

/** Durable puts a second, each writer waiting for its own before the next. */
async function puts(
  store: Store,
  writers: number,
  key: (writer: number, i: number) => string,
): Promise<number> {
  const start = performance.now();
  let done = 0;
  const write = async (writer: number) => {
    for (let i = 0; performance.now() - start < roundMs; i++) {
      await store.commit({ writes: [{ type: 'put', key: key(writer, i), value }] });
      done++;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return done / ((performance.now() - start) / 1000);
}

async function timeMs(work: () => Promise<unknown>): Promise<string> {
  const start = performance.now();
  await work();
  return `${(performance.now() - start).toFixed(1)} ms`;
}

const path = mkdtempSync(join(process.cwd(), '.bench-store-'));
const options = { path, clock: systemClock, files: systemFiles };
const say = (what: string, figure: string) => console.log(`${what.padEnd(52)} ${figure}`);
try {
  let store = await openEmbeddedStore(options);
  for (const writers of [1, 32, 256]) {
    const rate = await puts(store, writers, (writer, i) => `/registry/pods/default/pod-${writer}-${i}`);
    say(`durable new 1 KB keys a second, ${writers} in flight`, rate.toFixed(0));
  }
  const handle = await store.watch('/registry/', (await store.status()).revision, {
    onBatch() {},
    onEnd() {},
  });
  for (const writers of [1, 32, 256]) {
    const rate = await puts(store, writers, (writer, i) => `/registry/leases/node-${writer}-${i % 10}`);
    say(`durable 1 KB updates a second, watched, ${writers} in flight`, rate.toFixed(0));
  }
  handle.stop();
  const { keys, sizeBytes, revision } = await store.status();
  say('keys, MB in the file', `${keys}, ${(sizeBytes / 1e6).toFixed(0)}`);
  say('list of 5,000', await timeMs(() => store.list('/registry/pods/', { limit: 5000 })));
  say(
    'list of 5,000, a hundred revisions back',
    await timeMs(() => store.list('/registry/pods/', { limit: 5000, atRevision: revision - 100 })),
  );
  say(
    '10,000 reads of a key',
    await timeMs(async () => {
      for (let i = 0; i < 10_000; i++) await store.get('/registry/pods/default/pod-0-1');
    }),
  );
  await store.close();
  say(
    'opening it again',
    await timeMs(async () => {
      store = await openEmbeddedStore(options);
    }),
  );
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const half = Math.floor((await store.status()).revision / 2);
  say('compacting half of it', await timeMs(() => store.compact(half)));
  clearInterval(beat);
  say('longest stop of the event loop meanwhile', `${longest.toFixed(1)} ms`);
  say('memory', `${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  await store.close();
} finally {
  rmSync(path, { recursive: true });
}
