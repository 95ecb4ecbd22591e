import { RE2JS } from '@bufbuild/re2';
import { hasMatch } from './pattern-automaton.ts';

/** Characters of all patterns that are kept together: compiled, each may take some 300 bytes. */
const mostKept = 200_000;

/** Longer patterns are refused: those of some ten thousand characters take seconds to compile, and those of a hundred thousand a minute. */
const mostCharacters = 10_000;

const kept = new Map<string, RE2JS>();
let keptLength = 0;

/** Longer texts are worth finding out first what a pattern does with each character. */
const longText = 1000;

/** Whether a text has a match of a pattern. */
export const hasPattern = (pattern: RE2JS, text: string): boolean =>
  matchOf(pattern, text) ?? pattern.test(text);

/** The same where that can be told quickly; undefined for a long text and a pattern that has many states. */
export const matchOf = (pattern: RE2JS, text: string): boolean | undefined =>
  text.length > longText ? hasMatch(pattern.re2().prog, text) : pattern.test(text);

/**
 * A regular expression in the syntax of RE2, as Go has it: matching takes time in proportion to the text alone. Those of late are
 * kept, as far as they do not take much memory: anybody may send thousands of long ones. Throws for what is none.
 */
export function goPattern(pattern: string): RE2JS {
  const known = kept.get(pattern);
  if (known) return known;
  if (pattern.length > mostCharacters) throw new Error('error parsing regexp: expression too large');
  const made = RE2JS.compile(pattern);
  keptLength += pattern.length + 1;
  if (keptLength > mostKept) {
    kept.clear();
    keptLength = pattern.length + 1;
  }
  kept.set(pattern, made);
  return made;
}
