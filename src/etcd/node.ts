import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { CopyableStore } from '../store/core/copying.ts';
import type { Store } from '../store/store.ts';
import type { Leases } from './leases.ts';
import type { Mvcc } from './mvcc.ts';

/** Who this server is: a cluster of one. */
export interface Identity {
  clusterId: bigint;
  memberId: bigint;
  name: string;
}

/** What the services work on. */
export interface EtcdNode {
  identity: Identity;
  mvcc: Mvcc;
  leases: Leases;
  store: CopyableStore;
  clock: Clock;
  random: Random;
  clientUrls: readonly string[];
  mostTxnOps: number;
  mostRequestBytes: number;
  progressEveryMs: number;
  /** What writes snapshots, such as `k8ts 0.1.0`. */
  writer: string;
}

/** What a message may be larger than the largest request, as in etcd. */
export const overheadBytes = 512 * 1024;

/** There is no election in a cluster of one, so the term never changes. */
export const raftTerm = 2n;

/** What stands at the head of every answer. */
export function headerOf({ identity, mvcc }: EtcdNode, revision = mvcc.revision) {
  const { clusterId, memberId } = identity;
  return { clusterId, memberId, revision: BigInt(revision), raftTerm };
}

/** The ids of this cluster; made when it is first asked for them. */
export async function identityOf(store: Store, random: Random, name: string): Promise<Identity> {
  const found = await store.get('identity');
  const ids: [string, string] = found
    ? (JSON.parse(Buffer.from(found.value).toString()) as [string, string])
    : [newId(random), newId(random)];
  const value = Buffer.from(JSON.stringify(ids));
  if (!found) await store.commit({ writes: [{ type: 'put', key: 'identity', value, expected: 0 }] });
  return { clusterId: BigInt(ids[0]), memberId: BigInt(ids[1]), name };
}

const newId = (random: Random) => String(Buffer.from(random.bytes(8)).readBigUInt64BE() | 1n);
