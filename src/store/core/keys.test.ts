import { assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkKey, compareKeys } from './keys.ts';

describe('compareKeys', () => {
  test('orders as UTF-8 bytes do', () => {
    const key = string({ unit: 'binary' });
    assert(
      property(key, key, (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareKeys(a, b))).toBe(bytes);
      }),
    );
  });

  test('puts what is outside the first plane last, unlike JavaScript', () => {
    const [astral, last] = ['\u{1f600}', '\uffff'];
    expect([last, astral].sort()).toEqual([astral, last]);
    expect([astral, last].sort(compareKeys)).toEqual([last, astral]);
  });
});

describe('checkKey', () => {
  test.each(['/registry/pods/default/x', 'a', 'ü'.repeat(512), '/🙂'])('takes %s', (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });

  test.each(['', '/a\0b', '/\ud800', 'a'.repeat(1025), 'ü'.repeat(513)])('refuses %j', (key) => {
    expect(() => checkKey(key)).toThrow(RangeError);
  });
});
