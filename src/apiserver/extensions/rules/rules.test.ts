import { describe, expect, test } from 'vitest';
import type { JSONSchemaProps, ValidationRule } from '../../../api/apiextensions/v1.ts';
import { texts } from '../../kinds/shared/testing.ts';
import { checkingRules } from './check-rules.ts';
import { compilingTree, type RuleNode } from './compile-rules.ts';
import { FieldPathError, findField } from './field-path.ts';
import { fieldNameInRules } from './rule-type.ts';

const integer: JSONSchemaProps = { type: 'integer' };

function check(
  rule: Partial<ValidationRule> | string,
  value: object,
  {
    old,
    properties = { a: integer, b: integer },
  }: { old?: object; properties?: Record<string, JSONSchemaProps> } = {},
) {
  const own = typeof rule === 'string' ? { rule } : { rule: 'false', ...rule };
  const spec = { type: 'object', properties, 'x-kubernetes-validations': [own] };
  const node = compilingTree({ type: 'object', properties: { spec } }, true)() as RuleNode;
  const warnings: string[] = [];
  const past = old && { old: { value: { spec: old } } };
  const warn = (message: string) => warnings.push(message);
  const errors = checkingRules({ spec: value }, node, { ...past, warn })();
  return { said: texts(errors), warnings };
}

describe('a rule', () => {
  test('that holds says nothing', () => {
    expect(check('self.a < self.b', { a: 1, b: 2 }).said).toEqual([]);
  });

  test('that is broken says itself, or its message', () => {
    expect(check('self.a < self.b', { a: 2, b: 1 }).said).toEqual([
      'spec: Invalid value: failed rule: self.a < self.b',
    ]);
    expect(check({ message: ' no ' }, {}).said).toEqual(['spec: Invalid value: no']);
    expect(check({ messageExpression: "'a is ' + string(self.a)" }, { a: 3 }).said).toEqual([
      'spec: Invalid value: a is 3',
    ]);
  });

  test('says nothing that is longer than 5 KiB, in UTF-8', () => {
    const said = (text: string) => check({ message: 'm', messageExpression: `'${text}'` }, {}).said[0];
    expect(said('ä'.repeat(2560))).toBe(`spec: Invalid value: ${'ä'.repeat(2560)}`);
    expect(said('ä'.repeat(2561))).toBe('spec: Invalid value: m');
  });

  test('blames the field and gives the reason that it names', () => {
    const rule = { message: 'm', fieldPath: '.a', reason: 'FieldValueForbidden' };
    expect(check(rule, { a: 1 }).said).toEqual(['spec.a: Forbidden: m']);
  });

  test('about what was before only runs where there was something', () => {
    expect(check('self.a >= oldSelf.a', { a: 1 }).said).toEqual([]);
    expect(check('self.a >= oldSelf.a', { a: 1 }, { old: { a: 2 } }).said).toHaveLength(1);
    const optional = { rule: 'oldSelf.hasValue() || self.a == 0', optionalOldSelf: true };
    expect(check(optional, { a: 1 }).said).toHaveLength(1);
    expect(check(optional, { a: 1 }, { old: { a: 1 } }).said).toEqual([]);
  });

  test('that was broken before and is no worse now is a warning', () => {
    const { said, warnings } = check('self.a < 0', { a: 1 }, { old: { a: 1 } });
    expect([said, warnings]).toEqual([[], ['spec: Invalid value: failed rule: self.a < 0']]);
    expect(check('self.a < 0', { a: 2 }, { old: { a: 1 } }).said).toHaveLength(1);
  });

  test('reaches fields whose names expressions could not write', () => {
    const properties = { 'a-b': integer, namespace: integer };
    expect(
      check('self.a__dash__b == 1 && self.__namespace__ == 2', { 'a-b': 1, namespace: 2 }, { properties })
        .said,
    ).toEqual([]);
    expect([fieldNameInRules('a__b'), fieldNameInRules('a b')]).toEqual(['a__underscores__b', undefined]);
  });

  test.each([
    'self.namespace == 2',
    'self.__namespace__ + self.b.if == 3',
    'self.?namespace.orValue(0) == 2',
  ])('may name a field by a word of the language: %s', (rule) => {
    const properties = { namespace: integer, b: { type: 'object', properties: { if: integer } } };
    expect(check(rule, { namespace: 2, b: { if: 1 } }, { properties }).said).toEqual([]);
  });

  test('sees of the metadata of an embedded resource what its schema declares, where that is enough', () => {
    const text: JSONSchemaProps = { type: 'string' };
    const metadata = { type: 'object', properties: { name: text, generateName: text, namespace: text } };
    const e = { type: 'object', properties: { kind: text, apiVersion: text, metadata } };
    const embedded = { ...e, 'x-kubernetes-embedded-resource': true };
    const said = (properties: Record<string, JSONSchemaProps>) =>
      check("self.e.metadata.namespace == 'n'", { e: { metadata: { namespace: 'n' } } }, { properties }).said;
    expect(said({ e: embedded })).toEqual([]);
    expect(said({ e: { ...embedded, properties: { metadata } } })).toEqual([
      expect.stringContaining("undefined field 'namespace'"),
    ]);
  });

  test.each([
    ['!has(self.a) && !self.?a.hasValue()', []],
    ['self.a == null', ['spec: Invalid value: "object": no such key: a evaluating rule: self.a == null']],
    ['self == oldSelf', []],
    ["has(self.m.a) && self.m['a'] == null && self.l == [null]", []],
  ])('finds no field that is null, but such values of maps and elements of lists: %s', (rule, said) => {
    const open: JSONSchemaProps = { 'x-kubernetes-int-or-string': true, nullable: true };
    const properties: Record<string, JSONSchemaProps> = {
      a: open,
      m: { type: 'object', additionalProperties: open },
      l: { type: 'array', items: open },
    };
    const value = { a: null, m: { a: null }, l: [null] };
    const old = rule.includes('oldSelf') ? { old: structuredClone(value) } : {};
    expect(check(rule, value, { properties, ...old }).said).toEqual(said);
  });

  test('on the kind of an object is kept where nothing changes, and let pass on that of an object in it', () => {
    const kind: JSONSchemaProps = { type: 'string', 'x-kubernetes-validations': [{ rule: "self == 'B'" }] };
    const schema: JSONSchemaProps = {
      type: 'object',
      properties: { kind, spec: { type: 'object', properties: { kind } } },
    };
    const value = { kind: 'A', spec: { kind: 'A' } };
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const errors = checkingRules(value, compilingTree(schema, true)() as RuleNode, {
      old: { value },
      warn,
    })();
    expect(texts(errors)).toEqual(['kind: Invalid value: "A": failed rule: self == \'B\'']);
    expect(warnings).toEqual(['spec.kind: Invalid value: "A": failed rule: self == \'B\'']);
  });

  test('that costs too much ends the check', () => {
    const properties = { l: { type: 'array', items: integer } };
    const value = { l: Array.from({ length: 2000 }, (_, i) => i) };
    const { said } = check('self.l.all(x, self.l.all(y, x + y >= 0))', value, { properties });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/cost/);
  });

  test.each<[string, string, number, string]>([
    [
      'more than is left for the object',
      "'a' + 'b' + 'c'",
      1,
      'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
    ],
    [
      'more than an expression may',
      `string(lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0)))`,
      10_000_000,
      'no further validation rules will be run due to call cost exceeds limit for messageExpression: "string(lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0)))"',
    ],
  ])('whose message costs %s is the last one', (_, messageExpression, left, wanted) => {
    const rules = [{ rule: 'false', message: 'm', messageExpression }, { rule: 'false' }];
    const node = compilingTree({ type: 'object', 'x-kubernetes-validations': rules }, false)() as RuleNode;
    const budget = { left };
    expect(texts(checkingRules({}, node, { budget })())).toEqual([
      `<nil>: Invalid value: "object": ${wanted}`,
    ]);
    expect(budget.left).toBeLessThan(0);
  });

  test('that fails says why', () => {
    expect(check('1 / self.a == 1', { a: 0 }).said).toEqual([
      'spec: Invalid value: "object": division by zero evaluating rule: 1 / self.a == 1',
    ]);
  });
});

describe('a field path', () => {
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: { m: { type: 'object', additionalProperties: integer }, 'a.b': integer },
  };

  test('leads to fields and keys', () => {
    expect(findField(".m['k']", schema)).toMatchObject({ path: 'm[k]', root: 'm', schema: integer });
    expect(findField("['a.b']", schema).schema).toBe(integer);
    expect(findField(".m['it\\'s\\ta\\\\']", schema).path).toBe("m[it's\ta\\]");
  });

  test.each([
    ['m', 'expected [ or . but got: m'],
    ['.z', 'does not refer to a valid field'],
    ['.m[k]', 'expected single quoted string but got k'],
    [".m['\\d']", 'invalid string literal: invalid escape char \\d'],
    ['.', 'unexpected end of JSON path'],
  ])('%s leads nowhere', (path, why) => {
    expect(() => findField(path, schema)).toThrow(new FieldPathError(why));
  });
});
