import { expect, test, vi } from 'vitest';
import { deferred } from '../platform/deferred.ts';
import { shareReads } from './shared-read.ts';

function make() {
  const answers: { resolve(value: number): void; reject(reason: unknown): void }[] = [];
  const read = shareReads(() => {
    const answer = deferred<number>();
    answers.push(answer);
    return answer.promise;
  });
  /** The read with this index, once it has begun. */
  const begun = async (index: number) => {
    await vi.waitFor(() => expect(answers.length).toBeGreaterThan(index));
    return answers[index] as (typeof answers)[number];
  };
  return { answers, read, begun };
}

test('who asks while a read is under way shares the one after it', async () => {
  const { answers, read, begun } = make();
  const first = read();
  const others = [read(), read(), read()];
  (await begun(0)).resolve(1);
  expect(await first).toBe(1);
  (await begun(1)).resolve(2);
  expect(await Promise.all(others)).toEqual([2, 2, 2]);
  expect(answers).toHaveLength(2);
  const later = read();
  (await begun(2)).resolve(3);
  expect(await later).toBe(3);
});

test('a read that fails fails for those who share it, and not for the next', async () => {
  const { read, begun } = make();
  const first = read();
  const second = read();
  (await begun(0)).reject(new Error('one'));
  await expect(first).rejects.toThrow('one');
  (await begun(1)).reject(new Error('two'));
  await expect(second).rejects.toThrow('two');
  const third = read();
  (await begun(2)).resolve(3);
  expect(await third).toBe(3);
});
