import { CelList, type CelValue } from '../values.ts';
import { workOnText } from '../work.ts';

/** What going over the characters of a text costs, each. */
const perCharacter = 0.1;

/** The cost of going over all the arguments. */
export function traversal(args: readonly CelValue[]): number {
  let size = 0;
  for (const arg of args) {
    if (typeof arg === 'string') size += arg.length * perCharacter;
    else if (arg instanceof Uint8Array) size += arg.length * perCharacter;
    else if (arg instanceof CelList) size += arg.size;
  }
  return Math.max(0, Math.ceil(size) - 1);
}

/** Whether each character of a text is one unit of a JavaScript string. */
// oxlint-disable-next-line no-control-regex
const plain = /^[\0-\uD7FF\uE000-\uFFFF]*$/;

/** The code points of a text. */
export function characters(text: string): string | readonly string[] {
  workOnText(text.length);
  return plain.test(text) ? text : Array.from(text);
}
