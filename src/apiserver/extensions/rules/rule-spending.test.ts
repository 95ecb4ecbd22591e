import { expect, test } from 'vitest';
import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { maxCostOf } from '../../../machinery/cel/max-cost.ts';
import type { CelType } from '../../../machinery/cel/types.ts';
import { checkingRules } from './check-rules.ts';
import { compilingTree, type RuleNode } from './compile-rules.ts';
import { measureOf } from './rule-extent.ts';
import { ruleTypeOf } from './rule-type.ts';

const text: JSONSchemaProps = { type: 'string' };
const integer: JSONSchemaProps = { type: 'integer' };
const either: JSONSchemaProps = { 'x-kubernetes-int-or-string': true };
const defaulted: JSONSchemaProps = { ...text, default: 'default value' };
const nullable: JSONSchemaProps = { ...text, nullable: true };
const object = (properties: Record<string, JSONSchemaProps>): JSONSchemaProps => ({
  type: 'object',
  properties,
});
const listMap: JSONSchemaProps = {
  type: 'array',
  items: object({ k: text, v: text, v2: text }),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['k'],
};

const schema = object({
  val: { type: 'object', additionalProperties: integer },
  listMap,
  array: { type: 'array', items: integer },
  something: either,
  min: either,
  current: integer,
  available: integer,
  unsetPlainStr: text,
  unsetDefaultedStr: defaulted,
  unsetNullableStr: nullable,
  setPlainStr: text,
  setDefaultedStr: defaulted,
  setNullableStr: nullable,
  setToNullNullableStr: nullable,
  obj: object({ field: text, absentField: text }),
  m: { type: 'object', additionalProperties: text },
  l: { type: 'array', items: text },
});
const value = {
  val: { b: 1, d: 2 },
  listMap: [
    { k: 'a1', v: 'b1' },
    { k: 'a2', v: 'b2' },
    { k: 'a3', v: 'b3', v2: 'z' },
  ],
  array: [1, 1, 2, 2, 3, 3, 4, 5],
  something: '25%',
  min: '50%',
  current: 5,
  available: 10,
  setPlainStr: 'v1',
  setDefaultedStr: 'v2',
  setNullableStr: 'v3',
  setToNullNullableStr: null,
  unsetDefaultedStr: 'default value',
  obj: { field: 'a' },
  m: { k: 'v' },
  l: ['a'],
};

const type = ruleTypeOf(schema, 'selfType', false) as CelType;
const { extent } = measureOf(schema, false) as NonNullable<ReturnType<typeof measureOf>>;

/** The numbers are those that upstream promises not to change. */
test.each<[rule: string, cost: number, estimate: number]>([
  ["!('a' in self.val)", 4, 4],
  ["'b' in self.val", 3, 3],
  ["!('c' in self.val)", 4, 4],
  ["'d' in self.val", 3, 3],
  ['!has(self.val.a)', 3, 3],
  ['has(self.val.b)', 2, 2],
  ['!has(self.val.c)', 3, 3],
  ['has(self.val.d)', 2, 2],
  ['self.val.all(k, self.val[k] > 0)', 17, 3595115],
  ['self.val.exists_one(k, self.val[k] == 2)', 14, 2696338],
  ['!self.val.exists_one(k, self.val[k] > 0)', 17, 3145728],
  ['size(self.val) == 2', 4, 4],
  ['size(self.val.filter(k, self.val[k] > 1)) == 1', 26, 8089017],
  ['has(self.listMap[0].v)', 3, 3],
  ["self.listMap.all(m, m.k.startsWith('a'))", 21, 6291453],
  ["self.listMap.all(m, !has(m.v2) || m.v2 == 'z')", 21, 8388603],
  ["self.listMap.exists(m, m.k.endsWith('1'))", 13, 7340028],
  ["self.listMap.exists_one(m, m.k == 'a3')", 15, 5242879],
  ["!self.listMap.all(m, m.k.endsWith('1'))", 18, 6291454],
  ["!self.listMap.exists(m, m.v == 'x')", 25, 7340029],
  ["!self.listMap.exists_one(m, m.k.startsWith('a'))", 20, 5242880],
  ["size(self.listMap.filter(m, m.k == 'a1')) == 1", 27, 16777215],
  ["self.listMap.exists(m, m.k == 'a1' && m.v == 'b1')", 16, 10485753],
  ["self.listMap.map(m, m.v).exists(v, v == 'b1')", 55, 19922939],
  ["self.listMap.exists(m, has(m.v2) && m.v2 == 'z')", 21, 8388603],
  ["!self.listMap.all(m, has(m.v2) && m.v2 != 'z')", 10, 7340029],
  ["self.listMap.exists_one(m, has(m.v2) && m.v2 == 'z')", 12, 6291454],
  ["self.listMap.filter(m, has(m.v2) && m.v2 == 'z').size() == 1", 24, 17825790],
  ["self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1", 25, 18874365],
  ["self.listMap.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1", 39, 32505851],
  ["self.listMap.exists(m, m.v2 == 'z')", 24, 7340028],
  ["!self.listMap.all(m, m.v2 != 'z')", 22, 6291454],
  ['2 in self.array', 10, 1572865],
  ['self.array.all(e, e > 0)', 43, 7864318],
  ['self.array.exists(e, e > 2)', 36, 9437181],
  ['self.array.exists_one(e, e > 4)', 22, 6291456],
  ['!self.array.all(e, e < 2)', 21, 7864319],
  ['!self.array.exists(e, e < 0)', 52, 9437182],
  ['!self.array.exists_one(e, e == 2)', 25, 4718594],
  ['self.array.all(e, e < 100)', 43, 7864318],
  ['size(self.array.filter(e, e%2 == 0)) == 3', 68, 25165823],
  ['self.array.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)', 194, 53477367],
  ['size(self.array) == 8', 4, 4],
  ["type(self.something) == int ? self.something == 1 : self.something == '25%'", 7, 7],
  ["type(self.something) == string && self.something == '25%'", 7, 7],
  ["self.something == '25%'", 3, 3],
  ['self.something != 1', 3, 3],
  ["self.something == 1 || self.something == '25%'", 6, 6],
  ["self.something == '25%' || self.something == 1", 3, 6],
  ["self.something != ['anything']", 3, 13],
  ["type(self.min) == string && self.min.matches(r'(\\d+(\\.\\d+)?%)')", 10, 1258298],
  [
    "type(self.min) == int ? self.current <= self.min : double(self.current) / double(self.available) >= double(self.min.replace('%', '')) / 100.0",
    17,
    629162,
  ],
  ['!has(self.unsetPlainStr)', 2, 2],
  ["has(self.unsetDefaultedStr) && self.unsetDefaultedStr == 'default value'", 5, 5],
  ['!has(self.unsetNullableStr)', 2, 2],
  ["has(self.setPlainStr) && self.setPlainStr == 'v1'", 4, 4],
  ["has(self.setDefaultedStr) && self.setDefaultedStr == 'v2'", 4, 4],
  ["has(self.setNullableStr) && self.setNullableStr == 'v3'", 4, 4],
  ['type(self.setNullableStr) != null_type', 4, 4],
  ['!has(self.setToNullNullableStr)', 2, 2],
  ["optional.of('a') != optional.of('b')", 3, Number.POSITIVE_INFINITY],
  ["optional.of('a') != optional.none()", 3, Number.POSITIVE_INFINITY],
  ["optional.of('a').hasValue()", 2, 2],
  ["optional.of('a').or(optional.of('a')).hasValue()", 2, 4],
  ["optional.none().or(optional.of('a')).hasValue()", 3, 4],
  ["optional.of('a').optMap(v, v == 'value').hasValue()", 8, 18],
  ["self.obj.?field == optional.of('a')", 5, Number.POSITIVE_INFINITY],
  ['self.obj.?absentField == optional.none()', 4, Number.POSITIVE_INFINITY],
  ["self.obj.?field.orValue('v') == 'a'", 4, 5],
  ["self.m[?'k'] == optional.of('v')", 5, Number.POSITIVE_INFINITY],
  ["self.l[?0] == optional.of('a')", 5, Number.POSITIVE_INFINITY],
  ['optional.ofNonZeroValue(1).hasValue()', 2, 2],
])('%s costs %d, and is thought to cost at most %d', (rule, cost, estimate) => {
  const ruled = { ...schema, 'x-kubernetes-validations': [{ rule }] };
  const budget = { left: 1000 };
  const errors = checkingRules(value, compilingTree(ruled, false)() as RuleNode, { budget })();
  expect(errors).toEqual([]);
  expect(1000 - budget.left).toBe(cost);
  const extents = new Map([['self', extent]]);
  expect(maxCostOf(rule, { variables: { self: type }, extents, made: extent })).toBe(estimate);
});
