import type { MessageInitShape } from '@bufbuild/protobuf';
import { StoreError, type Write } from '../store.ts';
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  type CompareSchema,
  type RequestOpSchema,
  type TxnRequestSchema,
  type TxnResponse,
} from './generated/etcd/rpc_pb.js';

type Op = MessageInitShape<typeof RequestOpSchema>;
type Condition = MessageInitShape<typeof CompareSchema>;

/** A commit in the words of etcd. */
export interface TransactionPlan {
  /** Stands in the value of `cause`. */
  id: string;
  writes: readonly Write[];
  wire(key: string): Uint8Array;
  /** Written at the same revision as `writes`, where there is room for it. */
  cause: undefined | { key: Uint8Array; value: Uint8Array };
  /** Must have been written this many times, or nothing is done. */
  fence: { key: Uint8Array; version: bigint };
  leaseOf(seconds: number): bigint;
}

/** What etcd did with a transaction. */
export type TransactionOutcome =
  | { type: 'committed'; revision: number }
  | { type: 'conflict'; error: StoreError }
  /** Nothing was done, for a passing reason. */
  | { type: 'undone' }
  /** Nothing was done, since the fence has been written this many times. */
  | { type: 'fenced'; version: bigint };

type Expecting = Write & { expected: number };

const isExpecting = (write: Write): write is Expecting => write.expected !== undefined;

/** All writes and the cause at one revision, or what stands where an expectation fails. */
export function transactionOf(plan: TransactionPlan): MessageInitShape<typeof TxnRequestSchema> {
  const expecting = plan.writes.filter(isExpecting);
  return {
    compare: [fenceHolds(plan), ...expecting.map((write) => holds(write, plan))],
    success: [...plan.writes.map((write) => opOf(write, plan)), ...(plan.cause ? [putOf(plan.cause)] : [])],
    failure: [look(plan.fence.key), ...expecting.map((write) => look(plan.wire(write.key)))],
  };
}

export function outcomeOf(plan: TransactionPlan, answer: TxnResponse): TransactionOutcome {
  if (answer.succeeded) return { type: 'committed', revision: Number(answer.header?.revision) };
  const found = answer.responses.map(({ response }) =>
    response.case === 'responseRange' ? response.value.kvs[0] : undefined,
  );
  const expecting = plan.writes.filter(isExpecting);
  for (const [i, { key, expected }] of expecting.entries()) {
    const actual = Number(found[i + 1]?.modRevision ?? 0);
    if (actual !== expected) return { type: 'conflict', error: conflict({ key, expected, actual }) };
  }
  return { type: 'fenced', version: found[0]?.version ?? 0n };
}

function conflict({ key, expected, actual }: { key: string; expected: number; actual: number }): StoreError {
  const stands = actual === 0 ? 'does not exist' : `is at revision ${actual}`;
  const wanted = expected === 0 ? 'expected it not to' : `not ${expected}`;
  return new StoreError('Conflict', `${key} ${stands}, ${wanted}`, { key, actual });
}

function fenceHolds({ fence }: TransactionPlan): Condition {
  return {
    key: fence.key,
    result: Compare_CompareResult.EQUAL,
    target: Compare_CompareTarget.VERSION,
    targetUnion: { case: 'version', value: fence.version },
  };
}

function holds({ key, expected }: Expecting, plan: TransactionPlan): Condition {
  return {
    key: plan.wire(key),
    result: Compare_CompareResult.EQUAL,
    target: Compare_CompareTarget.MOD,
    targetUnion: { case: 'modRevision', value: BigInt(expected) },
  };
}

function opOf(write: Write, plan: TransactionPlan): Op {
  const key = plan.wire(write.key);
  if (write.type === 'delete') return { request: { case: 'requestDeleteRange', value: { key } } };
  const lease = write.leaseSeconds ? plan.leaseOf(write.leaseSeconds) : 0n;
  return putOf({ key, value: write.value, lease });
}

function putOf(value: { key: Uint8Array; value: Uint8Array; lease?: bigint }): Op {
  return { request: { case: 'requestPut', value } };
}

function look(key: Uint8Array): Op {
  return { request: { case: 'requestRange', value: { key, keysOnly: true } } };
}
