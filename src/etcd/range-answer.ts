import {
  RangeRequest_SortOrder as Order,
  RangeRequest_SortTarget as Target,
} from '../store/etcd/generated/etcd/rpc_pb.js';
import type { RangeRequest } from '../store/etcd/generated/etcd/rpc_pb.js';
import { keyValue, type Record } from './record.ts';

/** Filters, orders and cuts what was found in a range as the request wants it. */
export function rangeAnswer(request: RangeRequest, found: readonly Record[]) {
  const count = BigInt(found.length);
  if (request.countOnly) return { kvs: [], more: false, count };
  const kept = sorted(request, filtered(request, found));
  const limit = request.limit > 0n ? Number(request.limit) : kept.length;
  const kvs = kept.slice(0, limit).map((record) => keyValue(record, { keysOnly: request.keysOnly }));
  return { kvs, more: kept.length > limit, count };
}

function filtered(request: RangeRequest, found: readonly Record[]): readonly Record[] {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (!(minModRevision || maxModRevision || minCreateRevision || maxCreateRevision)) return found;
  return found.filter(
    ({ modRevision, createRevision }) =>
      within(modRevision, minModRevision, maxModRevision) &&
      within(createRevision, minCreateRevision, maxCreateRevision),
  );
}

function within(revision: number, min: bigint, max: bigint): boolean {
  return (min === 0n || revision >= min) && (max === 0n || revision <= max);
}

function sorted(request: RangeRequest, found: readonly Record[]): readonly Record[] {
  const { sortTarget, sortOrder } = request;
  if (sortTarget === Target.KEY && sortOrder !== Order.DESCEND) return found;
  const compare = comparisons[sortTarget];
  const sign = sortOrder === Order.DESCEND ? -1 : 1;
  return [...found].sort((a, b) => sign * compare(a, b));
}

const comparisons: { [target in Target]: (a: Record, b: Record) => number } = {
  [Target.KEY]: (a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)),
  [Target.VERSION]: (a, b) => a.version - b.version,
  [Target.CREATE]: (a, b) => a.createRevision - b.createRevision,
  [Target.MOD]: (a, b) => a.modRevision - b.modRevision,
  [Target.VALUE]: (a, b) => Buffer.compare(a.value, b.value),
};
