import { expect, test } from 'vitest';
import { electionTimes } from './election-times.ts';

test('times of elections are read as durations, and only those that are given', () => {
  expect(electionTimes({ leaseDuration: '1m30s', retryPeriod: '500ms' })).toEqual({
    leaseDurationMs: 90_000,
    retryPeriodMs: 500,
  });
  expect(() => electionTimes({ renewDeadline: '10' })).toThrow('time: invalid duration "10"');
});
