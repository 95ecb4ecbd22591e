import { expect, test } from 'vitest';
import { StoreError } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import { Keyspace } from './keyspace.ts';
import { Reader } from './reader.ts';

/** An etcd that has forgotten what came before a revision, and answers when it is told to. */
function forgetful(before: number) {
  const asked: (() => void)[] = [];
  const call = (_method: unknown, { revision }: { revision?: bigint }) =>
    new Promise((resolve, reject) => {
      const isGone = Number(revision) < before;
      asked.push(() =>
        isGone ? reject(new StoreError('Compacted', 'gone')) : resolve({ kvs: [], count: 0n, more: false }),
      );
    });
  const reader = new Reader({ endpoints: { call } as unknown as Endpoints, keyspace: new Keyspace('') });
  const answerAll = async () => {
    for (let i = 0; i < 50; i++) {
      for (const answer of asked.splice(0)) answer();
      await Promise.resolve();
    }
  };
  return { reader, answerAll };
}

test('a compaction that is noted while the oldest revision is looked for does not hide it', async () => {
  const { reader, answerAll } = forgetful(41);
  reader.compacted(39);
  const found = reader.compactedRevision(42);
  await Promise.resolve();
  reader.compacted(41);
  await answerAll();
  expect(await found).toBe(41);
});
