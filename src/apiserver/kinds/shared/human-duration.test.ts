import { describe, expect, test } from 'vitest';
import { humanAge, humanDuration } from './human-duration.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('humanDuration', () => {
  test.each([
    [-5000, '<invalid>'],
    [-1500, '0s'],
    [0, '0s'],
    [119_000, '119s'],
    [2 * minute, '2m'],
    [2 * minute + 30_000, '2m30s'],
    [10 * minute + 30_000, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [3 * hour + 7 * minute, '3h7m'],
    [8 * hour + 7 * minute, '8h'],
    [47 * hour, '47h'],
    [2 * day, '2d'],
    [2 * day + 5 * hour, '2d5h'],
    [8 * day + 5 * hour, '8d'],
    [729 * day, '729d'],
    [730 * day, '2y'],
    [732 * day, '2y2d'],
    [8 * 365 * day + 9 * day, '8y'],
  ])('%d ms is %s', (span, text) => {
    expect(humanDuration(span)).toBe(text);
  });
});

test('humanAge knows no age of what has no time', () => {
  expect(humanAge(undefined, 0)).toBe('<unknown>');
  expect(humanAge('1970-01-01T00:00:00Z', 90_000)).toBe('90s');
});
