import { describe, expect, test } from 'vitest';
import { CachedItem } from './cached-item.ts';
import { encodeStored } from './encoding.ts';
import { EventWindow } from './event-window.ts';

const codec = { encodeProtobuf: () => '', freeze: true };
const item = (revision: number, size = 10) =>
  new CachedItem(
    'k',
    revision,
    encodeStored({ metadata: { name: 'k', annotations: { a: 'x'.repeat(size) } } }),
    codec,
  );

function filled(limits: { events: number; bytes: number }, revisions: number[], size?: number): EventWindow {
  const window = new EventWindow(limits, 1);
  for (const revision of revisions)
    window.push({ revision, item: item(revision, size), previous: undefined });
  return window;
}

describe('the window of events', () => {
  test('finds the first event after a revision', () => {
    const window = filled({ events: 10, bytes: 1e6 }, [3, 5, 9]);
    expect([1, 3, 4, 5, 9, 99].map((r) => window.at(window.sequenceAfter(r))?.revision)).toEqual([
      3,
      5,
      5,
      9,
      undefined,
      undefined,
    ]);
    expect(window.completeAfter).toBe(1);
  });

  test('forgets the oldest events beyond its count', () => {
    const window = filled(
      { events: 100, bytes: 1e9 },
      Array.from({ length: 1000 }, (_, i) => i + 2),
    );
    expect(window.completeAfter).toBe(901);
    expect(window.at(window.sequenceAfter(901))?.revision).toBe(902);
    expect(window.reaches(899)).toBe(false);
    expect(window.reaches(900)).toBe(true);
    expect(window.nextSequence).toBe(1000);
  });

  test('forgets beyond its bytes, but never the newest', () => {
    const window = filled({ events: 100, bytes: 5000 }, [2, 3, 4], 4000);
    expect(window.completeAfter).toBe(3);
    expect(window.at(window.sequenceAfter(3))?.revision).toBe(4);
  });
});
