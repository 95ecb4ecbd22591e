import { expect, test } from 'vitest';
import { percentOf, scaledIntOrPercent } from './int-or-string.ts';

test('a percentage is a share of the total, rounded as told', () => {
  expect(scaledIntOrPercent('25%', 10, 'up')).toBe(3);
  expect(scaledIntOrPercent('25%', 10, 'down')).toBe(2);
  expect(scaledIntOrPercent('0%', 10, 'up')).toBe(0);
  expect(scaledIntOrPercent('150%', 10, 'down')).toBe(15);
  expect(scaledIntOrPercent(7, 10, 'up')).toBe(7);
});

test('other strings are refused in upstream’s words', () => {
  expect(() => scaledIntOrPercent('5', 10, 'up')).toThrow(
    'invalid value for IntOrString: invalid type: string is not a percentage',
  );
  expect(() => scaledIntOrPercent('x%', 10, 'up')).toThrow(
    'invalid value for IntOrString: invalid value "x%"',
  );
  expect(percentOf('http')).toBeUndefined();
  expect(percentOf('30%')).toBe(30);
});
