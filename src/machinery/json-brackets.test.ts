import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { closingBracket } from './json-brackets.ts';

test('finds where an object or list ends, whatever its strings hold', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, after) => {
      const text = JSON.stringify([value]);
      expect(closingBracket(`${text}${after}`, 0)).toBe(text.length - 1);
      const inner = JSON.stringify({ k: [value] });
      expect(closingBracket(inner, inner.indexOf('['))).toBe(inner.length - 2);
    }),
  );
});

test('gives the end of a text that breaks off', () => {
  for (const text of ['[', '{"a":"', '["\\\\', '{"a":[1}']) expect(closingBracket(text, 0)).toBe(text.length);
});
