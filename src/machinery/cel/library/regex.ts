import type { RE2JS } from '@bufbuild/re2';
import { goPattern, hasPattern } from '../../go-pattern.ts';
import { CelError } from '../errors.ts';
import { findMatch } from '../find.ts';
import { effort } from '../rest.ts';
import { type Overload, overload } from '../signature.ts';
import { ArrayList, type CelList, type CelValue } from '../values.ts';
import { work } from '../work.ts';

/** Regular expressions as Go has them: matching takes time linear in the text. */
export function regex(): Overload[] {
  return [
    overload(
      'string::matches(string): bool',
      (text: string, pattern: string) => hasPattern(compiled(pattern), text),
      cost,
    ),
    overload(
      'matches(string, string): bool',
      (text: string, pattern: string) => hasPattern(compiled(pattern), text),
      cost,
    ),
    overload(
      'string::find(string): string',
      (text: string, pattern: string) => all(text, pattern, 1)[0] ?? '',
      cost,
    ),
    overload(
      'string::findAll(string): list<string>',
      (text: string, pattern: string) => found(text, pattern, -1n),
      cost,
    ),
    overload('string::findAll(string, int): list<string>', found, cost),
  ];
}

/** As upstream counts: a tenth of the text times a quarter of the pattern. */
function cost([text, pattern]: readonly CelValue[]): number {
  return (String(text).length + 1) * 0.1 * Math.ceil(String(pattern).length * 0.25);
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

function found(text: string, pattern: string, limit: bigint): CelList {
  return new ArrayList(all(text, pattern, limit < 0n ? Infinity : Number(limit)));
}

/** As Go's FindAll: an empty match next to the end of another does not count. */
function all(text: string, pattern: string, limit: number): string[] {
  const expression = compiled(pattern, 'Illegal regex: ');
  const parts: string[] = [];
  let from = 0;
  let lastEnd = -1;
  while (parts.length < limit && from <= text.length) {
    work(1);
    const match = findMatch(expression, text, from);
    if (!match) break;
    const { start, end } = match;
    if (end > start || start !== lastEnd) parts.push(text.slice(start, end));
    lastEnd = end;
    from = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
  return parts;
}
