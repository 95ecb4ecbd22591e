import { expect, test } from 'vitest';
import { wellFormed } from './well-formed.ts';

const read = (text: string) => wellFormed(JSON.parse(text), text);

test('half a character becomes the replacement character, in values and in keys', () => {
  expect(read('{"a":["\\ud800","x\\uDC00y"],"\\udfff":{"b":"\\ud83d\\ude00"}}')).toEqual({
    a: ['\ufffd', 'x\ufffdy'],
    '\ufffd': { b: '😀' },
  });
});

test('what escapes none is left as it is', () => {
  const text = '{"a":"\\u00e4 \\\\ud800"}';
  expect(read(text)).toEqual({ a: 'ä \\ud800' });
  const plain = { a: 1 };
  expect(wellFormed(plain, '{"a":1}')).toBe(plain);
});
