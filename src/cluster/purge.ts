import { holdsEtcd } from '../etcd/snapshot.ts';
import { linuxMounts } from '../kubelet/volumes/mounts.ts';
import type { Files } from '../platform/files.ts';
import type { Platform } from '../platform/platform.ts';
import { refuseOpenStores } from './open-elsewhere.ts';
import { UserError } from './user-error.ts';

/** All that k8ts puts into a data directory, and what is left of it where a process is killed. */
const ours =
  /^(\.restoring|agent|control\.sock|etcd|k8ts\.log|keys|kubeconfig|nodes|own|pki|replaced-\w+|server-token|state\.json|store|volumes)(\.tmp-\d+-\d+)?$/;

/** One of these is in each data directory, and hardly in another. */
const marks = ['agent/node.json', 'k8ts.log', 'keys/store.mdb', 'pki/ca.pem', 'store/store.mdb'];

/**
 * Throws a `UserError` where a directory is none that k8ts has made, or holds what somebody else has put there: a home directory is
 * as quickly given as a data directory.
 */
export async function refuseForeign(dataDir: string, files: Files): Promise<void> {
  const hint = 'remove by hand what is to go';
  const names = await files.list(dataDir);
  const foreign = names.filter((name) => !ours.test(name));
  const some = foreign.slice(0, 3).join(', ');
  if (foreign.length > 0)
    throw new UserError(
      `${dataDir} is not removed: it holds what k8ts has not put there, such as ${some}`,
      hint,
    );
  const found = await Promise.all(marks.map((mark) => files.exists(`${dataDir}/${mark}`)));
  if (names.length > 0 && !found.includes(true))
    throw new UserError(`${dataDir} is not removed: it is not known for a data directory of k8ts`, hint);
  if (await holdsEtcd(`${dataDir}/etcd`, files))
    throw new UserError(
      `${dataDir} is not removed: it holds the data of \`k8ts etcd\``,
      `remove that by itself: k8ts down --purge --data-dir ${dataDir}/etcd`,
    );
}

/** Removes a data directory, given without links, from which nothing runs. Throws a `UserError` where it is in use. */
export async function purge(platform: Pick<Platform, 'files' | 'processes'>, dataDir: string): Promise<void> {
  const { files } = platform;
  await refuseForeign(dataDir, files);
  await refuseOpenStores(dataDir, files);
  // What is mounted below is the disk of somebody else, such as a volume that would not go.
  const mounted = (await linuxMounts(platform).below(dataDir)).filter((path) => path !== dataDir);
  if (mounted.length > 0)
    throw new UserError(
      `${dataDir} is not removed: something is mounted at ${mounted[0]}`,
      `unmount it first: umount ${mounted[0]}`,
    );
  await files.remove(dataDir);
}
