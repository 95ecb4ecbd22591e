import { expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

test('lines come whole, however they were cut', () => {
  const text = '{"a":"ä€😀"}\n\n{"b":1}\nrest';
  const bytes = Buffer.from(text);
  for (let size = 1; size < bytes.length; size++) {
    const splitter = new LineSplitter(1000);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      lines.push(...splitter.push(bytes.subarray(at, at + size)));
    expect(lines).toEqual(['{"a":"ä€😀"}', '', '{"b":1}']);
  }
});

test('a line without an end is an error in the end', () => {
  const splitter = new LineSplitter(10);
  splitter.push(Buffer.from('12345'));
  expect(() => splitter.push(Buffer.from('678901'))).toThrow('longer than 10 bytes');
});
