import { expect, test } from 'vitest';
import { scheduleError } from './pattern.ts';
import { parseSchedule } from './schedule.ts';
import { formatInZone } from './time-zone.ts';

const ms = (text: string) => Date.parse(text);
const nextOf = (text: string, after: string, zone?: string) => {
  const atMs = parseSchedule(text, zone).next(ms(after));
  return atMs === undefined ? undefined : formatInZone(atMs, zone);
};

test.each([
  ['*/15 * * * *', '2026-01-01T00:01:00Z', '2026-01-01T00:15:00Z'],
  ['5/15 * * * *', '2026-01-01T00:06:00Z', '2026-01-01T00:20:00Z'],
  ['*/100 * * * *', '2026-01-01T00:06:00Z', '2026-01-01T01:00:00Z'],
  ['1,2-4/2 * * JAN-MAR mon-fri', '2026-01-03T00:00:00Z', '2026-01-05T00:01:00Z'],
  ['0 12 ? * MON', '2026-01-01T00:00:00Z', '2026-01-05T12:00:00Z'],
  ['0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['@hourly', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'],
  ['@every 90s', '2026-01-01T00:00:00.7Z', '2026-01-01T00:01:30Z'],
  ['@every 500ms', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'],
  ['TZ=Asia/Kolkata 35 5 * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z'],
])('%s after %s is at %s', (text, after, next) => expect(nextOf(text, after)).toBe(next));

test.each([
  // Where both days are told, either is enough; a star leaves it to the other, but with a step it tells days.
  ['* * 1,15 * Sun', '2012-06-15T00:00:00Z', true],
  ['* * */10 * Sun', '2012-07-15T00:00:00Z', true],
  ['* * * * Mon', '2012-07-15T00:00:00Z', false],
  ['* * 1,15 * *', '2012-07-09T00:00:00Z', false],
  ['* * */2 * Sun', '2012-07-15T00:00:00Z', true],
])('%s is due at %s: %s', (text, at, isDue) => {
  expect(parseSchedule(text).next(ms(at) - 1000) === ms(at)).toBe(isDue);
});

test.each(['0 0 30 2 *', '59 23 31 2 *', '0 0 31 4 *'])('%s is never due', (text) => {
  expect(nextOf(text, '2026-01-01T00:00:00Z')).toBeUndefined();
});

test.each([
  ['0 9 * * *', '2026-01-01T00:00:00Z', '2026-01-01T09:00:00+01:00'],
  ['0 9 * * *', '2026-07-01T00:00:00Z', '2026-07-01T09:00:00+02:00'],
])('%s after %s is at %s in Berlin', (text, after, next) =>
  expect(nextOf(text, after, 'Europe/Berlin')).toBe(next),
);

// From 2 to 3 on the 11th of March; from 2 back to 1 on the 4th of November.
test.each([
  ['30 2 11 3 *', '2012-03-11T00:00:00-05:00', '2013-03-11T02:30:00-04:00'],
  ['0 * * * *', '2012-03-11T00:00:00-05:00', '2012-03-11T01:00:00-05:00'],
  ['0 * * * *', '2012-03-11T01:00:00-05:00', '2012-03-11T03:00:00-04:00'],
  ['0 * * * *', '2012-03-11T03:00:00-04:00', '2012-03-11T04:00:00-04:00'],
  ['0 1 * * *', '2012-03-11T00:00:00-05:00', '2012-03-11T01:00:00-05:00'],
  ['0 1 * * *', '2012-03-11T01:00:00-05:00', '2012-03-12T01:00:00-04:00'],
  ['0 2 * * *', '2012-03-11T00:00:00-05:00', '2012-03-12T02:00:00-04:00'],
  ['30 2 4 11 *', '2012-11-04T00:00:00-04:00', '2012-11-04T02:30:00-05:00'],
  ['30 1 4 11 *', '2012-11-04T01:45:00-04:00', '2012-11-04T01:30:00-05:00'],
  ['0 * * * *', '2012-11-04T00:00:00-04:00', '2012-11-04T01:00:00-04:00'],
  ['0 * * * *', '2012-11-04T01:00:00-04:00', '2012-11-04T01:00:00-05:00'],
  ['0 * * * *', '2012-11-04T01:00:00-05:00', '2012-11-04T02:00:00-05:00'],
  ['0 1 * * *', '2012-11-04T00:00:00-04:00', '2012-11-04T01:00:00-04:00'],
  ['0 1 * * *', '2012-11-04T01:00:00-04:00', '2012-11-04T01:00:00-05:00'],
  ['0 1 * * *', '2012-11-04T01:00:00-05:00', '2012-11-05T01:00:00-05:00'],
  ['0 2 * * *', '2012-11-04T00:00:00-04:00', '2012-11-04T02:00:00-05:00'],
  ['0 2 * * *', '2012-11-04T02:00:00-05:00', '2012-11-05T02:00:00-05:00'],
  ['0 3 3 * *', '2012-11-04T00:00:00-04:00', '2012-12-03T03:00:00-05:00'],
  ['*/15 * * * *', '2012-11-04T01:45:00-04:00', '2012-11-04T01:00:00-05:00'],
])('%s after %s is at %s in New York', (text, after, next) =>
  expect(nextOf(text, after, 'America/New_York')).toBe(next),
);

test.each([
  // There was no midnight on the 4th of November.
  ['0 9 10 * *', 'America/Sao_Paulo', '2018-10-17T05:00:00-04:00', '2018-11-10T09:00:00-02:00'],
  ['0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00:00-03:00', '2018-11-05T00:00:00-02:00'],
  ['0 9 22 * *', 'America/Sao_Paulo', '2018-02-14T05:00:00-05:00', '2018-02-22T09:00:00-03:00'],
  // Clocks there change by half an hour.
  ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', '2026-10-05T02:15:00+11:00'],
  ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T14:45:00Z', '2026-04-05T01:45:00+10:30'],
])('%s in %s after %s is at %s', (text, zone, after, next) => expect(nextOf(text, after, zone)).toBe(next));

test.each([
  ['2026-01-01T08:00:00Z', 'Europe/Berlin', '2026-01-01T09:00:00+01:00'],
  ['2026-01-01T02:30:00Z', 'America/St_Johns', '2025-12-31T23:00:00-03:30'],
  ['2026-01-01T08:00:00Z', 'Europe/London', '2026-01-01T08:00:00Z'],
  ['2026-01-01T08:00:00Z', undefined, '2026-01-01T08:00:00Z'],
])('%s is in %s %s', (text, zone, shown) => expect(formatInZone(ms(text), zone)).toBe(shown));

test.each([
  [
    'constructor * * * *',
    'failed to parse int from constructor: strconv.Atoi: parsing "constructor": invalid syntax',
  ],
  ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  ['@every never', 'failed to parse duration @every never: time: invalid duration'],
])('%s is no schedule', (text, why) => {
  expect(scheduleError(text)).toBe(why);
  expect(() => parseSchedule(text)).toThrow(why);
});
