import { create } from '@bufbuild/protobuf';
import { PutRequestSchema } from '../store/etcd/generated/etcd/rpc_pb.js';
import type { StoreEvent, WatchBatch } from '../store/store.ts';
import { EtcdError, leaseNotFound } from './errors.ts';
import { type KeyRange, rangeOf, storeKey } from './keys.ts';
import { write } from './kv-service.ts';
import type { EtcdNode } from './node.ts';
import type { Record } from './record.ts';

/** Seconds that who brings no lease stands in the line. */
const ownTtl = 60n;

/** All keys that begin with these bytes. */
export function below(prefix: Uint8Array): KeyRange {
  const end = Buffer.from(prefix);
  let last = end.length - 1;
  while (last >= 0 && end[last] === 0xff) last--;
  if (last < 0) return { from: '' };
  end[last] = (end[last] as number) + 1;
  return rangeOf(prefix, end.subarray(0, last + 1));
}

/** The place below which those stand who want a name. */
export const lineOf = (name: Uint8Array) => Buffer.concat([name, Buffer.from('/')]);

/** Stands in the line for a name with a key of one's own, on a lease; who stands there already keeps the place. */
export async function enter(
  node: EtcdNode,
  { name, lease, value }: { name: Uint8Array; lease: bigint; value: Uint8Array },
): Promise<{ key: Buffer; createRevision: number; lease: bigint }> {
  if (lease !== 0n && !node.leases.has(lease)) throw leaseNotFound();
  const own = lease || (await node.leases.grant(0n, ownTtl)).id;
  const key = Buffer.concat([lineOf(name), Buffer.from(own.toString(16))]);
  const request = create(PutRequestSchema, { key, value, lease: own });
  const { before, header } = await write(node, async (draft) => {
    const [before] = await draft.at({ from: storeKey(key), single: true });
    if (before && (value.length === 0 || Buffer.compare(before.value, value) === 0)) return { before };
    await draft.checkPut(request);
    await draft.put(request);
    return { before };
  });
  return { key, createRevision: before?.createRevision ?? Number(header.revision), lease: own };
}

/** Resolves when nobody stands before this place any more. Rejects, having left the line, when the client is gone. */
export async function becomeFirst(
  node: EtcdNode,
  place: { name: Uint8Array; key: Uint8Array; createRevision: number },
  signal: AbortSignal,
): Promise<void> {
  const line = below(lineOf(place.name));
  try {
    for (;;) {
      const { records, revision } = await node.mvcc.read(line);
      const mine = storeKey(place.key);
      if (!records.some(({ key }) => key === mine))
        throw new EtcdError('Unavailable', 'etcdserver: session is expired');
      const before = records.filter(({ createRevision }) => createRevision < place.createRevision);
      const last = before.sort((a, b) => b.createRevision - a.createRevision)[0];
      if (!last) return;
      await changed(node, { keys: [last.key, mine], after: revision, signal });
    }
  } catch (error) {
    if (signal.aborted) await write(node, async (draft) => draft.remove(storeKey(place.key)));
    throw error;
  }
}

/** The first in the line. */
export async function firstOf(node: EtcdNode, name: Uint8Array): Promise<Record | undefined> {
  const { records } = await node.mvcc.read(below(lineOf(name)));
  return records.sort((a, b) => a.createRevision - b.createRevision)[0];
}

/** Resolves at the first deletion of one of the keys. */
function changed(
  node: EtcdNode,
  { keys, after, signal }: { keys: readonly string[]; after: number; signal: AbortSignal },
): Promise<void> {
  const stops: (() => void)[] = [];
  const waiting = new Promise<void>((resolve, reject) => {
    const onAbort = () => reject(new EtcdError('Canceled', 'etcdserver: request canceled'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    stops.push(() => signal.removeEventListener('abort', onAbort));
    const gone = (event: StoreEvent) => event.type === 'delete' && keys.includes(event.key);
    const onBatch = ({ events }: WatchBatch) => {
      if (events.some(gone)) resolve();
    };
    for (const key of keys) {
      node.store
        .watch(key, after, { onBatch, onEnd: reject })
        .then((handle) => stops.push(() => handle.stop()), reject);
    }
  });
  return waiting.finally(() => {
    for (const stop of stops) stop();
  });
}
