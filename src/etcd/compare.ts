import {
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
} from '../store/etcd/generated/etcd/rpc_pb.js';
import type { Compare } from '../store/etcd/generated/etcd/rpc_pb.js';
import type { Record } from './record.ts';

const absent: Record = {
  key: '',
  value: new Uint8Array(),
  version: 0,
  lease: 0n,
  createRevision: 0,
  modRevision: 0,
};

/** Whether a comparison holds for all that stands in its range. A value that is not there compares to nothing. */
export function holds(compare: Compare, found: readonly Record[]): boolean {
  if (found.length > 0) return found.every((record) => holdsFor(compare, record));
  return compare.target !== Target.VALUE && holdsFor(compare, absent);
}

function holdsFor(compare: Compare, record: Record): boolean {
  const order = orderOf(compare, record);
  switch (compare.result) {
    case Result.EQUAL:
      return order === 0;
    case Result.NOT_EQUAL:
      return order !== 0;
    case Result.GREATER:
      return order > 0;
    case Result.LESS:
      return order < 0;
    default:
      return true;
  }
}

function orderOf({ target, targetUnion: { case: name, value } }: Compare, record: Record): number {
  switch (target) {
    case Target.VALUE:
      return Buffer.compare(record.value, name === 'value' ? value : absent.value);
    case Target.CREATE:
      return order(record.createRevision, name === 'createRevision' ? value : 0n);
    case Target.MOD:
      return order(record.modRevision, name === 'modRevision' ? value : 0n);
    case Target.VERSION:
      return order(record.version, name === 'version' ? value : 0n);
    case Target.LEASE:
      return order(record.lease, name === 'lease' ? value : 0n);
    default:
      return 0;
  }
}

function order(a: number | bigint, b: bigint): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}
