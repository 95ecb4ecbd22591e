import { expect, test } from 'vitest';
import { StoreError, type StoreEvent } from '../store.ts';
import { bytes, Recorder } from '../test-support.ts';
import { WatchHub } from './watch-hub.ts';

function commit(revision: number, ...keys: string[]) {
  const events = keys.map((key): StoreEvent => {
    return { type: 'put', entry: { key, value: bytes(''), revision, createRevision: revision } };
  });
  return { revision, events };
}

test('knows which keys are watched', () => {
  const hub = new WatchHub();
  expect(hub.watches('/p/a')).toBe(false);
  const handle = hub.add('/p/', 0, new Recorder());
  const other = hub.add('/p/', 0, new Recorder());
  hub.add('/longer/prefix/', 0, new Recorder());
  expect(['/p/a', '/p/', '/p', '/q/a', '/longer/prefix/a'].map((key) => hub.watches(key))).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
  handle.stop();
  expect(hub.watches('/p/a')).toBe(true);
  other.stop();
  expect(hub.watches('/p/a')).toBe(false);
});

test('all watchers of one prefix share the batch', () => {
  const hub = new WatchHub();
  const watchers = [new Recorder(), new Recorder()];
  for (const watcher of watchers) hub.add('/p/', 0, watcher);
  hub.dispatch(commit(5, '/p/a'));
  expect(watchers[0]?.batches[0]).toBe(watchers[1]?.batches[0]);
});

test('a watcher that joined late is not told what it has seen', () => {
  const hub = new WatchHub();
  const watcher = new Recorder();
  hub.add('/', 5, watcher);
  hub.dispatch(commit(5, '/a'));
  hub.dispatch(commit(6, '/a', '/b'));
  expect(watcher.batches.map((batch) => batch.revision)).toEqual([6]);
});

test('a watcher stopped by another during a delivery gets nothing more', () => {
  const hub = new WatchHub();
  const second = new Recorder();
  hub.add('/', 0, { onBatch: () => handle.stop(), onEnd: () => {} });
  const handle = hub.add('/', 0, second);
  hub.dispatch(commit(2, '/a'));
  expect(second.batches).toEqual([]);
});

test('what a watcher cannot read of the store is an error of the store', () => {
  const hub = new WatchHub();
  const damaged = new StoreError('Unusable', 'The store is damaged');
  const onBatch = () => {
    throw damaged;
  };
  hub.add('/', 0, { onBatch, onEnd: () => {} });
  expect(() => hub.dispatch(commit(2, '/a'))).toThrow(damaged);
});

test('the end comes to all that still watch, once', () => {
  const hub = new WatchHub();
  const watchers = [new Recorder(), new Recorder(), new Recorder()];
  const handles = watchers.map((watcher, i) => hub.add(i < 2 ? '/' : '/q/', 0, watcher));
  handles[0]?.stop();
  const error = new StoreError('Closed', 'The store is closed');
  hub.end(error);
  hub.end(error);
  hub.dispatch(commit(2, '/a'));
  expect(watchers.map((watcher) => watcher.ended)).toEqual([undefined, error, error]);
  expect(watchers.flatMap((watcher) => watcher.batches)).toEqual([]);
});
