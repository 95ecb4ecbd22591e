import { expect, test } from 'vitest';
import { checkLedger } from './check-ledger.ts';
import type { Entry, Version } from './ledger.ts';

const version = (key: string, revision: number, token = `${key}${revision}`, uid = `u-${key}`): Version => ({
  key,
  uid,
  token,
  revision,
});
let ops = 0;
const invoke = (op: number, key: string, token: string, verb: 'create' | 'update' = 'update'): Entry => ({
  type: 'invoke',
  op,
  write: { verb, key, token },
});
/** An acknowledged put. */
const put = (written: Version): Entry[] => {
  const op = ops++;
  return [invoke(op, written.key, written.token), { type: 'ack', op, version: written }];
};
/** A put without an answer. */
const lostPut = (key: string, token: string): Entry[] => [invoke(ops++, key, token)];
const refusedPut = (key: string, token: string): Entry[] => {
  const op = ops++;
  return [invoke(op, key, token), { type: 'refused', op }];
};
const deletion = (key: string, expected?: number, uid = `u-${key}`): Entry => ({
  type: 'invoke',
  op: ops++,
  write: { verb: 'delete', key, uid, expected },
});
const acknowledged = (entry: Entry): Entry[] => [entry, { type: 'ack', op: (entry as { op: number }).op }];
const restart = (revision: number, ...versions: Version[]): Entry[] => [
  { type: 'crash' },
  { type: 'restart', revision, versions },
];
const watch = (after: number, ...base: Version[]): Entry => ({ type: 'watch', watcher: 'w', after, base });
const event = (written: Version, deleted = false): Entry => ({
  type: 'event',
  watcher: 'w',
  told: { ...written, deleted },
});

/** The kinds of what is found. Operations number themselves while a ledger is written down. */
function ledger(make: () => (Entry | Entry[])[]): string[] {
  ops = 0;
  return [...new Set(checkLedger(make().flat()).map(({ kind }) => kind))];
}

const [a1, a2, b3] = [version('a', 1), version('a', 2), version('b', 3)];

test('acknowledged writes that are there are fine, before and after a crash', () => {
  const found = ledger(() => [
    watch(0),
    put(a1),
    event(a1),
    put(a2),
    event(a2),
    put(b3),
    restart(3, a2, b3),
    event(b3),
  ]);
  expect(found).toEqual([]);
});

test('a write without an answer may be done or not', () => {
  expect(ledger(() => [put(a1), lostPut('a', 'a2'), restart(1, a1)])).toEqual([]);
  expect(ledger(() => [put(a1), lostPut('a', 'a2'), restart(2, a2), put(b3), restart(3, a2, b3)])).toEqual(
    [],
  );
});

test('a deletion without an answer may be done or not', () => {
  expect(ledger(() => [put(a1), deletion('a'), restart(2)])).toEqual([]);
  expect(ledger(() => [put(a1), deletion('a'), restart(1, a1)])).toEqual([]);
  expect(ledger(() => [put(a1), acknowledged(deletion('a')), restart(2)])).toEqual([]);
});

test('a lost acknowledged write is found', () => {
  expect(ledger(() => [put(a1), put(a2), restart(2, a1)])).toEqual(['lost']);
  expect(ledger(() => [put(a1), restart(1)])).toEqual(['lost']);
});

test('a store that went back is found, also where only another key was written', () => {
  expect(ledger(() => [put(a1), put(b3), restart(1, a1)])).toEqual(['lost']);
});

test('a deletion of an older version explains nothing', () => {
  expect(ledger(() => [put(a1), deletion('a', 1), put(a2), restart(2)])).toEqual(['lost']);
});

test('a deletion of a killed server does not explain what is missing later', () => {
  const make = () => [put(a1), deletion('a'), restart(1, a1), put(a2), restart(2)];
  expect(ledger(make)).toEqual(['lost']);
});

test('a deleted object that is back is found', () => {
  expect(ledger(() => [put(a1), acknowledged(deletion('a')), restart(2, a1)])).toEqual(['resurrected']);
  const make = () => [watch(0), put(a1), event(a1), event(version('a', 2, 'a1'), true), put(version('a', 4))];
  expect(ledger(make)).toEqual(['resurrected']);
});

test('a write that was not done, and is later, is found', () => {
  const make = () => [
    put(a1),
    lostPut('a', 'late'),
    restart(1, a1),
    watch(1, a1),
    event(version('a', 2, 'late')),
  ];
  expect(ledger(make)).toEqual(['resurrected']);
});

test('a revision with two contents is found, also where only a watcher saw the first', () => {
  const make = () => [
    watch(0),
    lostPut('a', 'x'),
    event(version('a', 1, 'x')),
    restart(0),
    put(version('b', 1)),
  ];
  expect(ledger(make)).toContain('reused revision');
  expect(ledger(() => [put(a1), put(version('b', 1))])).toContain('reused revision');
});

test('an event before its write was durable is found', () => {
  const make = () => [put(a1), watch(1, a1), lostPut('a', 'x'), event(version('a', 2, 'x')), restart(5, a1)];
  expect(ledger(make)).toEqual(['shown too early']);
});

test('a watcher that misses a change or a deletion is found', () => {
  expect(ledger(() => [watch(0), put(a1), put(a2), put(b3), event(a1), event(b3)])).toEqual(['gap']);
  const make = () => [
    put(a1),
    watch(1, a1),
    acknowledged(deletion('a')),
    put(b3),
    { type: 'list', revision: 3, versions: [b3] } as Entry,
    event(b3),
  ];
  expect(ledger(make)).toEqual(['gap']);
});

test('a watcher that is told twice, or not in order, is found', () => {
  expect(ledger(() => [watch(0), put(a1), event(a1), event(a1)])).toEqual(['duplicate']);
  expect(ledger(() => [watch(0), put(a1), put(a2), event(a2), event(a1)])).toEqual(['duplicate']);
});

test('a list of the newest that misses what was acknowledged is found', () => {
  const list = (askedAt?: number): Entry => ({ type: 'list', revision: 1, versions: [a1], askedAt });
  expect(ledger(() => [put(a1), put(a2), list(4)])).toEqual(['stale']);
  expect(ledger(() => [put(a1), put(a2), list(2)])).toEqual([]);
  expect(ledger(() => [put(a1), put(a2), list()])).toEqual([]);
});

test('a past that is not as it was is found', () => {
  const past: Entry = { type: 'list', revision: 2, versions: [a1] };
  expect(ledger(() => [put(a1), put(a2), put(b3), past])).toEqual(['lost']);
});

test('a refused write that was done, and what nobody wrote, are found', () => {
  expect(ledger(() => [refusedPut('a', 'a1'), restart(1, a1)])).toEqual(['refused but done']);
  expect(ledger(() => [restart(1, a1)])).toEqual(['invented']);
});
