import { expect, test } from 'vitest';
import { type Change, type LogEngine, positionOf } from './log.ts';
import { eventOf } from './replay.ts';

const change = (revision: number, more: Partial<Change> = {}): Change => ({
  position: positionOf(revision),
  key: '/a',
  value: Buffer.from(`at ${revision}`),
  createRevision: 1,
  previous: 0,
  replacedBytes: 0,
  timeMs: 0,
  expiresMs: 0,
  ...more,
});

test('what stood there before an event is read when somebody asks, and once', () => {
  const read: number[] = [];
  const engine = {
    change(position: number) {
      read.push(position);
      return change(1);
    },
  } as Partial<LogEngine> as LogEngine;
  const put = eventOf(engine, change(2, { previous: positionOf(1) }));
  const gone = { value: undefined, createRevision: 0 };
  const deletion = eventOf(engine, change(3, { ...gone, previous: positionOf(1) }));
  expect([put, deletion]).toMatchObject([{ entry: { revision: 2 } }, { key: '/a', revision: 3 }]);
  expect(read).toEqual([]);
  for (const event of [put, put, deletion])
    expect(event.previous).toMatchObject({ revision: 1, createRevision: 1 });
  expect(read).toEqual([positionOf(1), positionOf(1)]);
  expect(eventOf(engine, change(1)).previous).toBeUndefined();
  expect(eventOf(engine, change(4, gone)).previous).toMatchObject({ revision: 0 });
});
