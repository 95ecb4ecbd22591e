import { createHash } from 'node:crypto';
import { Auth, Cluster, Maintenance } from '../store/etcd/generated/etcd/rpc_pb.js';
import { etcdSectorBytes } from '../store/snapshot/format.ts';
import { writeSnapshot } from '../store/snapshot/write.ts';
import * as errors from './errors.ts';
import { EtcdError } from './errors.ts';
import { type EtcdNode, headerOf, raftTerm } from './node.ts';
import { encodeRecord } from './record.ts';
import { leasesFile } from './snapshot.ts';
import { type Route, streaming, type StreamCall, unary } from './service.ts';

/** The version of etcd whose interface this is. */
export const etcdVersion = '3.5.0';

const oneNode = (what: string) =>
  new EtcdError('FailedPrecondition', `etcdserver: this is a cluster of one node: ${what}`);

/** The server itself: how it is, its whole content, its upkeep. */
export function maintenanceService(node: EtcdNode): Route[] {
  const { method } = Maintenance;
  return [
    unary(method.alarm, async () => ({ header: headerOf(node), alarms: [] })),
    unary(method.status, () => statusOf(node)),
    unary(method.defragment, async () => ({ header: headerOf(node) })),
    unary(method.hashKV, ({ revision }) => hashOf(node, Number(revision))),
    streaming(method.snapshot, (call) => void sendSnapshot(node, call)),
    unary(method.moveLeader, async ({ targetID }) => {
      if (targetID === node.identity.memberId) return { header: headerOf(node) };
      throw new EtcdError('FailedPrecondition', 'etcdserver: bad leader transferee');
    }),
  ];
}

/** A cluster that has one member and stays so. */
export function clusterService(node: EtcdNode): Route[] {
  const { method } = Cluster;
  const { memberId: ID, name } = node.identity;
  const member = () => ({ ID, name, peerURLs: [], clientURLs: [...node.clientUrls] });
  // What members there are is no matter of revisions: etcd tells none here.
  const header = { ...headerOf(node), revision: 0n };
  const known = (id: bigint) => {
    if (id !== ID) throw errors.memberNotFound();
  };
  return [
    unary(method.memberList, async () => ({ header, members: [member()] })),
    unary(method.memberAdd, async () => {
      throw oneNode('members cannot be added');
    }),
    unary(method.memberRemove, async (request) => {
      known(request.ID);
      throw oneNode('its member cannot be removed');
    }),
    unary(method.memberUpdate, async (request) => {
      known(request.ID);
      throw oneNode('its member has no peers');
    }),
    unary(method.memberPromote, async (request) => {
      known(request.ID);
      throw new EtcdError('FailedPrecondition', 'etcdserver: can only promote a learner member');
    }),
  ];
}

/** There are no users and no roles here, and none can be made: who may connect, may do everything. */
export function authService(node: EtcdNode): Route[] {
  const { method } = Auth;
  const header = () => headerOf(node);
  const fails = (error: () => EtcdError) => async () => {
    throw error();
  };
  return [
    unary(method.authStatus, async () => ({ header: header(), enabled: false, authRevision: 1n })),
    unary(method.authEnable, fails(errors.rootNotFound)),
    unary(method.authDisable, async () => ({ header: header() })),
    unary(method.authenticate, fails(errors.authNotEnabled)),
    unary(method.userAdd, fails(errors.noUsersHere)),
    unary(method.userGet, fails(errors.userNotFound)),
    unary(method.userList, async () => ({ header: header(), users: [] })),
    unary(method.userDelete, fails(errors.userNotFound)),
    unary(method.roleAdd, fails(errors.noUsersHere)),
    unary(method.roleGet, fails(errors.roleNotFound)),
    unary(method.roleList, async () => ({ header: header(), roles: [] })),
    unary(method.roleDelete, fails(errors.roleNotFound)),
  ];
}

async function statusOf(node: EtcdNode) {
  const { sizeBytes, revision } = await node.store.status();
  const index = BigInt(revision);
  return {
    header: headerOf(node),
    version: etcdVersion,
    dbSize: BigInt(sizeBytes),
    dbSizeInUse: BigInt(sizeBytes),
    leader: node.identity.memberId,
    raftIndex: index,
    raftAppliedIndex: index,
    raftTerm,
  };
}

/** A number that two servers share where they hold the same: of keys, values, versions and leases at a revision. */
async function hashOf(node: EtcdNode, atRevision: number) {
  const { records, revision } = await node.mvcc.read({ from: '' }, { atRevision: atRevision || undefined });
  const { compactedRevision } = node.mvcc;
  const hash = createHash('sha256');
  for (const record of records) {
    hash.update(`${record.key}\0${record.createRevision}\0${record.modRevision}\0`);
    hash.update(encodeRecord(record));
  }
  return {
    header: headerOf(node),
    hash: hash.digest().readUInt32BE(),
    compactRevision: BigInt(compactedRevision || -1),
    hashRevision: BigInt(revision),
  };
}

type Snapshot = StreamCall<unknown, { header?: object; remainingBytes?: bigint; blob?: Uint8Array }>;

/** Sends a snapshot as `k8ts snapshot save` makes it, filled up with zeros to what clients expect. */
async function sendSnapshot(node: EtcdNode, call: Snapshot): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  let gone = false;
  let drained = () => {};
  call.onClose(() => {
    gone = true;
    drained();
  });
  call.onDrain(() => drained());
  const header = headerOf(node);
  const put = async (blob: Uint8Array) => {
    if (gone) throw new EtcdError('Canceled', 'etcdserver: request canceled');
    const waiting = new Promise<void>((resolve) => {
      drained = resolve;
    });
    if (!call.write({ header, remainingBytes: 1n, blob })) await waiting;
  };
  try {
    const files = [leasesFile(node.leases.granted())];
    const { writer, clock } = node;
    const options = { writer, takenMs: clock.now(), files, clock };
    await writeSnapshot(node.store, options, async (piece) => {
      hash.update(piece);
      size += piece.length;
      await put(piece);
    });
    const filling = Buffer.alloc((etcdSectorBytes - (size % etcdSectorBytes)) % etcdSectorBytes);
    hash.update(filling);
    if (filling.length > 0) await put(filling);
    call.write({ header, remainingBytes: 0n, blob: hash.digest() });
    call.end();
  } catch (error) {
    call.end(error);
  }
}
