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
  const kept = sorted(request, filtered(request, firstOf(request, found)));
  const limit = request.limit > 0n ? Number(request.limit) : kept.length;
  const kvs = kept.slice(0, limit).map((record) => keyValue(record, { keysOnly: request.keysOnly }));
  return { kvs, more: kept.length > limit, count };
}

/** Where no order and no filter is given, etcd cuts what it found, by one more than the limit, before it sorts. */
function firstOf(request: RangeRequest, found: readonly Record[]): readonly Record[] {
  const cutsLater = request.sortOrder !== Order.NONE || hasFilter(request) || request.limit <= 0n;
  return cutsLater ? found : found.slice(0, Number(request.limit) + 1);
}

function hasFilter(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return Boolean(minModRevision || maxModRevision || minCreateRevision || maxCreateRevision);
}

function filtered(request: RangeRequest, found: readonly Record[]): readonly Record[] {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (!hasFilter(request)) return found;
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
