import type { RE2JS } from '@bufbuild/re2';
import { goPattern, matchOf } from '../../go-pattern.ts';
import { CelError } from '../errors.ts';
import { Finder } from '../find.ts';
import { effort } from '../rest.ts';
import { type Overload, restingOverload } from '../signature.ts';
import { ArrayList, type CelList } from '../values.ts';
import { searching } from './cost.ts';
import { work } from '../work.ts';

/** Regular expressions as Go has them: matching takes time linear in the text, and can rest. */
export function regex(): Overload[] {
  return [
    restingOverload('string::matches(string): bool', matching, searching),
    restingOverload('matches(string, string): bool', matching, searching),
    restingOverload('string::find(string): string', first, searching),
    restingOverload('string::findAll(string): list<string>', every, searching),
    restingOverload('string::findAll(string, int): list<string>', every, searching),
  ];
}

/** Throws a CelError for what is no pattern. */
export function compiled(pattern: string, head = ''): RE2JS {
  // It may be one that nobody has compiled before.
  effort(20 + pattern.length);
  try {
    return goPattern(pattern);
  } catch (error) {
    throw new CelError(head + (error as Error).message);
  }
}

function matching(text: string, pattern: string): () => boolean {
  const expression = compiled(pattern);
  const known = matchOf(expression, text);
  if (known !== undefined) return () => known;
  const finder = new Finder(expression, text);
  return () => finder.finish() !== undefined;
}

function first(text: string, pattern: string): () => string {
  const finding = all(text, pattern, 1);
  return () => finding()[0] ?? '';
}

function every(text: string, pattern: string, limit = -1n): () => CelList {
  const finding = all(text, pattern, limit < 0n ? Infinity : Number(limit));
  return () => new ArrayList(finding());
}

/** What going again over a character that a match before has been looked for in counts. */
const perCharacterAgain = 0.5;

/** As Go's FindAll: an empty match next to the end of another does not count. */
function all(text: string, pattern: string, limit: number): () => string[] {
  const finder = new Finder(compiled(pattern, 'Illegal regex: '), text);
  const parts: string[] = [];
  let from = 0;
  let lastEnd = -1;
  return () => {
    while (parts.length < limit && from <= text.length) {
      const match = finder.finish();
      if (!match) break;
      const { start, end } = match;
      work(1 + (finder.at - end) * perCharacterAgain);
      if (end > start || start !== lastEnd) parts.push(text.slice(start, end));
      lastEnd = end;
      from = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
      finder.begin(from);
    }
    return parts;
  };
}
