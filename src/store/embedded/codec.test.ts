import { assert, nat, option, property, record, string, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { positionOf, positionsOf } from '../core/log.ts';
import { decodeChange, decodeHead, encodeChange, encodeHead } from './codec.ts';

const text = string({ unit: 'binary', minLength: 1 });
const position = record({ revision: nat(2 ** 33), index: nat(9999) }).map((p) =>
  positionsOf(p.revision, 10_000)(p.index),
);
const drawn = record({
  position,
  key: text,
  value: option(
    uint8Array().map((value) => Buffer.from(value)),
    { nil: undefined },
  ),
  createRevision: nat(2 ** 40),
  previous: position,
  replacedBytes: nat(),
  timeMs: nat(2 ** 45),
  expiresMs: nat(2 ** 45),
  cause: option(record({ actor: text, reason: text, revision: nat(), key: text }), { nil: undefined }),
});

/** The version before is always an earlier one. */
const change = drawn.map(({ position, previous, ...rest }) => {
  const [earlier, later] = [Math.min(position, previous), Math.max(position, previous)];
  return { ...rest, position: later, previous: earlier === later ? 0 : earlier };
});

test('a change that says it came after itself, or after a later one, is refused', () => {
  const position = positionOf(7);
  const rest = { key: '/a', value: undefined, createRevision: 7, replacedBytes: 0, timeMs: 1, expiresMs: 0 };
  for (const previous of [position, positionOf(8), Number.NaN]) {
    const bytes = encodeChange({ ...rest, position, previous });
    expect(() => decodeChange(position, bytes)).toThrow('record of revision 7 is broken');
  }
});

test('a change comes back as it was', () => {
  assert(
    property(change, (change) => {
      expect(decodeChange(change.position, encodeChange(change))).toEqual(change);
    }),
  );
});

test('a change with any one byte other than it was is refused', () => {
  assert(
    property(change, nat(), nat(254), (change, where, by) => {
      const bytes = encodeChange(change);
      const at = where % bytes.length;
      bytes[at] = (bytes[at] as number) ^ (by + 1);
      expect(() => decodeChange(change.position, bytes)).toThrow('is broken');
    }),
  );
});

test('a change that lost its end is refused', () => {
  const bytes = encodeChange({
    position: positionOf(7),
    key: '/a',
    value: Buffer.from('value'),
    createRevision: 7,
    previous: 0,
    replacedBytes: 0,
    timeMs: 1,
    expiresMs: 0,
  });
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeChange(positionOf(7), bytes.subarray(0, length))).toThrow(
      'record of revision 7 is broken',
    );
  }
});

test('a head comes back as it was', () => {
  const head = record({ position, createRevision: nat(2 ** 40), sizeBytes: nat(), expiresMs: nat(2 ** 45) });
  assert(
    property(head, (head) => {
      expect(decodeHead(encodeHead(head))).toEqual(head);
    }),
  );
});
