import { expect, test } from 'vitest';
import type { Event } from '../api/core/v1.ts';
import { formatTime } from '../platform/clock.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { EventCorrelator } from './event-correlator.ts';

interface Word {
  reason?: string;
  message: string;
  type?: string;
  name?: string;
  container?: string;
}

/** Says one word after the other, and gives what is to be written of each. */
async function correlated(words: Word[], intervalSeconds: number): Promise<(Event | undefined)[]> {
  const clock = new VirtualClock();
  const correlator = new EventCorrelator(clock);
  const written: (Event | undefined)[] = [];
  for (const [i, { reason = 'Said', message, type = 'Normal', name = 'p', container }] of words.entries()) {
    const time = formatTime(clock.now());
    const fieldPath = container && `spec.containers{${container}}`;
    const involvedObject = { kind: 'Pod', namespace: 'n', name, uid: name, fieldPath };
    const metadata = { name: `event-${i}`, namespace: 'n' };
    const event = { metadata, involvedObject, type, reason, message, count: 1 };
    written.push(correlator.correlate({ ...event, firstTimestamp: time, lastTimestamp: time }));
    await clock.advance(intervalSeconds * 1000);
  }
  return written;
}

const times = (count: number, word: (i: number) => Word): Word[] =>
  Array.from({ length: count }, (_, i) => word(i));
const same = (count: number) => times(count, () => ({ message: 'again' }));
const similar = (count: number) => times(count, (i) => ({ message: `similar ${i}` }));

// The cases of client-go's TestEventCorrelator.
test.each<[name: string, words: Word[], intervalSeconds: number, last: Partial<Event> | undefined]>([
  ['one event', same(1), 5, { message: 'again', count: 1, metadata: { name: 'event-0', namespace: 'n' } }],
  ['the same again counts', same(2), 5, { count: 2, metadata: { name: 'event-0', namespace: 'n' } }],
  ['the same is not combined', same(11), 30, { message: 'again', count: 11 }],
  ['the same too often is held back', same(27), 1, undefined],
  [
    'of many objects nothing is held back',
    times(31, (i) => ({ name: `p${i}`, message: 'm' })),
    5,
    { count: 1 },
  ],
  [
    'similar ones are combined',
    similar(10),
    5,
    { message: '(combined from similar events): similar 9', count: 1 },
  ],
  [
    'combined ones count',
    similar(11),
    5,
    { message: '(combined from similar events): similar 10', count: 2 },
  ],
  [
    'those of another container count alone',
    times(2, (i) => ({ message: 'm', container: `c${i}` })),
    5,
    { count: 1 },
  ],
  ['similar ones in long intervals are not combined', similar(10), 601, { message: 'similar 9', count: 1 }],
])('%s', async (_, words, intervalSeconds, last) => {
  const written = (await correlated(words, intervalSeconds)).at(-1);
  if (last) expect(written).toMatchObject(last);
  else expect(written).toBeUndefined();
});

test('similar ones of all containers of a pod are combined', async () => {
  const words = times(10, (i) => ({ message: `similar ${i}`, container: `c${i % 2}` }));
  expect((await correlated(words, 5)).at(-1)?.message).toMatch(/^\(combined/);
});

test('what is held back counts: the next that is written says how often it has been', async () => {
  // Said each ten seconds for an hour: 25 at once, then one each five minutes.
  const written = (await correlated(same(360), 10)).filter((event) => event !== undefined);
  const counts = written.map(({ count }) => count);
  expect(counts.slice(0, 27)).toEqual([...same(25).map((_, i) => i + 1), 31, 61]);
  expect(counts.at(-1)).toBe(331);
});

test('the same is still the same after a long silence', async () => {
  expect((await correlated(same(2), 7200)).at(-1)).toMatchObject({ count: 2, metadata: { name: 'event-0' } });
});

test('what goes well does not hold back what does not', async () => {
  const words = [...same(25), { message: 'fails', type: 'Warning' }];
  expect((await correlated(words, 1)).at(-1)).toMatchObject({ message: 'fails', count: 1 });
});
