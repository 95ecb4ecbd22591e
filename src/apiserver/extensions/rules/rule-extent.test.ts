import { describe, expect, test } from 'vitest';
import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { maxCostOf } from '../../../machinery/cel/max-cost.ts';
import type { CelType } from '../../../machinery/cel/types.ts';
import { measureOf } from './rule-extent.ts';
import { ruleTypeOf } from './rule-type.ts';

/** What a rule costs at most on values of a schema. */
function cost(schema: JSONSchemaProps, rule: string): number {
  const type = ruleTypeOf(schema, 'selfType', false) as CelType;
  const { extent } = measureOf(schema, false) as NonNullable<ReturnType<typeof measureOf>>;
  const extents = new Map([
    ['self', extent],
    ['oldSelf', extent],
  ]);
  return maxCostOf(rule, { variables: { self: type, oldSelf: type }, extents, made: extent });
}

/** A schema of that type, or of texts of that format; the limit, if any, is on what is outermost. */
function scalar(type: string): JSONSchemaProps {
  if (type === 'int-or-string') return { 'x-kubernetes-int-or-string': true };
  return ['duration', 'date', 'date-time'].includes(type) ? { type: 'string', format: type } : { type };
}
const text = (maxLength?: number): JSONSchemaProps => ({
  type: 'string',
  ...(maxLength !== undefined && { maxLength }),
});
const list = (items: JSONSchemaProps, maxItems?: number): JSONSchemaProps => ({
  type: 'array',
  items,
  ...(maxItems !== undefined && { maxItems }),
});
const map = (values: JSONSchemaProps, maxProperties?: number): JSONSchemaProps => ({
  type: 'object',
  additionalProperties: values,
  ...(maxProperties !== undefined && { maxProperties }),
});
const listOf = (type: string) => (max?: number) => list(scalar(type), max);
const mapOf = (type: string) => (max?: number) => map(scalar(type), max);
const everyone = 'self.all(x, true)';

describe('what a rule costs at most, without and with a limit on what it goes over', () => {
  test.each<[string, string, (max?: number) => JSONSchemaProps, number, number, number]>([
    ['numbers', everyone, listOf('number'), 4718591, 10, 32],
    ['texts', everyone, listOf('string'), 3145727, 20, 62],
    ['truth values', everyone, listOf('boolean'), 1887437, 5, 17],
    ['lists of lists', everyone, (max) => list(list(scalar('number')), max), 3145727, 100, 302],
    ['a map of numbers', everyone, mapOf('number'), 1348169, 10, 32],
    ['a map of texts', everyone, mapOf('string'), 1179647, 3, 11],
    ['a map of truth values', everyone, mapOf('boolean'), 943718, 100, 302],
    ['a text that contains', "self.contains('test')", text, 314574, 10, 5],
    ['a text that starts', "self.startsWith('test')", text, 2, 15, 2],
    ['texts put together', 'size(self + "hello") > size("hello")', text, 314578, 4, 7],
    ['an element', 'self[1] == 0.0', listOf('number'), 2, 5000, 2],
    ['elements that are texts', 'self[1] == self[1]', listOf('string'), 314577, 8, 314577],
    ['a pattern', 'self.matches("x")', text, 314574, 50, 22],
    ['a pattern on nothing', '"".matches("(((((((((())))))))))[0-9]")', text, 7, 10, 7],
    ['an empty pattern', 'self.matches("")', text, 1, 100, 1],
    ['keys', 'self.all(x, x.contains(self[x]))', (max) => map(text(max), max), 2752507, 10, 72],
    ['an element of a map', 'self["x"] == 0.0', mapOf('number'), 2, 0, 2],
    ['a text that is another', 'self == "x"', text, 2, 0, 1],
    ['bytes', 'self == b"x"', (max) => ({ ...text(max), format: 'byte' }), 2, 0, 1],
    ['a limit beyond what fits', 'self.all(x, x == 0.0)', listOf('number'), 6291454, 6291456, 25165826],
    ['numbers or texts', everyone, listOf('int-or-string'), 4718591, 10, 32],
    ['a number or text', 'self[0] == 5', listOf('int-or-string'), 3, 10, 3],
    ['a truth value', 'self[0] == false', listOf('boolean'), 2, 25, 2],
    ['a list in a list', 'self[0][0] == -1.0', (max) => list(list(scalar('number')), max), 3, 51, 3],
    ['maps', 'self.all(x, x.y == 25.2)', (max) => list(map(scalar('number')), max), 6291452, 12, 74],
    ['a value of a map', 'self[0].x > 2.0', (max) => list(map(scalar('number')), max), 4, 3000, 4],
    ['durations', everyone, listOf('duration'), 2359295, 5, 17],
    ['part of a duration', 'self[0].getHours() == 2', listOf('duration'), 4, 525, 4],
    ['dates', everyone, listOf('date'), 725936, 15, 47],
    ['part of a date', 'self[2].getDayOfMonth() == 13', listOf('date'), 4, 42, 4],
    ['moments', everyone, listOf('date-time'), 428963, 25, 77],
    ['a map of dates', everyone, mapOf('date'), 524288, 10, 32],
    ['a map of moments', everyone, mapOf('date-time'), 349526, 25, 77],
    ['a map of durations', everyone, mapOf('duration'), 1048577, 5, 17],
    ['a search', "self.find('[0-9]+') == ''", text, 629147, 10, 11],
    ['texts joined', "self.join(' ') == 'aa bb'", (max) => list(text(max), max), 329853068905, 10, 43],
    ['texts in order', 'self.isSorted() == true', (max) => list(text(max), max), 329854432052, 10, 52],
    ['a text in lower case', "self.lowerAscii() == 'lower!'", text, 314575, 10, 6],
    ['sizes', 'oldSelf.size() == self.size()', mapOf('integer'), 5, 10, 5],
    ['moments compared', 'self["a"] == self["b"]', mapOf('date-time'), 8, 7, 8],
    [
      'a choice of texts',
      "self.contains('A')",
      (max) => ({ ...text(max), enum: ['A', 'B', 'C', 'LongValue'] }),
      2,
      1000,
      401,
    ],
  ])('%s: %s', (_, rule, schema, open, max, limited) => {
    expect([cost(schema(), rule), cost(schema(max), rule)]).toEqual([open, limited]);
  });

  test.each([
    ['type(self.number) == int', 4],
    ['type(self.text) == string', 4],
    ['type(self.moment) == google.protobuf.Timestamp', 4],
    ['type(self.either) == int ? self.either == 1 : self.either == "25%"', 7],
    ["type(self.either) == string && self.either.matches(r'(\\d+(\\.\\d+)?%)')", 1258298],
    ['type(self.?text) == null_type', 4],
    ['type(self) == type(self)', Number.POSITIVE_INFINITY],
  ])('what something is: %s', (rule, wanted) => {
    const properties = {
      number: scalar('integer'),
      text: text(),
      moment: scalar('date-time'),
      either: scalar('int-or-string'),
    };
    expect(cost({ type: 'object', properties }, rule)).toBe(wanted);
  });

  test('replaced text', () => {
    const rule = "self.str.replace(self.before, self.after) == 'does not matter'";
    const schema = (max?: number): JSONSchemaProps => ({
      type: 'object',
      properties: { str: text(max), before: text(2), after: text(4) },
    });
    expect([cost(schema(), rule), cost(schema(4), rule)]).toEqual([629154, 12]);
  });

  test('split text', () => {
    const rule = 'self.str.split(self.separator) == []';
    const schema = (max?: number): JSONSchemaProps => ({
      type: 'object',
      properties: { str: text(max), separator: text(max) },
    });
    expect([cost(schema(), rule), cost(schema(10), rule)]).toEqual([629160, 22]);
  });

  test('loops in loops', () => {
    expect(cost(list(scalar('number'), 10), 'self.all(x, self.all(y, true))')).toBe(352);
    expect(cost(list(scalar('number'), 10), 'self.all(x, self.all(y, self.all(z, true)))')).toBe(3552);
    expect(cost(list(scalar('number')), 'self.all(x, self.all(y, true))')).toBeGreaterThan(1e7);
  });

  test('objects in a list', () => {
    const item: JSONSchemaProps = {
      type: 'object',
      required: ['required'],
      properties: { required: text(), optional: text() },
    };
    expect(measureOf(item, false)?.leastBytes).toBe(2 + 8 + 2 + 4);
    expect(cost(list(item, 50), everyone)).toBe(152);
  });
});
