import { expect, test } from 'vitest';
import { RecurringValues } from './recurring-values.ts';

const field = Buffer.from('field');
const padded = (text: string) => Buffer.from(`{"${text.padEnd(100, '.')}"}`);

function looksFor(values: RecurringValues, text: Buffer): boolean | undefined {
  if (!values.isDue) return undefined;
  const known = values.find(text, 0, text.length);
  if (!known && values.isKept(text.length)) values.keep(text, field);
  return known !== undefined;
}

test('values that come in turns are found from the second turn on', () => {
  const values = new RecurringValues();
  const turn = ['a', 'b', 'c', 'd'].map(padded);
  expect(turn.map((text) => looksFor(values, text))).toEqual([false, false, false, false]);
  expect(turn.map((text) => looksFor(values, text))).toEqual([true, true, true, true]);
});

test('a value that only begins alike, or ends too early, is another one', () => {
  const values = new RecurringValues();
  looksFor(values, padded('a'));
  const other = padded('a');
  other[90] = 0x2d;
  expect(looksFor(values, other)).toBe(false);
  expect(looksFor(values, padded('a').subarray(0, -1))).toBe(false);
  expect(looksFor(values, Buffer.concat([padded('a'), Buffer.from(',"b":1')]))).toBe(true);
});

test('where no two values are alike, ever fewer are looked for; those that recur later are still found', () => {
  const values = new RecurringValues();
  const answers = Array.from({ length: 1000 }, (_, i) => looksFor(values, padded(String(i))));
  expect(answers.filter((answer) => answer !== undefined).length).toBeLessThan(25);
  const later = Array.from({ length: 300 }, () => looksFor(values, padded('later')));
  expect(later.filter((answer) => answer === true).length).toBeGreaterThan(30);
  expect(later.slice(-20)).toEqual(Array.from({ length: 20 }, () => true));
});
