import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
  milliValue,
  parseQuantity,
  quantityOf,
  quantityValue,
  scaledValue,
  subtractQuantities,
} from './quantity.ts';

describe('canonical form', () => {
  test.each([
    ['0', '0'],
    ['0Mi', '0'],
    ['1.5', '1500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Ki', '1Mi'],
    ['1500Ki', '1500Ki'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['100000', '100k'],
    ['1000000', '1M'],
    ['0.0000000001', '1n'],
    ['-0.0000000001', '-1n'],
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['1e1', '10'],
    ['1000e3', '1e6'],
    ['12e-1', '1200e-3'],
    ['+5', '+5'],
    ['-1024Ki', '-1Mi'],
    ['8Ei', '9223372036854775807'],
    ['100Ei', '9223372036854775807'],
    ['.5', '500m'],
    ['1.', '1.'],
    ['2048', '2048'],
    ['1E', '1E'],
  ])('%s prints as %s', (text, wanted) => expect(canonicalQuantity(text)).toBe(wanted));

  test('numbers are read from their text', () => {
    expect(canonicalQuantity(0.25)).toBe('250m');
    expect(canonicalQuantity(1e21)).toBe('1e+21');
  });

  test.each([
    '',
    'abc',
    '1Kii',
    '1 Gi',
    '1e',
    '1.2.3',
    '--1',
    '1e999999999',
    '9'.repeat(500),
    '1_000',
    `${'0'.repeat(399)}x`,
  ])('%s is no quantity', (text) => expect(isQuantity(text)).toBe(false));

  test('the messages are upstream’s', () => {
    expect(() => parseQuantity('1Zi')).toThrow(/^quantities must match the regular expression '\^\(/);
    expect(() => parseQuantity('1Km')).toThrow("unable to parse quantity's suffix");
  });
});

describe('arithmetic', () => {
  test('compares by value, not by form', () => {
    expect(compareQuantities('1', '1000m')).toBe(0);
    expect(compareQuantities('1Gi', '1G')).toBe(1);
    expect(compareQuantities('-1', '0')).toBe(-1);
  });

  test('a sum takes the form of what it was added to', () => {
    expect(formatQuantity(addQuantities('1Gi', '1Gi'))).toBe('2Gi');
    expect(formatQuantity(addQuantities('0', '1Gi'))).toBe('1Gi');
    expect(formatQuantity(addQuantities('500m', '1500m'))).toBe('2');
    expect(formatQuantity(subtractQuantities('1Gi', '512Mi'))).toBe('512Mi');
  });

  test('values round away from zero', () => {
    expect(quantityValue('1m')).toBe(1);
    expect(quantityValue('-1500m')).toBe(-2);
    expect(milliValue('1.0001')).toBe(1001);
    expect(milliValue('2')).toBe(2000);
    expect(scaledValue('8Ei', 0)).toBe(9223372036854775807n);
  });
});

describe('laws', () => {
  const suffix = fc.constantFrom(
    '',
    'n',
    'u',
    'm',
    'k',
    'M',
    'G',
    'T',
    'Ki',
    'Mi',
    'Gi',
    'Ti',
    'e3',
    'e-3',
    'E6',
  );
  const text = fc
    .tuple(fc.constantFrom('', '-'), fc.nat(999999), fc.option(fc.nat(9999)), suffix)
    .map(([sign, whole, part, end]) => `${sign}${whole}${part === null ? '' : `.${part}`}${end}`);

  test('the canonical form keeps the value, and is a fixed point', () => {
    fc.assert(
      fc.property(text, (t) => {
        const canonical = canonicalQuantity(t);
        expect(compareQuantities(canonical, t)).toBe(0);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  test('addition and subtraction undo each other', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
        expect(compareQuantities(addQuantities(a, b), addQuantities(b, a))).toBe(0);
      }),
    );
  });

  test('whole numbers survive in each format', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (n) => {
        for (const format of ['DecimalSI', 'BinarySI', 'DecimalExponent'] as const) {
          expect(scaledValue(formatQuantity(quantityOf(n, format)), 0)).toBe(n);
        }
      }),
    );
  });

  test('no text makes it throw anything else', () => {
    fc.assert(fc.property(fc.string(), (t) => void isQuantity(t)));
    fc.assert(
      fc.property(fc.string(), (t) => {
        try {
          parseQuantity(t);
        } catch (error) {
          expect((error as Error).name).toBe('QuantityError');
        }
      }),
    );
  });
});
