import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goPattern } from '../go-pattern.ts';
import { Finder } from './find.ts';

const units = ['a', 'b', 'c', 'A', ' ', '\n', '1', 'ä', '😀'];
const texts = fc.string({ unit: fc.constantFrom(...units), maxLength: 14 });

describe('the match is the one that trying each way in turn finds first:', () => {
  test.each([
    'a|ab',
    'ab|a',
    '(a|ab)(c|bcd|b)*',
    'a*?b',
    'a{1,2}?b?',
    '(a*)(b|ab)*',
    '[ab]+[^ab]',
    '.*c|.b',
    '(?:a|b)*?c$',
    '\\bab?\\b',
    '\\Bb',
    '^b|b$',
    '😀+.|ä',
    '',
  ])('%s', (pattern) => {
    const trying = new RegExp(pattern, 'gu');
    const agree = (text: string, from: number) => {
      trying.lastIndex = Math.min(from, text.length);
      if ((text.codePointAt(trying.lastIndex - 1) ?? 0) > 0xffff) trying.lastIndex--;
      const finder = new Finder(goPattern(pattern), text);
      finder.begin(trying.lastIndex);
      const wanted = trying.exec(text);
      const found = wanted && { start: wanted.index, end: wanted.index + wanted[0].length };
      expect(finder.finish()).toEqual(found ?? undefined);
    };
    fc.assert(fc.property(texts, fc.nat(5), agree));
  });
});
