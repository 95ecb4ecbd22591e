import { KV } from '../store/etcd/generated/etcd/rpc_pb.js';
import type { CompactionRequest, RangeRequest, TxnRequest } from '../store/etcd/generated/etcd/rpc_pb.js';
import {
  checkDelete,
  checkPut,
  checkRange,
  checkSize,
  checkTxn,
  putBytes,
  txnBytes,
} from './check-request.ts';
import { rangeOf } from './keys.ts';
import { type EtcdNode, headerOf } from './node.ts';
import { rangeAnswer } from './range-answer.ts';
import { type Route, unary } from './service.ts';
import { Draft } from './txn-plan.ts';

/** Keys and values. */
export function kvService(node: EtcdNode): Route[] {
  const { method } = KV;
  return [
    unary(method.range, (request) => range(node, request)),
    unary(method.put, async (request) => {
      checkPut(request);
      checkSize(putBytes(request), node.mostRequestBytes);
      return write(node, async (draft) => {
        await draft.checkPut(request);
        return draft.put(request);
      });
    }),
    unary(method.deleteRange, async (request) => {
      checkDelete(request);
      return write(node, (draft) => draft.deleteRange(request));
    }),
    unary(method.txn, (request) => txn(node, request)),
    unary(method.compact, (request) => compact(node, request)),
  ];
}

/** Carries out what one request drafts, in one revision. */
export async function write<T>(node: EtcdNode, make: (draft: Draft) => Promise<T>) {
  const { answer, revision } = await node.mvcc.write(async (view) => {
    const draft = new Draft(view, (id) => node.leases.has(id));
    const answer = await make(draft);
    return { changes: draft.changes, answer };
  });
  return { ...answer, header: headerOf(node, revision) };
}

async function range(node: EtcdNode, request: RangeRequest) {
  checkRange(request);
  const atRevision = request.revision > 0n ? Number(request.revision) : undefined;
  const found = await node.mvcc.read(rangeOf(request.key, request.rangeEnd), { atRevision, onDemand: true });
  const header = headerOf(node, atRevision === undefined ? found.revision : node.mvcc.revision);
  return { ...rangeAnswer(request, found.records), header };
}

/** A transaction in an answer has a header as well: that of the whole is the only one that tells more than a revision. */
export async function txn(node: EtcdNode, request: TxnRequest) {
  checkTxn(request, node.mostTxnOps);
  checkSize(txnBytes(request), node.mostRequestBytes);
  return write(node, (draft) => draft.txn(request));
}

/** As in etcd, only who asks for it waits until the past is off the disk. What fails there is done at the next compaction. */
async function compact(node: EtcdNode, { revision, physical }: CompactionRequest) {
  const done = node.mvcc.compact(Number(revision));
  if (physical) await done;
  else done.catch(() => {});
  return { header: headerOf(node) };
}
