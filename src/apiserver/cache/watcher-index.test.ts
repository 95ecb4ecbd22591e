import { describe, expect, test } from 'vitest';
import { CachedItem } from './cached-item.ts';
import { encodeStored } from './encoding.ts';
import { WatcherIndex } from './watcher-index.ts';

const codec = {
  selectableFields: (o: { spec?: { node?: string } }) => ({ node: o.spec?.node ?? '' }),
  encodeProtobuf: () => new Uint8Array(),
  freeze: true,
};

const item = (key: string, node: string) =>
  new CachedItem(key, 2, encodeStored({ metadata: { name: 'x' }, spec: { node } } as never), codec as never);

const watcher = (name: string, prefix: string, node?: string) => ({
  name,
  scope: { prefix, ...(node && { required: { field: 'node', value: node } }) },
});

describe('the index of watchers', () => {
  const index = new WatcherIndex<ReturnType<typeof watcher>>('/p/');
  const one = watcher('object', '/p/a/x');
  for (const w of [
    watcher('all', '/p/'),
    watcher('ns', '/p/a/'),
    watcher('n1', '/p/', 'n1'),
    watcher('n2', '/p/', 'n2'),
    one,
  ]) {
    index.add(w);
  }
  const asked = (event: { item?: CachedItem; previous?: CachedItem }) => {
    const names: string[] = [];
    index.each({ revision: 2, item: undefined, previous: undefined, ...event }, (w) => names.push(w.name));
    return names.sort();
  };

  test('asks those whose namespace, object or field value it is', () => {
    expect(asked({ item: item('/p/a/x', 'n1') })).toEqual(['all', 'n1', 'ns', 'object']);
    expect(asked({ item: item('/p/b/x', '') })).toEqual(['all']);
    expect(asked({ previous: item('/p/b/x', 'n2') })).toEqual(['all', 'n2']);
  });

  test('asks both sides of a change, each once', () => {
    expect(asked({ item: item('/p/b/x', 'n1'), previous: item('/p/b/x', 'n2') })).toEqual([
      'all',
      'n1',
      'n2',
    ]);
    expect(asked({ item: item('/p/b/x', 'n1'), previous: item('/p/b/x', 'n1') })).toEqual(['all', 'n1']);
  });

  test('forgets who has left', () => {
    index.delete(one);
    expect(asked({ item: item('/p/a/x', '') })).toEqual(['all', 'ns']);
    expect([...index].map((w) => w.name)).not.toContain('object');
  });
});
