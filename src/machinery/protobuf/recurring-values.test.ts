import { expect, test } from 'vitest';
import { partKinds, RecurringValues } from './recurring-values.ts';

const field = Buffer.from('field');
const noParts = new Int32Array();
const padded = (text: string) => Buffer.from(`{"${text.padEnd(100, '.')}"}`);

function looksFor(values: RecurringValues, text: Buffer): boolean | undefined {
  if (!values.isDue) return undefined;
  const known = values.find(text, 0, text.length);
  if (!known && values.isKept(text.length)) values.keep({ json: text, field, parts: noParts });
  return known !== undefined;
}

test('a value that differs in its parts alone is a known one, if these can stand where they stood', () => {
  const values = new RecurringValues();
  const parts = Int32Array.of(9, 6, 2, partKinds.text, 25, 20, 9, partKinds.time);
  const of = (name: string, time: string) => Buffer.from(`{"name":"${name}","time":"${time}","rest":"same"}`);
  const json = of('first.', '2026-01-01T00:00:00Z');
  expect(json.toString().slice(9, 15)).toBe('first.');
  values.keep({ json, field, parts });
  const isKnown = (text: Buffer) => values.find(text, 0, text.length) !== undefined;
  expect(isKnown(of('second', '2099-12-31T23:59:59Z'))).toBe(true);
  expect(isKnown(of('ünft.', '2026-01-01T00:00:00Z'))).toBe(true);
  expect(isKnown(of('longer.', '2026-01-01T00:00:00Z'))).toBe(false);
  expect(isKnown(of('short', '2026-01-01T00:00:00Z'))).toBe(false);
  expect(isKnown(of('es\\\\es', '2026-01-01T00:00:00Z'))).toBe(false);
  expect(isKnown(of('a","b"', '2026-01-01T00:00:00Z'))).toBe(false);
  expect(isKnown(of('second', '1969-12-31T23:59:59Z'))).toBe(false);
  expect(isKnown(Buffer.from(of('second', '2026-01-01T00:00:00Z').toString().replace('same', 'else')))).toBe(
    false,
  );
});

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
