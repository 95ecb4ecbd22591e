import { etcdParts } from '../etcd/snapshot.ts';
import type { Files } from '../platform/files.ts';
import { whoHasOpen } from '../store/embedded-store.ts';
import { UserError } from './user-error.ts';

/**
 * Throws a `UserError` where a process has a store of this data directory open. `k8ts etcd` leaves no other word of itself, nor does a
 * cluster that is still starting.
 */
export async function refuseOpenStores(dataDir: string, files: Files): Promise<void> {
  for (const part of ['store', ...Object.values(etcdParts)]) {
    const why = await whoHasOpen(`${dataDir}/${part}`, files);
    if (why !== undefined) throw new UserError(why, 'stop that process first');
  }
}
