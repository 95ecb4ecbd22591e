import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { encodeCause } from './cause-record.ts';
import { type EventSchema, Event_EventType } from './generated/etcd/kv_pb.js';
import { WatchResponseSchema } from './generated/etcd/rpc_pb.js';
import { Keyspace } from './keyspace.ts';
import { type RawRevision, readRevision, RevisionAssembler } from './watch-events.ts';

type EventInit = MessageInitShape<typeof EventSchema>;

const utf8 = (text: string) => Buffer.from(text);

function putEvent(
  key: string,
  at: number,
  more: { version?: number; before?: number; value?: string } = {},
): EventInit {
  const { version = 1, before, value = '' } = more;
  const wire = utf8(key);
  return {
    type: Event_EventType.PUT,
    kv: {
      key: wire,
      value: utf8(value),
      modRevision: BigInt(at),
      createRevision: 1n,
      version: BigInt(version),
    },
    ...(before && { prevKv: { key: wire, modRevision: BigInt(before), createRevision: 1n } }),
  };
}

const deleteEvent = (key: string, at: number, before?: { revision: number; lease?: bigint }): EventInit => ({
  type: Event_EventType.DELETE,
  kv: { key: utf8(key), modRevision: BigInt(at) },
  ...(before && {
    prevKv: { key: utf8(key), modRevision: BigInt(before.revision), lease: before.lease ?? 0n },
  }),
});

const response = (events: EventInit[], fragment = false) => create(WatchResponseSchema, { events, fragment });
const raw = (...events: EventInit[]): RawRevision =>
  new RevisionAssembler().push(response(events))[0] as RawRevision;
const shape = (revisions: readonly RawRevision[]) => revisions.map((r) => [r.revision, r.events.length]);

test('an answer with several revisions comes apart, in order', () => {
  const events = [putEvent('/a', 5), putEvent('/b', 5), putEvent('/a', 6), putEvent('/c', 9)];
  expect(shape(new RevisionAssembler().push(response(events)))).toEqual([
    [5, 2],
    [6, 1],
    [9, 1],
  ]);
});

test('a revision whose parts come one by one is given once, whole', () => {
  const assembler = new RevisionAssembler();
  expect(assembler.push(response([putEvent('/a', 5), putEvent('/b', 6)], true))).toEqual([]);
  expect(assembler.push(response([putEvent('/c', 6)], true))).toEqual([]);
  expect(shape(assembler.push(response([putEvent('/d', 6), putEvent('/a', 7)])))).toEqual([
    [5, 1],
    [6, 3],
    [7, 1],
  ]);
  expect(shape(assembler.push(response([putEvent('/a', 8)])))).toEqual([[8, 1]]);
});

test('an answer without events is nothing', () => {
  expect(new RevisionAssembler().push(response([]))).toEqual([]);
});

const keyspace = new Keyspace('');

test('the cause of a revision is no event of its own', () => {
  const cause = { actor: 'me', reason: 'Because.' };
  const value = encodeCause({ timeMs: 7, id: 'x-1', cause }).toString();
  const read = readRevision(
    raw(putEvent('/a', 5), putEvent('/k8ts.io/cause', 5, { version: 3, value })),
    keyspace,
  );
  expect(read).toMatchObject({ record: { timeMs: 7, id: 'x-1' }, batch: { revision: 5, cause } });
  expect(read?.batch?.events).toHaveLength(1);
});

test('what the store keeps for itself makes no batch', () => {
  expect(readRevision(raw(putEvent('/k8ts.io/compacted', 5)), keyspace)).toEqual({ record: undefined });
  expect(readRevision(raw(putEvent('/elsewhere/a', 5)), new Keyspace('/here'))).toEqual({
    record: undefined,
  });
});

test('a deletion of what had a lease, without a commit, is an expiry', () => {
  const one = readRevision(raw(deleteEvent('/a', 9, { revision: 4, lease: 1n })), keyspace);
  expect(one?.batch?.cause).toEqual({ actor: 'store', key: '/a', revision: 4, reason: 'expired' });
  const two = raw(
    deleteEvent('/a', 9, { revision: 4, lease: 1n }),
    deleteEvent('/b', 9, { revision: 5, lease: 1n }),
  );
  expect(readRevision(two, keyspace)?.batch?.cause).toEqual({ actor: 'store', reason: 'expired' });
  const plain = readRevision(raw(deleteEvent('/a', 9, { revision: 4 })), keyspace);
  expect(plain?.batch?.cause).toBeUndefined();
});

test('an event that lacks what stood before is not told at all', () => {
  expect(readRevision(raw(putEvent('/a', 5, { version: 2 })), keyspace)).toBeUndefined();
  expect(readRevision(raw(deleteEvent('/a', 5)), keyspace)).toBeUndefined();
  expect(
    readRevision(raw(putEvent('/a', 5, { version: 2, before: 3 })), keyspace)?.batch?.events[0],
  ).toMatchObject({
    previous: { revision: 3 },
  });
});
