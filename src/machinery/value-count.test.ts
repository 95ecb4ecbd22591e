import { expect, test } from 'vitest';
import { decodeObject, decodeProtobufObject } from './decode.ts';
import { wrapProtobuf } from './protobuf.ts';
import type { StatusError } from './status-error.ts';
import { checkValueCount, mostValues } from './value-count.ts';
import { parseYaml } from './yaml.ts';

const expected = { group: '', version: 'v1', kind: 'Pod' };
const tooMany = 'Request entity too large: limit is 100000 values';

const refusal = (decode: () => unknown): string => {
  try {
    decode();
    return '';
  } catch (error) {
    return (error as StatusError).message;
  }
};

test('an object that holds more values than may be is refused as soon as it is read, in each format', () => {
  const json = `{"spec":{"containers":[${Array(1_000_000).fill('{}').join()}]}}`;
  const decode = (text: string, format: 'json' | 'yaml') => () =>
    decodeObject(text, { format, expected, fieldValidation: 'Ignore' });
  expect(refusal(decode(json, 'json'))).toBe(tooMany);
  expect(refusal(decode(`x:\n${'- 1\n'.repeat(mostValues)}`, 'yaml'))).toBe(tooMany);
  const emptyContainers = Buffer.from([0x12, 0]);
  const spec = Buffer.concat(Array.from({ length: 250_000 }, () => emptyContainers));
  const field = Buffer.concat([Buffer.from([0x12, 0xa0, 0xc2, 0x1e]), spec]);
  const raw = wrapProtobuf({ apiVersion: 'v1', kind: 'Pod' }, field);
  expect(refusal(() => decodeProtobufObject(raw, expected))).toBe(tooMany);
});

test('aliases make no more of a document than it could hold by itself', () => {
  const many = Array.from({ length: 200 }, (_, i) => i).join();
  const text = `a: &a [${many}]\nb: &b [${Array(50).fill('*a').join()}]\nc: [${Array(50).fill('*b').join()}]`;
  expect(refusal(() => parseYaml(text))).toBe('yaml: document contains excessive aliasing');
});

test.each<[string, unknown, boolean]>([
  ['as many numbers as may be', Array(mostValues - 1).fill(0), true],
  ['one more', Array(mostValues).fill(0), false],
  ['keys', Object.fromEntries(Array.from({ length: mostValues }, (_, i) => [`k${i}`, ''])), false],
  ['lists in lists', Array(1000).fill(Array(100).fill(null)), false],
  ['text', 'x'.repeat(3_000_000), true],
  ['nothing', null, true],
])('%s', (_, value, isTaken) => {
  expect(refusal(() => checkValueCount({ value }, 3_000_000))).toBe(isTaken ? '' : tooMany);
});

test('what is deeper than any stack', () => {
  const deep = JSON.parse(`${'['.repeat(150_000)}${']'.repeat(150_000)}`);
  expect(refusal(() => checkValueCount(deep, 300_000))).toBe('exceeded max depth');
});
