import { expect, test } from 'vitest';
import { deadlineMs } from './deadline.ts';
import { formatWarnings } from './exchange.ts';

test('a request may ask for less time, not for more', () => {
  const ms = (text: string) => deadlineMs(new URLSearchParams({ timeout: text }), 60_000);
  expect(ms('5s')).toBe(5000);
  expect(ms('5h')).toBe(60_000);
  expect(ms('0s')).toBe(60_000);
  expect(() => ms('soon')).toThrow('invalid timeout specified in the request URL');
});

test('warnings are one line each, escaped, and bounded', () => {
  expect(formatWarnings(['a "b"\\', 'c\r\nX: y'])).toEqual(['299 - "a \\"b\\"\\\\"', '299 - "c X: y"']);
  const many = formatWarnings(Array.from({ length: 100 }, (_, i) => `${i}${'x'.repeat(500)}`));
  expect(many.join('').length).toBeLessThan(6000);
  expect(many.length).toBeGreaterThan(10);
});
