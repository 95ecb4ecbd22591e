import { expect, test } from 'vitest';
import type { CronJob } from '../../api/batch/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { parseSchedule } from '../../machinery/cron/schedule.ts';
import { findDue } from './plan.ts';

test.each([
  // The year's first times are a minute apart, and there are none in the last weeks.
  ['* * * 1-10 *', '2026-10-31T23:59:00Z', '2027-01-01T00:00:00Z'],
  ['* * * * 1', '2026-11-23T23:59:00Z', '2026-11-30T00:00:00Z'],
  // The first two are years apart.
  ['* * 29 2 *', '2024-02-29T23:59:00Z', '2028-02-29T00:00:00Z'],
  ['*/5 * * * *', '2026-11-27T12:00:00Z', '2026-11-27T12:05:00Z'],
])('the last time of %s since 1968 is found without going through all of them', (text, last, next) => {
  const schedule = parseSchedule(text);
  let calls = 0;
  const counted = {
    next(afterMs: number) {
      calls++;
      return schedule.next(afterMs);
    },
  };
  const cron = {
    metadata: { name: 'tick', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { schedule: text },
    status: { lastScheduleTime: '1968-02-29T23:58:00Z' },
  } as unknown as Stored<CronJob>;
  const due = findDue(cron, counted, Date.parse('2026-11-27T12:00:30Z'));
  expect(due).toMatchObject({ atMs: Date.parse(last), nextMs: Date.parse(next) });
  expect(calls).toBeLessThan(200);
});
