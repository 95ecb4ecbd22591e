import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { TxnRequestSchema } from '../store/etcd/generated/etcd/rpc_pb.js';
import { checkTxn } from './check-request.ts';

type Txn = MessageInitShape<typeof TxnRequestSchema>;

/** So many transactions in it, each with so many in it, and so on; at the end puts, each of a key of its own. */
function nested(counts: readonly number[], key = ''): Txn {
  const [count = 0, ...rest] = counts;
  const op = (i: number) => {
    const own = `${key}/${i}`;
    return rest.length > 0
      ? { case: 'requestTxn' as const, value: nested(rest, own) }
      : { case: 'requestPut' as const, value: { key: Buffer.from(own) } };
  };
  return { success: Array.from({ length: count }, (_, i) => ({ request: op(i) })) as Txn['success'] };
}

const check = (counts: readonly number[], mostOps = 128) =>
  checkTxn(create(TxnRequestSchema, nested(counts)), mostOps);

test.each([
  ['as many as there may be', [128]],
  ['less and less of them, level by level', [64, 32, 2]],
  ['deep ones', Array.from({ length: 128 }, () => 1)],
])('a transaction is taken with %s', (_what, counts) => {
  check(counts);
});

test.each([
  ['one too many', [129]],
  ['one too many below', [64, 65]],
  ['one too deep', Array.from({ length: 129 }, () => 1)],
  ['too many in all', [42, 42, 42]],
])('a transaction is refused with %s', (_what, counts) => {
  expect(() => check(counts)).toThrow('etcdserver: too many operations in txn request');
});

test('who lets more be in one level lets as many be in all', () => {
  check([10_000], 10_000);
  expect(() => check([100, 100, 10], 10_000)).toThrow('too many operations');
});
