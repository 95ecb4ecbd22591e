import { expect, test } from 'vitest';
import { goJsonList, goJsonObject } from './go-json.ts';

test.each([
  ['{"a":1}', { value: { a: 1 } }],
  ['null', { value: {} }],
  ['', { error: 'unexpected end of JSON input' }],
  ['[]', { error: 'json: cannot unmarshal array into Go value of type some.Type' }],
  ['"a"', { error: 'json: cannot unmarshal string into Go value of type some.Type' }],
  ['2', { error: 'json: cannot unmarshal number into Go value of type some.Type' }],
  ['false', { error: 'json: cannot unmarshal bool into Go value of type some.Type' }],
])('the object %s', (text, read) => {
  expect(goJsonObject(text, 'some.Type')).toEqual(read);
});

test.each([
  ['null', { value: [] }],
  ['[{"KEY":"a","seconds":3,"other":1},null]', { value: [{ key: 'a', seconds: 3 }, {}] }],
  ['{}', { error: 'json: cannot unmarshal object into Go value of type []some.Type' }],
  ['["a"]', { error: 'json: cannot unmarshal string into Go value of type some.Type' }],
  ['[{"key":1}]', { error: 'json: cannot unmarshal number into Go struct field Type.Key of type string' }],
  [
    '[{"seconds":"a"}]',
    { error: 'json: cannot unmarshal string into Go struct field Type.Seconds of type int64' },
  ],
])('the list %s', (text, read) => {
  expect(goJsonList(text, 'some.Type', { Key: 'string', Seconds: 'int64' })).toEqual(read);
});
