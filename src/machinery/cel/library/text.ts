import { workOnText } from '../work.ts';

// oxlint-disable-next-line no-control-regex
const plain = /^[\0-\uD7FF\uE000-\uFFFF]*$/;

/** Whether each character of a text is one unit of a JavaScript string. */
export const isPlain = (text: string): boolean => plain.test(text);

/** The code points of a text. */
export function characters(text: string): string | readonly string[] {
  workOnText(text.length);
  return isPlain(text) ? text : Array.from(text);
}
