import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goPattern, hasPattern } from './go-pattern.ts';
import { hasMatch } from './pattern-automaton.ts';

const found = (pattern: string, text: string) => hasMatch(goPattern(pattern).re2().prog, text);

describe('a pattern is found where the library finds it:', () => {
  test.each([
    '^[a-z]+$',
    '(a|aa)+$',
    '^(a?){20}$',
    '\\bab\\b',
    '\\Bb\\B',
    '(?m)^b$',
    '(?s)a.b',
    'a.b',
    '(?i)AB',
    '\\Aa|b\\z',
    'a*',
    '^$',
    '[^a]',
    '(?:ab){2,3}c',
    '\\pL+\\d',
    '😀|ä+',
    '(a|b)*a(a|b){3}$',
  ])('%s', (pattern) => {
    const texts = fc.string({
      unit: fc.constantFrom('a', 'b', 'c', 'A', 'B', ' ', '\n', '1', '_', 'ä', '😀'),
      maxLength: 12,
    });
    const agree = (text: string) => found(pattern, text) === goPattern(pattern).test(text);
    fc.assert(fc.property(texts, agree));
  });
});

test('in long text it is found the same, also where the pattern has too many states', () => {
  const text = Array.from({ length: 5000 }, (_, i) => ((i * i) % 7 < 3 ? 'a' : 'b')).join('');
  expect(hasPattern(goPattern('^[ab]+$'), text)).toBe(true);
  expect(hasPattern(goPattern('^[a]+$'), text)).toBe(false);
  const many = '(a|b)*a(a|b){12}c';
  let state = 1;
  const random = Array.from({ length: 5000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 31 ? 'a' : 'b';
  }).join('');
  expect(found(many, random)).toBeUndefined();
  expect(hasPattern(goPattern(many), random)).toBe(false);
  expect(hasPattern(goPattern(many), `${random}c`)).toBe(goPattern(many).test(`${random}c`));
});
