import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import { openEmbeddedStore } from '../store/embedded-store.ts';
import type { AttachedFile } from '../store/snapshot/format.ts';
import type { CheckedSnapshot } from '../store/snapshot/read.ts';
import { restoreStore } from '../store/snapshot/restore.ts';
import { type SnapshotOptions, writeSnapshot } from '../store/snapshot/write.ts';
import { grantedIn, leaseWrite } from './leases.ts';

/** What a data directory of this server holds: its keys; its leases and ids. */
export const etcdParts = { keys: 'keys', own: 'own' } as const;

/** The past goes when a client says so, as in etcd. */
export const keepAll = { historyMs: Number.POSITIVE_INFINITY, historyBytes: Number.POSITIVE_INFINITY };

/** Goes with a snapshot's keys: the leases that some of them hang on. By it a snapshot is known to be of such a server. */
const leasesName = 'etcd-leases.json';

/** Of the id and the seconds of each lease. */
export function leasesFile(granted: readonly [bigint, bigint][]): AttachedFile {
  const all = granted.map(([id, ttl]) => [String(id), String(ttl)]);
  return { name: leasesName, content: Buffer.from(JSON.stringify(all)) };
}

export function isEtcdSnapshot({ files }: Pick<CheckedSnapshot, 'files'>): boolean {
  return files.some(({ name }) => name === leasesName);
}

/** A data directory, which no server has open. */
interface Place {
  path: string;
  files: Files;
  clock: Clock;
}

async function openOwn({ path, files, clock }: Place) {
  return openEmbeddedStore({ path: `${path}/${etcdParts.own}`, clock, files, historyMs: 0 });
}

/** Whether this is a data directory of `k8ts etcd`. */
export const holdsEtcd = (path: string, files: Files) => files.exists(`${path}/${etcdParts.keys}/store.mdb`);

/** Writes a snapshot of a server that does not run. */
export async function writeStoppedEtcd(
  place: Place,
  options: SnapshotOptions,
  send: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const { path, files, clock } = place;
  const keys = await openEmbeddedStore({ path: `${path}/${etcdParts.keys}`, clock, files, ...keepAll });
  const own = await openOwn(place);
  try {
    await writeSnapshot(keys, { ...options, files: [leasesFile(await grantedIn(own))] }, send);
  } finally {
    await Promise.all([keys.close(), own.close()]);
  }
}

/** Makes a data directory of a snapshot, as a new cluster whose leases begin anew. Gives the new revision. */
export async function restoreEtcd(
  snapshot: CheckedSnapshot,
  place: Place & { bumpRevision: number },
): Promise<number> {
  const { path, files, clock, bumpRevision } = place;
  const keys = { path: `${path}/${etcdParts.keys}`, files, nowMs: clock.now(), bumpRevision };
  const revision = await restoreStore(snapshot, keys);
  const own = await openOwn(place);
  try {
    const file = snapshot.files.find(({ name }) => name === leasesName);
    const leases = JSON.parse(String(file?.content ?? '[]')) as [string, string][];
    for (const [id, ttl] of leases) await own.commit({ writes: [leaseWrite(BigInt(id), BigInt(ttl))] });
  } finally {
    await own.close();
  }
  return revision;
}
