import { expect, test } from 'vitest';
import { goPattern } from './go-pattern.ts';

test('patterns are kept, but only so many characters of them', () => {
  const first = goPattern('^a+$');
  expect(goPattern('^a+$')).toBe(first);
  for (let i = 0; i < 30; i++) goPattern(`[${'b'.repeat(9000)}${i}]`);
  expect(goPattern('^a+$')).not.toBe(first);
});

test('a pattern that would take a minute to compile is refused at once', () => {
  expect(() => goPattern('a'.repeat(100_000))).toThrow('error parsing regexp: expression too large');
});
