import { expect, test } from 'vitest';
import { OpenedEntry } from './opened-entry.ts';
import { TransformError } from './transform-error.ts';

const stored = { key: '/k', revision: 2, createRevision: 1, value: Uint8Array.of(1) };

function entryThat(...outcomes: (Uint8Array | Error)[]) {
  const calls: string[] = [];
  const entry = new OpenedEntry(stored, {
    open() {
      calls.push('open');
      const outcome = outcomes.shift() as Uint8Array | Error;
      if (outcome instanceof Error) throw outcome;
      return { value: outcome, stale: true };
    },
    prepare(_, { again }) {
      calls.push(again ? 'prepare again' : 'prepare');
      return Promise.resolve();
    },
  });
  return { entry, calls };
}

test('a value is decrypted once, when somebody asks for it', async () => {
  const { entry, calls } = entryThat(Uint8Array.of(7));
  expect(calls).toEqual([]);
  await entry.prepare({ again: false });
  expect([entry.value, entry.isStale, entry.value]).toEqual([Uint8Array.of(7), true, Uint8Array.of(7)]);
  expect(entry.prepare({ again: true })).toBeUndefined();
  expect(calls).toEqual(['prepare', 'open']);
});

test('one that cannot be decrypted ahead is said so of when it is asked for, and tried again once it is prepared anew', async () => {
  const { entry, calls } = entryThat(new TransformError('no'), Uint8Array.of(7));
  entry.openAhead();
  expect(() => entry.value).toThrow('no');
  expect(() => entry.isStale).toThrow('no');
  expect(calls).toEqual(['open']);
  await entry.prepare({ again: true });
  expect(entry.value).toEqual(Uint8Array.of(7));
  expect(calls).toEqual(['open', 'prepare again', 'open']);
});

test('what is no error of keys is not kept for later', () => {
  const { entry } = entryThat(new RangeError('broken'));
  expect(() => entry.openAhead()).toThrow('broken');
});
