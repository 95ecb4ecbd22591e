import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  escapeFieldValue,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
  requiredFieldValue,
} from './field-selector.ts';
import {
  compiledOnce,
  compileLabelSelector,
  exactlyOnce,
  formatLabelSelector,
  labelSelectorErrors,
  labelsErrors,
  matchesLabels,
  parseLabelSelector,
  selectorFromLabels,
} from './label-selector.ts';
import { StatusError } from './status-error.ts';

const messageOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    return (error as Error).message;
  }
  return 'no error';
};

describe('label selectors as text', () => {
  test.each([
    ['', '', {}],
    ['x=a', 'x=a', { x: 'a' }],
    ['x==a', 'x==a', { x: 'a' }],
    ['x = a , z= b ', 'x=a,z=b', { x: 'a', z: 'b' }],
    ['z!=b,x', 'x,z!=b', { x: '1' }],
    ['!x', '!x', {}],
    ['x in (b,a,b)', 'x in (a,b)', { x: 'a' }],
    ['x notin (a)', 'x notin (a)', {}],
    ['x in ()', 'x in ()', { x: '' }],
    ['x in (a,)', 'x in (,a)', { x: '' }],
    ['x>1,y<5', 'x>1,y<5', { x: '2', y: '4' }],
    ['in in (in,notin)', 'in in (in,notin)', { in: 'notin' }],
    ['x=', 'x=', { x: '' }],
    ['a.io/b=c', 'a.io/b=c', { 'a.io/b': 'c' }],
  ])('%s', (text, formatted, labels) => {
    const selector = parseLabelSelector(text);
    expect(formatLabelSelector(selector)).toBe(formatted);
    expect(matchesLabels(selector, labels as Record<string, string>)).toBe(true);
  });

  test('what does not match', () => {
    const misses = (text: string, labels: Record<string, string>) =>
      expect([text, matchesLabels(parseLabelSelector(text), labels)]).toEqual([text, false]);
    misses('x=a', {});
    misses('x', {});
    misses('!x', { x: '' });
    misses('x!=a', { x: 'a' });
    misses('x notin (a,b)', { x: 'b' });
    misses('x>10', { x: '9' });
    misses('x>1', { x: 'many' });
    misses('toString', {});
  });

  test.each([
    ['x=a||y=b', 'unable to parse requirement: values[0][x]: Invalid value: "a||y": a valid label must be'],
    ['x==a==b', "found '==', expected: ',' or 'end of string'"],
    ['!x=a', "found '=', expected: ',' or 'end of string'"],
    [
      'x<',
      "unable to parse requirement: values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    [',x', "found ',', expected: !, identifier, or 'end of string'"],
    ['x,', "found '', expected: identifier after ','"],
    ['x in a', "unable to parse requirement: found 'a' expected: '('"],
    ['x in (a b)', "unable to parse requirement: found 'b', expected: ',' or ')'"],
    ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['x y', "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    [
      'a/b/c',
      'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must consist of',
    ],
  ])('%s is refused in upstream’s words', (text, message) => {
    expect(messageOf(() => parseLabelSelector(text)).startsWith(message)).toBe(true);
  });

  test('any text parses or is a BadRequest; what parses survives printing', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'ab1=!<>(), ', ' in ', ' notin '), maxLength: 20 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), soup), (text) => {
        try {
          const printed = formatLabelSelector(parseLabelSelector(text));
          expect(formatLabelSelector(parseLabelSelector(printed))).toBe(printed);
        } catch (error) {
          expect((error as StatusError).reason).toBe('BadRequest');
        }
      }),
    );
  });
});

describe('label selectors as objects', () => {
  test('none selects nothing, an empty one everything', () => {
    expect(matchesLabels(compileLabelSelector(undefined), { a: 'b' })).toBe(false);
    expect(matchesLabels(compileLabelSelector({}), undefined)).toBe(true);
  });

  test('labels and expressions all hold', () => {
    const selector = compileLabelSelector({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    });
    expect(selector && formatLabelSelector(selector)).toBe('app=web,!old,tier in (a,b)');
    expect(matchesLabels(selector, { app: 'web', tier: 'a' })).toBe(true);
    expect(matchesLabels(selector, { app: 'web', tier: 'a', old: '' })).toBe(false);
  });

  test('of thousands of conditions only those are looked at that say something of the labels', () => {
    const matchExpressions = Array.from({ length: 5000 }, (_, i) => ({
      key: `k${i}`,
      operator: ['DoesNotExist', 'NotIn'][i % 2] as string,
      ...(i % 2 && { values: ['a'] }),
    }));
    const selector = compileLabelSelector({ matchLabels: { app: 'web' }, matchExpressions });
    let looks = 0;
    const labels = new Proxy<Record<string, string>>(
      { app: 'web', k1: 'b' },
      { getOwnPropertyDescriptor: (target, key) => (looks++, Reflect.getOwnPropertyDescriptor(target, key)) },
    );
    expect(matchesLabels(selector, labels)).toBe(true);
    expect(looks).toBeLessThan(10);
    expect(matchesLabels(selector, { app: 'web', k1: 'a' })).toBe(false);
    expect(matchesLabels(selector, { app: 'web', k2: 'a' })).toBe(false);
    expect(matchesLabels(selector, {})).toBe(false);
  });

  test('many conditions mean what they mean one by one', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'toString', '__proto__');
    const value = fc.constantFrom('', '1', '2', 'x');
    const values = fc.array(value, { minLength: 1, maxLength: 4 });
    const condition = fc.oneof(
      fc.record({ key, operator: fc.constantFrom('in' as const, 'notin' as const), values }),
      fc.record({ key, operator: fc.constantFrom('exists' as const, '!' as const), values: fc.constant([]) }),
      fc.record({ key, operator: fc.constantFrom('=' as const, '!=' as const), values: fc.tuple(value) }),
      fc.record({ key, operator: fc.constantFrom('gt' as const, 'lt' as const), values: fc.tuple(value) }),
    );
    const padding = parseLabelSelector('z notin (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)');
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 5 }), fc.dictionary(key, value), (selector, labels) => {
        const each = selector.every((one) => matchesLabels([one], labels));
        expect(matchesLabels([...selector, ...padding], labels)).toBe(each);
      }),
    );
  });

  test('one is read once, however many objects are compared with it', () => {
    let reads = 0;
    const selector = {
      get matchLabels() {
        reads++;
        return { app: 'web' };
      },
    };
    const all = Array.from({ length: 100 }, () => compiledOnce(selector));
    expect(new Set(all)).toEqual(new Set([[{ key: 'app', operator: '=', values: ['web'] }]]));
    expect(reads).toBe(1);
    expect(compiledOnce(undefined)).toBeUndefined();
    expect(compiledOnce({})).toEqual([]);
    const labels = { app: 'web' };
    expect(exactlyOnce(labels)).toBe(exactlyOnce(labels));
    expect(exactlyOnce(labels)).toEqual(compiledOnce(selector));
  });

  test('malformed ones are refused', () => {
    const bad = (operator: string, values?: string[]) =>
      messageOf(() =>
        compileLabelSelector({ matchExpressions: [{ key: 'a', operator, ...(values && { values }) }] }),
      );
    expect(bad('Like')).toBe('"Like" is not a valid label selector operator');
    expect(bad('In')).toBe(
      "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    );
    expect(bad('toString')).toBe('"toString" is not a valid label selector operator');
  });

  test('field errors name the place', () => {
    const errors = labelSelectorErrors(
      {
        matchLabels: { 'a b': 'c' },
        matchExpressions: [
          { key: 'x', operator: 'In' },
          { key: 'x', operator: 'Exists', values: ['a'] },
        ],
      },
      'spec.selector',
    );
    expect(errors.map((e) => [e.field, e.type])).toEqual([
      ['spec.selector.matchLabels', 'FieldValueInvalid'],
      ['spec.selector.matchExpressions[0].values', 'FieldValueRequired'],
      ['spec.selector.matchExpressions[1].values', 'FieldValueForbidden'],
    ]);
    expect(labelsErrors({ a: 'b c' }, 'metadata.labels')[0]?.body).toContain(
      'Invalid value: "b c": a valid label must',
    );
  });

  test('a selector from labels matches exactly those', () => {
    expect(formatLabelSelector(selectorFromLabels({ b: '2', a: '1' }))).toBe('a=1,b=2');
  });
});

describe('field selectors', () => {
  const fields: Record<string, string> = { 'metadata.name': 'a,b', 'status.phase': 'Running' };
  const matches = (text: string) => matchesFields(parseFieldSelector(text), (f) => fields[f]);

  test('conditions', () => {
    expect(matches('')).toBe(true);
    expect(matches('status.phase=Running')).toBe(true);
    expect(matches('status.phase==Running,metadata.name!=x')).toBe(true);
    expect(matches('status.phase!=Running')).toBe(false);
    expect(matches('metadata.name=a\\,b')).toBe(true);
    expect(matches('spec.nodeName=')).toBe(true);
    expect(requiredFieldValue(parseFieldSelector('metadata.name=x'), 'metadata.name')).toBe('x');
    expect(requiredFieldValue(parseFieldSelector('metadata.name!=x'), 'metadata.name')).toBeUndefined();
  });

  test('errors are upstream’s', () => {
    expect(messageOf(() => parseFieldSelector('abc'))).toBe(
      "invalid selector: 'abc'; can't understand 'abc'",
    );
    expect(messageOf(() => parseFieldSelector('a=b\\x'))).toBe(
      'invalid field selector: invalid escape sequence: \\x',
    );
    expect(messageOf(() => parseFieldSelector('a=b=c'))).toBe(
      'invalid field selector: unescaped character in value: 61',
    );
    expect(messageOf(() => parseFieldSelector('a=b\\'))).toBe(
      'invalid field selector: invalid escape sequence: \\',
    );
  });

  test('any value survives escaping', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const text = formatFieldSelector([{ field: 'f', operator: '=', value }]);
        expect(text).toBe(`f=${escapeFieldValue(value)}`);
        expect(parseFieldSelector(text)).toEqual([{ field: 'f', operator: '=', value }]);
      }),
    );
  });
});
