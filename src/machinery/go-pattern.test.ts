import { expect, test } from 'vitest';
import { goPattern } from './go-pattern.ts';

test('patterns are kept, but only so many characters of them', () => {
  const first = goPattern('^a+$');
  expect(goPattern('^a+$')).toBe(first);
  for (let i = 0; i < 3; i++) goPattern(`[${'b'.repeat(90_000)}${i}]`);
  expect(goPattern('^a+$')).not.toBe(first);
  const long = `[${'c'.repeat(300_000)}]`;
  expect(goPattern(long)).not.toBe(goPattern(long));
});
