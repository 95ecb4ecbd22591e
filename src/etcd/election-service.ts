import { create } from '@bufbuild/protobuf';
import { Election } from '../store/etcd/generated/etcd/election_pb.js';
import type { LeaderKey, LeaderRequest, LeaderResponse } from '../store/etcd/generated/etcd/election_pb.js';
import { PutRequestSchema } from '../store/etcd/generated/etcd/rpc_pb.js';
import type { WatchHandle } from '../store/store.ts';
import { EtcdError } from './errors.ts';
import { prefixOf, storeKey } from './keys.ts';
import { write } from './kv-service.ts';
import { type EtcdNode, headerOf } from './node.ts';
import { keyValue } from './record.ts';
import { type Route, type StreamCall, streaming, unary } from './service.ts';
import { becomeFirst, below, enter, firstOf, lineOf } from './waiting-line.ts';

const noLeader = () => new EtcdError('Unavailable', 'election: no leader');
const notLeader = () => new EtcdError('Internal', 'election: not leader');

/** Elections: who stands first in the line of a name leads. */
export function electionService(node: EtcdNode): Route[] {
  const { method } = Election;
  return [
    unary(method.campaign, async ({ name, lease, value }, { signal }) => {
      const place = await enter(node, { name, lease, value });
      await becomeFirst(node, { name, ...place }, signal);
      const { key, createRevision } = place;
      const leader = { name, key, rev: BigInt(createRevision), lease: place.lease };
      return { header: headerOf(node), leader };
    }),
    unary(method.proclaim, ({ leader, value }) => proclaim(node, { leader, value })),
    unary(method.leader, async ({ name }) => {
      const first = await firstOf(node, name);
      if (!first) throw noLeader();
      return { header: headerOf(node), kv: keyValue(first) };
    }),
    streaming(method.observe, (call) => observe(node, call as never)),
    unary(method.resign, ({ leader }) => resign(node, leader)),
  ];
}

async function proclaim(node: EtcdNode, { leader, value }: { leader?: LeaderKey; value: Uint8Array }) {
  if (!leader) throw new EtcdError('InvalidArgument', '"leader" field must be provided');
  const { header } = await write(node, async (draft) => {
    const [found] = await draft.at({ from: storeKey(leader.key), single: true });
    if (BigInt(found?.createRevision ?? 0) !== leader.rev) throw notLeader();
    const put = create(PutRequestSchema, { key: leader.key, value, lease: leader.lease });
    await draft.checkPut(put);
    return draft.put(put);
  });
  return { header };
}

async function resign(node: EtcdNode, leader?: LeaderKey) {
  if (!leader) throw new EtcdError('InvalidArgument', '"leader" field must be provided');
  const { header } = await write(node, async (draft) => {
    const [found] = await draft.at({ from: storeKey(leader.key), single: true });
    if (BigInt(found?.createRevision ?? 0) !== leader.rev) return { removed: false };
    return draft.remove(storeKey(leader.key));
  });
  return { header };
}

/** Tells who leads and what it proclaims, whenever that changes. */
function observe(node: EtcdNode, call: StreamCall<LeaderRequest, Partial<LeaderResponse>>): void {
  let handle: WatchHandle | undefined;
  let over = false;
  let isBehind = false;
  call.onClose(() => {
    over = true;
    handle?.stop();
  });
  call.onMessage(({ name }) => {
    let told = 0;
    const tell = async () => {
      const first = await firstOf(node, name);
      if (over || isBehind || !first || first.modRevision <= told) return;
      told = first.modRevision;
      isBehind = !call.write({ header: headerOf(node), kv: keyValue(first) } as never);
    };
    const fail = (error: unknown) => call.end(error);
    // What was missed meanwhile is past: who leads now is told.
    call.onDrain(() => {
      isBehind = false;
      tell().catch(fail);
    });
    const watcher = { onBatch: () => void tell().catch(fail), onEnd: fail };
    node.store.watch(prefixOf(below(lineOf(name))), node.mvcc.revision, watcher).then((started) => {
      handle = started;
      if (over) return started.stop();
      return tell();
    }, fail);
  });
}
