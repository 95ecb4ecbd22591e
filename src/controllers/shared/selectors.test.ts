import { expect, test } from 'vitest';
import { compiledOnce } from './selectors.ts';

test('a selector is read once, however many pods are compared with it', () => {
  let reads = 0;
  const selector = {
    get matchLabels() {
      reads++;
      return { app: 'web' };
    },
  };
  const all = Array.from({ length: 100 }, () => compiledOnce(selector));
  expect(new Set(all)).toEqual(new Set([[{ key: 'app', operator: '=', values: ['web'] }]]));
  expect(reads).toBe(1);
  expect(compiledOnce(undefined)).toBeUndefined();
  expect(compiledOnce({})).toEqual([]);
});
