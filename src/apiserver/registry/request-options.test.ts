import { expect, test } from 'vitest';
import { managerOf } from './request-options.ts';

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'Mozilla'],
  ['kubectl', 'kubectl'],
  ['', ''],
  [`${'f'.repeat(130)}/Something`, 'f'.repeat(128)],
  ['🍔'.repeat(60), '🍔'.repeat(32)],
  [`${'f'.repeat(126)}🍔f`, 'f'.repeat(126)],
  ['a\tb\u00a0c\u2028d e/1', 'abcd e'],
])('a writer that gives no name is called after its program: %j', (userAgent, name) => {
  expect(managerOf(userAgent)).toBe(name);
});
