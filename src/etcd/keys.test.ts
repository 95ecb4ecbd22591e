import fc from 'fast-check';
import { expect, test } from 'vitest';
import { etcdKey, isWithin, prefixOf, rangeOf, storeKey } from './keys.ts';

const key = fc
  .uint8Array({ maxLength: 6 })
  .map((bytes) => Buffer.from(bytes.map((b) => (b < 128 ? b % 4 : b))));

test('keys come back byte for byte, in the same order', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const [x, y] = [storeKey(a), storeKey(b)];
      expect(Buffer.compare(Buffer.from(etcdKey(x)), a)).toBe(0);
      expect(Math.sign(Buffer.compare(Buffer.from(x), Buffer.from(y)))).toBe(Buffer.compare(a, b));
      expect(x).not.toContain('\0');
    }),
    { numRuns: 2000 },
  );
});

test('a range holds what lies between its ends, and all of it begins with its prefix', () => {
  fc.assert(
    fc.property(key, key, key, (from, end, it) => {
      const range = rangeOf(from, end);
      const unbound = end.length === 1 && end[0] === 0;
      const wanted =
        end.length === 0
          ? Buffer.compare(it, from) === 0
          : Buffer.compare(it, from) >= 0 && (unbound || Buffer.compare(it, end) < 0);
      expect(isWithin(storeKey(it), range)).toBe(wanted);
      if (wanted) expect(storeKey(it).startsWith(prefixOf(range))).toBe(true);
    }),
    { numRuns: 5000 },
  );
});
