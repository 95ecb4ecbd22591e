import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { onAbort } from './on-abort.ts';

test('all who wait are called, once and in their order, but those who have left', () => {
  const abort = new AbortController();
  const called: string[] = [];
  const call = () => called.push('twice');
  onAbort(abort.signal, () => called.push('first'));
  const leave = onAbort(abort.signal, () => called.push('left'));
  for (const fn of [call, call]) onAbort(abort.signal, fn);
  onAbort(abort.signal, () => leaveLater());
  const leaveLater = onAbort(abort.signal, () => called.push('left at the last moment'));
  leave();
  leave();
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
  abort.abort();
  expect(called).toEqual(['first', 'twice', 'twice']);
});
