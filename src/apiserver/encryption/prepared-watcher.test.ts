import { expect, test } from 'vitest';
import { deferred } from '../../platform/deferred.ts';
import { StoreError, type StoreEvent } from '../../store/store.ts';
import { OpenedEntry } from './opened-entry.ts';
import { PreparedWatcher } from './prepared-watcher.ts';

/** A watcher that writes down what it is told, of events that wait for what is given. */
function watcherOf(waits: Map<number, Promise<void>>) {
  const told: string[] = [];
  const watcher = new PreparedWatcher(
    {
      onBatch: ({ revision, events }) => told.push(`${revision}: ${events.map(({ type }) => type)}`),
      onProgress: (revision) => told.push(`reached ${revision}`),
      onEnd: ({ code }) => told.push(code),
    },
    (event) => event,
  );
  const entryOf = (revision: number) =>
    new OpenedEntry(
      { key: '/k', revision, createRevision: 1, value: Uint8Array.of(1) },
      { open: () => ({ value: Uint8Array.of(1), stale: false }), prepare: () => waits.get(revision) },
    );
  const put = (revision: number, more: Partial<StoreEvent> = {}) =>
    watcher.onBatch({ revision, events: [{ type: 'put', entry: entryOf(revision), ...more } as StoreEvent] });
  return { told, watcher, put, entryOf };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('what needs nothing is told at once', () => {
  const { told, watcher, put } = watcherOf(new Map());
  put(1);
  watcher.onProgress(1);
  expect(told).toEqual(['1: put', 'reached 1']);
});

test('what waits holds up what follows, and all is told in its order', async () => {
  const [first, second] = [deferred<void>(), deferred<void>()];
  const { told, watcher, put } = watcherOf(
    new Map([
      [2, first.promise],
      [4, second.promise],
    ]),
  );
  put(1);
  put(2);
  put(3);
  watcher.onProgress(3);
  put(4);
  watcher.onEnd(new StoreError('Closed', ''));
  await settled();
  expect(told).toEqual(['1: put']);
  second.resolve();
  await settled();
  expect(told).toEqual(['1: put']);
  first.resolve();
  await settled();
  expect(told).toEqual(['1: put', '2: put', '3: put', 'reached 3', '4: put', 'Closed']);
  put(5);
  expect(told.at(-1)).toBe('5: put');
});

test('what stood there before is read while it can be', async () => {
  const wait = deferred<void>();
  const { watcher, entryOf } = watcherOf(new Map([[2, wait.promise]]));
  let reads = 0;
  const event = {
    type: 'put' as const,
    entry: entryOf(2),
    get previous() {
      reads++;
      return undefined;
    },
  };
  watcher.onBatch({ revision: 2, events: [event] });
  expect(reads).toBe(1);
  wait.resolve();
  await settled();
});

test('nothing is told once the watch is stopped', async () => {
  const wait = deferred<void>();
  const { told, watcher, put } = watcherOf(new Map([[1, wait.promise]]));
  put(1);
  watcher.stop();
  wait.resolve();
  await settled();
  expect(told).toEqual([]);
});
