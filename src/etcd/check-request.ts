import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '../store/etcd/generated/etcd/rpc_pb.js';
import * as errors from './errors.ts';
import { isWithin, type KeyRange, rangeOf, writableKey } from './keys.ts';

/** Refuses what etcd refuses before it looks at any key. */

/** How many orders there are, and what may be ordered by. */
const sorts = { order: 3, target: 5 };
const isOneOf = (count: number, value: number) => value >= 0 && value < count;

export function checkRange({ key, sortOrder, sortTarget }: RangeRequest): void {
  if (key.length === 0) throw errors.emptyKey();
  if (!isOneOf(sorts.order, sortOrder) || !isOneOf(sorts.target, sortTarget)) throw errors.invalidSort();
}

export function checkPut(request: PutRequest): void {
  if (request.key.length === 0) throw errors.emptyKey();
  if (request.ignoreValue && request.value.length > 0) throw errors.valueProvided();
  if (request.ignoreLease && request.lease !== 0n) throw errors.leaseProvided();
  writableKey(request.key);
}

export function checkDelete({ key }: DeleteRangeRequest): void {
  if (key.length === 0) throw errors.emptyKey();
}

/**
 * In a transaction with all that are in it. etcd bounds them level by level alone, which lets one request of a megabyte have a hundred thousand: each
 * is compared with the others, and nobody else is served meanwhile.
 */
const mostOpsInAll = 8192;

export function checkTxn(request: TxnRequest, mostOps: number): void {
  checkOps(request, mostOps);
  if (countOps(request) > Math.max(mostOps, mostOpsInAll)) throw errors.tooManyOps();
  written(request.success);
  written(request.failure);
}

function checkOps(request: TxnRequest, mostOps: number): void {
  const ops = Math.max(request.compare.length, request.success.length, request.failure.length);
  if (ops > mostOps) throw errors.tooManyOps();
  if (request.compare.some(({ key }) => key.length === 0)) throw errors.emptyKey();
  for (const op of [...request.success, ...request.failure]) checkOp(op, mostOps - ops);
}

function countOps({ compare, success, failure }: TxnRequest): number {
  let count = compare.length + success.length + failure.length;
  for (const { request } of [...success, ...failure])
    if (request.case === 'requestTxn') count += countOps(request.value);
  return count;
}

function checkOp({ request }: RequestOp, mostOps: number): void {
  switch (request.case) {
    case 'requestRange':
      return checkRange(request.value);
    case 'requestPut':
      return checkPut(request.value);
    case 'requestDeleteRange':
      return checkDelete(request.value);
    case 'requestTxn':
      return checkOps(request.value, mostOps);
    default:
      throw errors.keyNotFound();
  }
}

/** Refuses a write that would take up more than `mostBytes`. */
export function checkSize(bytes: number, mostBytes: number): void {
  if (bytes > mostBytes) throw errors.requestTooLarge();
}

export const putBytes = ({ key, value }: PutRequest) => key.length + value.length;

/** Of the puts in both branches. */
export function txnBytes({ success, failure }: TxnRequest): number {
  let bytes = 0;
  for (const { request } of [...success, ...failure]) {
    if (request.case === 'requestPut') bytes += putBytes(request.value);
    else if (request.case === 'requestTxn') bytes += txnBytes(request.value);
  }
  return bytes;
}

interface Written {
  puts: Set<string>;
  deletes: KeyRange[];
}

/** The keys that a list of operations may write; throws where one may be written twice. */
function written(ops: readonly RequestOp[]): Written {
  const all: Written = { puts: new Set(), deletes: [] };
  for (const { request } of ops) {
    if (request.case === 'requestDeleteRange')
      all.deletes.push(rangeOf(request.value.key, request.value.rangeEnd));
  }
  for (const { request } of ops) if (request.case === 'requestTxn') addBranches(all, request.value);
  for (const { request } of ops) {
    if (request.case === 'requestPut') addPut(all, writableKey(request.value.key));
  }
  return all;
}

/** Of two branches only one is taken: both may write the same key. */
function addBranches(all: Written, { success, failure }: TxnRequest): void {
  const [yes, no] = [written(success), written(failure)];
  for (const key of yes.puts) addPut(all, key);
  for (const key of no.puts) addPut(all, key, yes.puts);
  all.deletes.push(...yes.deletes, ...no.deletes);
}

function addPut(all: Written, key: string, apart?: ReadonlySet<string>): void {
  const twice = all.puts.has(key) && !apart?.has(key);
  if (twice || all.deletes.some((range) => isWithin(key, range))) throw errors.duplicateKey();
  all.puts.add(key);
}
