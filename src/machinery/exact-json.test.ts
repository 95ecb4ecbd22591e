import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, printJson } from './exact-json.ts';

const largest = 9_223_372_036_854_775_807n;

describe('whole numbers in JSON', () => {
  it.each([
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['1152921504606846976', 1_152_921_504_606_846_976n],
    ['9223372036854775807', largest],
    ['-9223372036854775808', -largest - 1n],
    ['9223372036854775808', 2 ** 63],
    ['-9223372036854775809', -(2 ** 63)],
    ['12345678901234567890', Number('12345678901234567890')],
    ['9007199254740993.5', 9_007_199_254_740_994],
    ['9007199254740993e1', Number('9007199254740993e1')],
    ['0.12345678901234567', Number('0.12345678901234567')],
  ])('%s is read as what holds it', (text, value) => {
    expect(parseJson(text)).toBe(value);
    expect(parseJson(`{"a":[1,${text}],"b": ${text} }`)).toEqual({ a: [1, value], b: value });
  });

  it('are text where they stand in text', () => {
    const value = { '9007199254740993': ',9007199254740993', 'a"b': ['\\', ':9007199254740993"', '\x001'] };
    const text = `{"n": 9007199254740993, ${JSON.stringify(value).slice(1)}`;
    expect(parseJson(text)).toEqual({ n: 9_007_199_254_740_993n, ...value });
  });

  it('are read beside marks of others, and under any key', () => {
    const value = { '\x001': '\0', a: ['\0\x005', '\0x'] };
    const text = `[9007199254740993,${JSON.stringify(value)},{"__proto__":-9007199254740993}]`;
    const [, same, odd] = parseJson(text) as [unknown, unknown, object];
    expect(same).toEqual(JSON.parse(JSON.stringify(value)));
    expect(Object.entries(odd)).toEqual([['__proto__', -9_007_199_254_740_993n]]);
    expect(printJson(odd)).toBe('{"__proto__":-9007199254740993}');
  });

  it('are refused as JSON.parse refuses them where they are no JSON', () => {
    for (const text of [
      '[9007199254740993',
      '9007199254740993 1',
      '{"a":-}',
      '09007199254740993',
      '[9007199254740993"]',
    ])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it('are read in texts of megabytes and at any depth', () => {
    const long = '\\"'.repeat(1_000_000);
    expect(parseJson(`["${long}",9007199254740993]`)).toEqual([
      '"'.repeat(1_000_000),
      9_007_199_254_740_993n,
    ]);
    let value = parseJson(`${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`);
    while (Array.isArray(value)) [value] = value;
    expect(value).toBe(9_007_199_254_740_993n);
  });
});

const anyNumber = fc.oneof(
  fc.bigInt(-largest - 1n, largest).filter((n) => !Number.isSafeInteger(Number(n))),
  fc.maxSafeInteger(),
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\0', '\x009', '9007199254740993', '"'),
);
const { anyValue } = fc.letrec((tie) => ({
  anyValue: fc.oneof(
    { depthSize: 'small' },
    anyNumber,
    anyText,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('anyValue'), { maxLength: 4 }),
    fc.dictionary(anyText, tie('anyValue'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

describe('JSON that was printed', () => {
  it('is read as what it was printed of, on one line and on many', () => {
    fc.assert(
      fc.property(anyValue, fc.constantFrom(0, 2), (value, indent) => {
        expect(parseJson(printJson(value, indent))).toEqual(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('looks as JSON.stringify has it but for the digits', () => {
    const value = (n: unknown) => ({ n, list: [n, {}, []], nested: { none: undefined, text: '<"', n } });
    for (const indent of [0, 2]) {
      const plain = JSON.stringify(value(123), undefined, indent).replaceAll('123', String(largest));
      expect(printJson(value(largest), indent)).toBe(plain);
    }
  });
});
